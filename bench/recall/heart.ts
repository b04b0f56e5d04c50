/** Heart disease: training rows are records, test rows ask; at their four centres, or dealt to more organisations. */
import { seededRandom } from "../../examples/random.ts";
import { readHeartRows } from "../federated/rows.ts";
import type { Collection } from "./collection.ts";

export async function readHeartCases(
  data: string,
  seed: string,
  dealtTo?: number,
): Promise<Collection> {
  const { compiled, train, test, centres, digest, raw } = await readHeartRows(data);
  const random = seededRandom(`recall heart ${seed}`);
  const placeOf = (centre: string): number =>
    dealtTo === undefined ? centres.indexOf(centre) : random.below(dealtTo);
  return {
    name: dealtTo === undefined ? "heart disease, centres" : `heart disease, dealt to ${dealtTo}`,
    key: { data: digest, domain: compiled.id, seed, dealtTo: dealtTo ?? "centres" },
    compiled,
    ontologies: new Map(),
    organisations: dealtTo ?? centres.length,
    records: train.map(({ centre, profile, y }, i) => ({
      organisation: placeOf(centre),
      raw: raw.train[i]?.profile ?? {},
      profile,
      intervention: { procedure: "angiography" },
      result: { disease: y === 1 },
    })),
    queries: test.map(({ centre, profile }, i) => ({
      organisation: placeOf(centre),
      raw: raw.test[i]?.profile ?? {},
      profile,
    })),
  };
}
