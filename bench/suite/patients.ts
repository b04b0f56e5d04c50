/** The rare-disease patients of a collection of phenopackets, encoded; whose publication each is, and how it ended. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readRareDisease } from "../../examples/rare-disease.ts";
import {
  compileDomain,
  decodeOntology,
  encodeProfile,
  profileSchema,
  type CompiledDomain,
  type EncodedProfile,
  type Ontology,
  type Profile,
} from "../../protocol/index.ts";

/** Where the files lie below the folder of real data. */
export const PHENOPACKETS_FILE = join("rare-disease", "phenopackets.ndjson.gz");
export const HPO_FILE = join("hpo", "hp.json.gz");

const valuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const recordSchema = z.object({
  group: z.string(),
  profile: profileSchema,
  intervention: valuesSchema,
  result: valuesSchema,
});

export interface Patient {
  /** The publication. */
  readonly group: string;
  readonly raw: Profile;
  readonly profile: EncodedProfile;
  readonly intervention: z.infer<typeof valuesSchema>;
  readonly result: z.infer<typeof valuesSchema>;
}

export interface Patients {
  readonly compiled: CompiledDomain;
  readonly ontology: Ontology;
  /** Those who fit the domain: of whom it knows a term, the sex or the age. */
  readonly patients: readonly Patient[];
  /** SHA-256 of the phenopackets: what is computed from them is named by it. */
  readonly digest: string;
}

export async function readPatients(data: string): Promise<Patients> {
  const file = join(data, PHENOPACKETS_FILE);
  const example = await readRareDisease({
    data: file,
    ontology: join(data, HPO_FILE),
    organisations: 1,
    queries: 0,
    seed: "",
  });
  const [ontology] = example.ontologies.map(decodeOntology);
  if (!ontology) throw new Error("the domain has no ontology");
  const compiled = compileDomain(example.domain, new Map([[ontology.id, ontology]]));
  if (!compiled.ok) throw new Error("the domain does not compile");
  const patients = example.organisations
    .flatMap(({ records }) => records)
    .flatMap((record): Patient[] => {
      const { group, profile, intervention, result } = recordSchema.parse(record);
      const encoded = encodeProfile(compiled.value, profile);
      if (!encoded.ok) return [];
      return [{ group, raw: profile, profile: encoded.value.values, intervention, result }];
    });
  const digest = createHash("sha256").update(await readFile(file));
  return { compiled: compiled.value, ontology, patients, digest: digest.digest("base64url") };
}

/** Phenotype terms of a profile. */
export function termsOf(profile: Profile): string[] {
  const parsed = z.array(z.string()).safeParse(profile["phenotypes"]);
  return parsed.success ? parsed.data : [];
}
