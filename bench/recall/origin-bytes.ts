/** Mean bytes of asking one origin: one that was found for the query, and any. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import { originExchangeBytes } from "../routing/origin-exchange.ts";
import type { BenchContext } from "../suite/bench.ts";
import { mean } from "../suite/bootstrap.ts";
import { isHidden, recordsByOrganisation, type Collection } from "./collection.ts";
import { comparedFor } from "./evaluate.ts";
import { K, type Truth } from "./truth.ts";

/** Queries measured: a mean of some hundred answers is steady to a percent. */
const QUERIES = 40;

const originBytesSchema = z.object({ found: z.number(), any: z.number() });
export type OriginBytes = z.infer<typeof originBytesSchema>;

/** Of origins that were found: those that hold the nearest records. */
export function measureOriginBytes(
  { cells, seed }: BenchContext,
  collection: Collection,
  truths: readonly Truth[],
): Promise<OriginBytes> {
  const key = { cell: "origin bytes", collection: collection.key, seed };
  return cells.get(key, originBytesSchema, async () => {
    const random = seededRandom(JSON.stringify(key));
    const lists = recordsByOrganisation(collection);
    const found: number[] = [];
    const any: number[] = [];
    for (const [i, query] of collection.queries.slice(0, QUERIES).entries()) {
      const ask = { ...query, compiled: collection.compiled, k: K };
      const bytesOf = async (organisation: number): Promise<number> => {
        const own = (lists[organisation] ?? []).flatMap((j) => collection.records[j] ?? []);
        return originExchangeBytes(
          ask,
          own.filter((record) => !isHidden(query, record)),
        );
      };
      const first = (truths[i]?.order ?? []).slice(0, comparedFor(collection));
      for (const organisation of first) {
        found.push(await bytesOf(organisation));
        any.push(await bytesOf(random.below(collection.organisations)));
      }
    }
    return { found: mean(found), any: mean(any) };
  });
}
