/**
 * Prediction from outcomes: the most similar outcomes of all organisations, by the protocol's similarity, and the
 * similarity-weighted share of them that ended with disease, as the client's synthesis gives it.
 */
import type { Row, Task } from "./rows.ts";

export interface VoteSettings {
  readonly k: number;
  /** How many times as much the asker's own organisation's outcomes count as those of others. */
  readonly ownWeight: number;
  /** The vote's weight is similarity to this power. */
  readonly power?: number | undefined;
  /**
   * From 0 to 1: how far outcomes are corrected for an origin's share of disease being another than the asker's
   * (Saerens et al. 2002). Shares count one outcome of each kind more than there are.
   */
  readonly baseRates?: number;
}

/** What the example and the client do without being told otherwise. */
export const DEFAULT_VOTE: VoteSettings = { k: 10, ownWeight: 1 };

/** The share of disease among each test row's neighbours; `isEligible` may leave training rows out. */
export function voteShares(
  task: Task,
  settings: VoteSettings,
  isEligible: (test: number, train: number) => boolean = () => true,
): number[] {
  const rates = baseRatesOf(task.train);
  return task.test.map((query, i) => {
    const scores = task.similarities()[i] ?? new Float64Array();
    return shareOf(
      query,
      nearest(scores, settings.k, (j) => isEligible(i, j)),
      task,
      settings,
      {
        scores,
        rates,
      },
    );
  });
}

/** The `k` best scores' indices, best first; equal ones in the order they have. */
export function nearest(
  scores: Float64Array,
  k: number,
  isEligible: (index: number) => boolean,
): number[] {
  const best: number[] = [];
  for (let j = 0; j < scores.length; j++) {
    const last = best.at(-1);
    const isBetter = last === undefined || (scores[j] ?? 0) > (scores[last] ?? 0);
    if ((best.length >= k && !isBetter) || !isEligible(j)) continue;
    let at = best.length;
    while (at > 0 && (scores[best[at - 1] ?? 0] ?? 0) < (scores[j] ?? 0)) at -= 1;
    best.splice(at, 0, j);
    if (best.length > k) best.pop();
  }
  return best;
}

function shareOf(
  query: Row,
  neighbours: readonly number[],
  { train }: Task,
  { ownWeight, power = 1, baseRates = 0 }: VoteSettings,
  { scores, rates }: { scores: Float64Array; rates: ReadonlyMap<string, number> },
): number {
  const own = rates.get(query.centre) ?? 0.5;
  let positive = 0;
  let total = 0;
  for (const j of neighbours) {
    const record = train[j];
    if (!record) continue;
    const theirs = rates.get(record.centre) ?? 0.5;
    const correction = record.y === 1 ? own / theirs : (1 - own) / (1 - theirs);
    const weight =
      (scores[j] ?? 0) ** power *
      (record.centre === query.centre ? ownWeight : 1) *
      correction ** baseRates;
    total += weight;
    if (record.y === 1) positive += weight;
  }
  return total === 0 ? 0.5 : positive / total;
}

function baseRatesOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  const groups = Map.groupBy(rows, ({ centre }) => centre);
  return new Map(
    [...groups].map(([centre, members]) => {
      const positive = members.filter(({ y }) => y === 1).length;
      return [centre, (positive + 1) / (members.length + 2)] as const;
    }),
  );
}
