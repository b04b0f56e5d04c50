/** Measures of how good answers are, used by the examples and benchmarks. */

/** The middle value; the mean of the middle two of an even number. 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return 0;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export interface Prediction {
  readonly truth: boolean;
  readonly predicted: boolean;
}

export function accuracy(predictions: readonly Prediction[]): number {
  const right = predictions.filter(({ truth, predicted }) => truth === predicted).length;
  return predictions.length === 0 ? 0 : right / predictions.length;
}

/** Mean of the accuracies among true and false cases; of the one kind where there is only one. */
export function balancedAccuracy(predictions: readonly Prediction[]): number {
  const classes = [true, false]
    .map((truth) => predictions.filter((prediction) => prediction.truth === truth))
    .filter((members) => members.length > 0);
  return classes.reduce((sum, members) => sum + accuracy(members), 0) / Math.max(1, classes.length);
}

/**
 * The area under the ROC curve: the chance that a true case has a higher score than a false one, ties counting half
 * (Hanley & McNeil 1982). NaN where there is only one kind.
 */
export function areaUnderCurve(
  cases: readonly { readonly truth: boolean; readonly score: number }[],
): number {
  const sorted = cases.toSorted((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (end < sorted.length && sorted[end]?.score === sorted[i]?.score) end += 1;
    const tied = sorted.slice(i, end).filter(({ truth }) => truth).length;
    // Ranks count from 1; tied cases share the middle of theirs.
    rankSum += (tied * (i + 1 + end)) / 2;
    i = end;
  }
  const positives = cases.filter(({ truth }) => truth).length;
  const negatives = cases.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Scores computed at two places may differ in the last bits. */
const SCORE_EPSILON = 1e-9;

/**
 * recall@k: the share of the k best true scores that an answer reaches. Answers of equal score are
 * interchangeable, so an answered score counts if it is at least the k-th best true one.
 */
export function recallAt(k: number, answered: readonly number[], truth: readonly number[]): number {
  const best = truth.toSorted((a, b) => b - a).slice(0, k);
  const least = best.at(-1);
  if (least === undefined) return 1;
  const reached = answered.filter((score) => score >= least - SCORE_EPSILON).length;
  return Math.min(reached, best.length) / best.length;
}

/** The similarity-weighted share of true results among the nearest; ties go to true. */
export function weightedVote(neighbours: readonly { score: number; result: boolean }[]): boolean {
  const total = neighbours.reduce((sum, { score }) => sum + score, 0);
  const positive = neighbours.reduce((sum, { score, result }) => sum + (result ? score : 0), 0);
  return positive * 2 >= total;
}
