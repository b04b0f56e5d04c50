/** Which of the tried settings to take. */
import type { Trial } from "./measure.ts";

/** Cheapest first: by what a lookup compares, then by the trees, each of which is a copy of every entry. */
export function byCost(a: Trial, b: Trial): number {
  return a.bytesCompared - b.bytesCompared || a.settings.trees - b.settings.trees;
}

/** The cheapest that reaches the target; undefined if none does. */
export function propose(trials: readonly Trial[], target: number): Trial | undefined {
  return trials.filter(({ recall }) => recall >= target).toSorted(byCost)[0];
}
