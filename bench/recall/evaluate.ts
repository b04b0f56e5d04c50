/** How well each router finds: recall against the origins asked, with intervals, and what finding costs. */
import { z } from "zod";
import { seededRandom, type Random } from "../../examples/random.ts";
import type { BenchContext } from "../suite/bench.ts";
import { interval95, mean, resample, type Interval } from "../suite/bootstrap.ts";
import type { Collection } from "./collection.ts";
import { foundSchema, type Found, type Router } from "./router.ts";
import { K, ORIGINS_MAX, recallAmong, type Truth } from "./truth.ts";

/** Numbers of origins asked at which recall is reported. */
const ORIGINS = [1, 2, 4, 8, 16, 24, 32, 48, ORIGINS_MAX];
/** At which costs are compared: what the goals allow. */
export const ORIGINS_COMPARED = 32;
const DRAWS = 1000;

export type Estimate = Interval & { readonly value: number };

/** Recall when the first `origins` that were found are asked, or all where fewer were. */
export interface RecallAt {
  readonly origins: number;
  readonly recall1: Estimate;
  readonly recall10: Estimate;
  /** Mean number of origins asked. */
  readonly asked: number;
}

/** Means over the queries, of finding as many origins as are compared. */
export interface MeanCost {
  readonly lookups: number;
  readonly mostLookups: number;
  readonly nodesAsked: number;
  readonly rowsScanned?: number;
  readonly bytes?: number;
}

export interface Evaluation {
  readonly name: string;
  readonly curve: readonly RecallAt[];
  readonly compared: RecallAt;
  readonly cost: MeanCost;
}

export async function evaluate(
  context: BenchContext,
  collection: Collection,
  truths: readonly Truth[],
  router: Router,
): Promise<Evaluation> {
  const { seed } = context;
  const compared = comparedFor(collection);
  const found = await findOrigins(context, collection, truths, router, ORIGINS_MAX);
  const few = router.dependsOnLimit
    ? await findOrigins(context, collection, truths, router, compared)
    : found;
  const counts = [...new Set(ORIGINS.map((n) => Math.min(n, collection.organisations)))];
  return {
    name: router.name,
    curve: counts.map((n) => recallWith(found, truths, n, seed)),
    compared: recallWith(few, truths, compared, seed),
    cost: costOf(few),
  };
}

export function comparedFor({ organisations }: Collection): number {
  return Math.min(ORIGINS_COMPARED, organisations);
}

export function findOrigins(
  { cells, seed, progress }: BenchContext,
  collection: Collection,
  truths: readonly Truth[],
  router: Router,
  limit: number,
): Promise<Found[]> {
  const key = { cell: "found", collection: collection.key, seed, router: router.name, limit };
  return cells.get(key, z.array(foundSchema), async () => [
    ...(await router.findAll({
      collection,
      truths,
      limit,
      random: seededRandom(JSON.stringify(key)),
      onProgress: (done, total) => {
        progress.report(`${collection.name}: ${router.name}`, done, total);
      },
    })),
  ]);
}

function recallWith(
  found: readonly Found[],
  truths: readonly Truth[],
  origins: number,
  seed: string,
): RecallAt {
  const judged = found.map((each, i) => {
    const chosen = new Set(each.origins.slice(0, origins));
    const truth = truths[i] ?? { hits: [], order: [] };
    const recallOf = (k: number): number =>
      recallAmong(truth, k, (organisation) => chosen.has(organisation));
    return { recall1: recallOf(1), recall10: recallOf(K), asked: chosen.size };
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

/** By number of values and seed: drawing takes longer than averaging. */
const drawn = new Map<string, readonly (readonly number[])[]>();

/** With its 95 % interval by bootstrap over the values: the same draws for the same seed. */
export function estimateMean(values: readonly number[], seed: string): Estimate {
  const name = `recall intervals ${seed} ${values.length}`;
  const draws = drawn.get(name) ?? drawResamples(values.length, seededRandom(name));
  drawn.set(name, draws);
  const means = draws.map((draw) => mean(draw.map((i) => values[i] ?? 0)));
  return { value: mean(values), ...interval95(means) };
}

function drawResamples(count: number, random: Random): number[][] {
  const all = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: DRAWS }, () => resample([all], random));
}

function costOf(found: readonly Found[]): MeanCost {
  const costs = found.map(({ cost }) => cost);
  const rowsScanned = costs.flatMap((cost) => cost.rowsScanned ?? []);
  const bytes = costs.flatMap((cost) => cost.bytes ?? []);
  return {
    lookups: mean(costs.map(({ lookups }) => lookups)),
    mostLookups: Math.max(...costs.map(({ lookups }) => lookups)),
    nodesAsked: mean(costs.map(({ nodesAsked }) => nodesAsked)),
    ...(rowsScanned.length > 0 && { rowsScanned: mean(rowsScanned) }),
    ...(bytes.length > 0 && { bytes: mean(bytes) }),
  };
}
