/** What a setting costs: the share of a query's ten nearest records that lie at the origins which its entries lead to. */
import { recallAt } from "../../examples/evaluation.ts";
import {
  signatureOf,
  similarity,
  TreeIndex,
  treesOf,
  type CompiledDomain,
} from "../../protocol/index.ts";
import type { Person, Population } from "./people.ts";
import type { Entry } from "./scene.ts";

export interface RecallCase {
  readonly query: Person;
  /** Exact similarity to each published person; -1 to those that are not to be answered with. */
  readonly scores: Float64Array;
}

const K = 10;
const QUERIES_MAX = 200;

/** The same under every setting. */
export function recallCases(compiled: CompiledDomain, population: Population): RecallCase[] {
  const { others, published, excludesOwn } = population;
  return others.slice(0, QUERIES_MAX).map((query) => ({
    query,
    scores: Float64Array.from(published, ({ profile, origin }) =>
      excludesOwn && origin === query.origin
        ? -1
        : similarity(compiled, query.profile, profile).score,
    ),
  }));
}

/** Mean recall@10 of the lookup of one shard that holds everything, for each number of origins asked. */
export function measureRecall(
  compiled: CompiledDomain,
  population: Population,
  entries: readonly Entry[],
  cases: readonly RecallCase[],
  asked: readonly number[],
): number[] {
  const { published, excludesOwn } = population;
  const origins = [...new Set(published.map(({ origin }) => origin))];
  const numbers = new Map(origins.map((origin, i) => [origin, i]));
  const index = new TreeIndex(compiled.plan);
  index.insert(
    entries.map(({ signature, origin }) => ({
      signature,
      origin: numbers.get(origin) ?? 0,
      trees: treesOf(compiled.plan, signature),
    })),
  );
  const totals = asked.map(() => 0);
  for (const { query, scores } of cases) {
    const own = numbers.get(query.origin);
    const signature = signatureOf(compiled, query.profile);
    const found = index.lookup(signature, treesOf(compiled.plan, signature), {
      limit: Math.max(...asked),
      rowsPerOrigin: 1,
      isLive: (origin) => !excludesOwn || origin !== own,
    });
    const truth = [...scores.toSorted().subarray(-K)];
    for (const [i, count] of asked.entries()) {
      const chosen = new Set(found.origins.slice(0, count).map(({ origin }) => origins[origin]));
      const answered = published.flatMap(({ origin }, j) =>
        chosen.has(origin) ? [scores[j] ?? -1] : [],
      );
      totals[i] = (totals[i] ?? 0) + recallAt(K, answered, truth);
    }
  }
  return totals.map((total) => total / Math.max(1, cases.length));
}
