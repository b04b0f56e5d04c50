/** The ontology and the patients of the real data, read once a test file. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { compileOboGraphs } from "../../../protocol/ontology/obo-graphs.ts";
import { decodeOntology, type Ontology } from "../../../protocol/ontology/ontology.ts";
import { realData } from "../../support/real-data.ts";

const HPO = realData("hpo/hp.json.gz") ?? "";
const PATIENTS = realData("rare-disease/phenopackets.ndjson.gz") ?? "";

export const hasHpo = HPO !== "";
export const hasPatients = hasHpo && PATIENTS !== "";
export { whySkipped } from "../../support/real-data.ts";

let hpoDocument: unknown;
export function readHpoDocument(): unknown {
  hpoDocument ??= JSON.parse(gunzipSync(readFileSync(HPO)).toString());
  return hpoDocument;
}

let hpo: Ontology | undefined;
export function readHpo(): Ontology {
  hpo ??= decodeOntology(compileOboGraphs(readHpoDocument()));
  return hpo;
}

const patientSchema = z.object({
  phenopacket: z.object({
    phenotypicFeatures: z
      .array(z.object({ type: z.object({ id: z.string() }), excluded: z.boolean().optional() }))
      .default([]),
  }),
});

/** The observed phenotype terms of each patient. */
export function readPatientTerms(): string[][] {
  return gunzipSync(readFileSync(PATIENTS))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) =>
      patientSchema
        .parse(JSON.parse(line))
        .phenopacket.phenotypicFeatures.filter(({ excluded }) => excluded !== true)
        .map(({ type }) => type.id),
    );
}
