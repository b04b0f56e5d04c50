/** The real data that some tests use where it is at hand. It is never part of the project. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { compileOboGraphs } from "../../../protocol/ontology/obo-graphs.ts";
import { decodeOntology, type Ontology } from "../../../protocol/ontology/ontology.ts";

const DATA =
  process.env["OUTCOME_MESH_DATA"] ?? join(import.meta.dirname, "../../../../shared/data");
const HPO = join(DATA, "hpo/hp.json.gz");
const PATIENTS = join(DATA, "rare-disease/phenopackets.ndjson.gz");

export const hasHpo = existsSync(HPO);
export const hasPatients = hasHpo && existsSync(PATIENTS);

/** What to add to the title of tests that are skipped. */
export function whySkipped(isPresent: boolean): string {
  return isPresent ? "" : " (skipped: no data; set OUTCOME_MESH_DATA to its folder)";
}

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
