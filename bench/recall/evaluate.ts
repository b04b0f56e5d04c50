/** How well each router finds: recall against the origins asked, with intervals, and what finding costs. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import type { BenchContext } from "../suite/bench.ts";
import { interval95, mean, resample, type Interval } from "../suite/bootstrap.ts";
import type { Collection } from "./collection.ts";
import { foundSchema, type Found, type Router } from "./router.ts";
import { K, ORIGINS_MAX, recallAmong, type Truth } from "./truth.ts";

/** Numbers of origins asked at which recall is reported. */
export const ORIGINS = [1, 2, 4, 8, 16, 24, 32, 48, ORIGINS_MAX] as const;
const DRAWS = 1000;

export type Estimate = Interval & { readonly value: number };

/** Recall when as many origins are asked as were found, `origins` at most. */
export interface RecallAt {
  readonly origins: number;
  readonly recall1: Estimate;
  readonly recall10: Estimate;
  /** Mean number of origins asked: fewer were found by some. */
  readonly asked: number;
}

export interface Evaluation {
  readonly name: string;
  readonly curve: readonly RecallAt[];
  readonly cost: {
    readonly lookups: number;
    readonly mostLookups: number;
    readonly nodesAsked: number;
    readonly rowsScanned: number;
    readonly bytes?: number;
  };
}

export async function evaluate(
  { cells, seed, progress }: BenchContext,
  collection: Collection,
  truths: readonly Truth[],
  router: Router,
  limit: number = ORIGINS_MAX,
): Promise<Evaluation> {
  const key = { cell: "found", collection: collection.key, seed, router: router.name, limit };
  const found = await cells.get(key, z.array(foundSchema), async () => [
    ...(await router.findAll({
      collection,
      truths,
      limit,
      random: seededRandom(JSON.stringify(key)),
      onProgress: (done, total) =>
        progress.report(`${collection.name}: ${router.name}`, done, total),
    })),
  ]);
  const counts = ORIGINS.filter((n) => n <= Math.min(limit, collection.organisations));
  const all =
    counts.at(-1) === limit ? counts : [...counts, Math.min(limit, collection.organisations)];
  return {
    name: router.name,
    curve: all.map((n) => recallWith(found, truths, n, `recall ${seed} ${n}`)),
    cost: costOf(found),
  };
}

function recallWith(
  found: readonly Found[],
  truths: readonly Truth[],
  origins: number,
  seed: string,
): RecallAt {
  const judged = found.map((each, i) => {
    const asked = new Set(each.origins.slice(0, origins));
    const truth = truths[i] ?? { hits: [], order: [] };
    const recallOf = (k: number): number =>
      recallAmong(truth, k, (organisation) => asked.has(organisation));
    return { recall1: recallOf(1), recall10: recallOf(K), asked: asked.size };
  });
  return {
    origins,
    recall1: estimateMean(
      judged.map(({ recall1 }) => recall1),
      seed,
    ),
    recall10: estimateMean(
      judged.map(({ recall10 }) => recall10),
      seed,
    ),
    asked: mean(judged.map(({ asked }) => asked)),
  };
}

/** With its 95 % interval by bootstrap over the values. */
export function estimateMean(values: readonly number[], seed: string): Estimate {
  const random = seededRandom(seed);
  const all = [...values.keys()];
  const draws = Array.from({ length: DRAWS }, () =>
    mean(resample([all], random).map((i) => values[i] ?? 0)),
  );
  return { value: mean(values), ...interval95(draws) };
}

function costOf(found: readonly Found[]): Evaluation["cost"] {
  const costs = found.map(({ cost }) => cost);
  const bytes = costs.flatMap((cost) => cost.bytes ?? []);
  return {
    lookups: mean(costs.map(({ lookups }) => lookups)),
    mostLookups: Math.max(...costs.map(({ lookups }) => lookups)),
    nodesAsked: mean(costs.map(({ nodesAsked }) => nodesAsked)),
    rowsScanned: mean(costs.map(({ rowsScanned }) => rowsScanned)),
    ...(bytes.length === costs.length && { bytes: mean(bytes) }),
  };
}
