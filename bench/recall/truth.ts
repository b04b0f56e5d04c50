/** The exact answer: every record compared with every query, once for all methods. */
import { z } from "zod";
import { similarity } from "../../protocol/index.ts";
import { nearest } from "../federated/neighbours.ts";
import type { BenchContext } from "../suite/bench.ts";
import { isHidden, type Collection } from "./collection.ts";

/** Answers that a query wants. */
export const K = 10;
/** Origins asked, at most, in what is measured. */
export const ORIGINS_MAX = 64;
/** Scores that are computed twice may differ in the last bits. */
const EPSILON = 1e-9;

const truthSchema = z.object({
  /** The nearest records: ten, and all that are as near as the tenth. Best first. */
  hits: z.array(z.object({ organisation: z.number(), score: z.number() })),
  /** Organisations by their nearest record, best first. */
  order: z.array(z.number()),
});
export type Truth = z.infer<typeof truthSchema>;

export function findTruths(
  collection: Collection,
  { cells, progress }: BenchContext,
): Promise<Truth[]> {
  const key = { cell: "truth", collection: collection.key };
  return cells.get(key, z.array(truthSchema), () =>
    collection.queries.map((query, i) => {
      progress.report(`${collection.name}: exact search`, i + 1, collection.queries.length);
      return findTruth(collection, query);
    }),
  );
}

export function findTruth({ compiled, records }: Collection, query: Collection["queries"][number]) {
  const scores = Float64Array.from(records, (record) =>
    isHidden(query, record) ? -1 : similarity(compiled, query.profile, record.profile).score,
  );
  const isSeen = (i: number): boolean => (scores[i] ?? -1) >= 0;
  const [...best] = nearest(scores, K, isSeen);
  const least = scores[best.at(-1) ?? -1] ?? Infinity;
  const tied = [...scores.keys()].filter(
    (i) => isSeen(i) && (scores[i] ?? 0) >= least - EPSILON && !best.includes(i),
  );
  const bestOf = new Map<number, number>();
  for (const [i, { organisation }] of records.entries()) {
    const score = scores[i] ?? -1;
    if (score >= 0) bestOf.set(organisation, Math.max(score, bestOf.get(organisation) ?? 0));
  }
  return {
    hits: [...best, ...tied].map((i) => ({
      organisation: records[i]?.organisation ?? -1,
      score: scores[i] ?? 0,
    })),
    order: [...bestOf]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, ORIGINS_MAX)
      .map(([organisation]) => organisation),
  };
}

/**
 * Of the `k` nearest records the share that lies at organisations of which `isAsked` is true. Records as near as the
 * k-th stand for each other, so that it does not matter which of them is counted among the nearest.
 */
export function recallAmong(
  { hits }: Truth,
  k: number,
  isAsked: (organisation: number) => boolean,
): number {
  const wanted = Math.min(k, hits.length);
  const least = hits[wanted - 1]?.score;
  if (least === undefined) return 1;
  const found = hits.filter(
    ({ organisation, score }) => score >= least - EPSILON && isAsked(organisation),
  );
  return Math.min(wanted, found.length) / wanted;
}
