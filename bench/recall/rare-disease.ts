/**
 * Rare disease, two ways: an organisation is a publication, or the same patients are dealt to organisations at random.
 * A query is a patient with terms enough; its own publication's records are as if they were not there.
 */
import { seededRandom } from "../../examples/random.ts";
import { readPatients, termsOf, type Patient, type Patients } from "../suite/patients.ts";
import type { Case, Collection, OutcomeCase } from "./collection.ts";

export const RARE_DISEASE_QUERIES = 400;
/** Fewer say too little to rank by. */
const QUERY_MIN_TERMS = 3;

export interface Dealing {
  readonly name: string;
  /** Undefined: each publication is an organisation. */
  readonly organisations?: number;
}

export async function readRareDiseaseCases(
  data: string,
  seed: string,
  dealing: Dealing,
): Promise<Collection> {
  const read = await readPatients(data);
  const { compiled, ontology, digest, patients } = read;
  const places = placesOf(read, seed, dealing);
  const records = patients.map((patient, i): OutcomeCase => ({
    ...caseOf(patient, places[i] ?? 0),
    intervention: patient.intervention,
    result: patient.result,
  }));
  const able = patients.flatMap((patient, i) =>
    termsOf(patient.raw).length >= QUERY_MIN_TERMS ? [caseOf(patient, places[i] ?? 0)] : [],
  );
  const queries = seededRandom(`recall queries ${seed}`).sample(able, RARE_DISEASE_QUERIES);
  return {
    name: dealing.name,
    key: { data: digest, domain: compiled.id, seed, queries: queries.length, ...dealing },
    compiled,
    ontologies: new Map([[ontology.id, ontology]]),
    organisations: Math.max(...places) + 1,
    records,
    queries,
  };
}

function caseOf({ group, raw, profile }: Patient, organisation: number): Case {
  return { group, raw, profile, organisation };
}

/** The organisation of each patient. */
function placesOf({ patients }: Patients, seed: string, { organisations }: Dealing): number[] {
  if (organisations !== undefined) {
    const random = seededRandom(`recall dealing ${seed}`);
    return patients.map(() => random.below(organisations));
  }
  const groups = [...new Set(patients.map(({ group }) => group))];
  const numbers = new Map(groups.map((group, i) => [group, i]));
  return patients.map(({ group }) => numbers.get(group) ?? 0);
}
