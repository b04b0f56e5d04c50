/**
 * Attacks that learn from examples: signatures whose people's attribute is known. Whoever can compute signatures makes
 * the examples itself, of people it knows; whoever cannot needs entries of which it knows whose they are.
 */
import type { Random } from "../../examples/random.ts";

/** For each target, a probability (or a share of votes) of each class. */
export type Posteriors = readonly (readonly number[])[];

export interface Example {
  readonly signature: Uint8Array;
  readonly label: number;
}

/** Most similar examples that vote. */
export const NEIGHBOURS = [1, 5, 25] as const;
const NEIGHBOURS_MAX = 25;

/** For each target, the examples (by index) with the most symbols in common, best first, and how many they are. */
export function nearestExamples(
  targets: readonly Uint8Array[],
  examples: readonly Uint8Array[],
): { readonly index: number; readonly matches: number }[][] {
  return targets.map((target) => {
    const best: { index: number; matches: number }[] = [];
    for (const [index, example] of examples.entries()) {
      const matches = countMatches(target, example);
      if (best.length === NEIGHBOURS_MAX && matches <= (best.at(-1)?.matches ?? 0)) continue;
      let at = best.length;
      while (at > 0 && (best[at - 1]?.matches ?? 0) < matches) at -= 1;
      best.splice(at, 0, { index, matches });
      if (best.length > NEIGHBOURS_MAX) best.pop();
    }
    return best;
  });
}

export function countMatches(a: Uint8Array, b: Uint8Array): number {
  let matches = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i] && a[i] !== 0) matches += 1;
  return matches;
}

/** Votes of the `k` nearest; `prior` breaks what would be a tie. */
export function voteOf(
  nearest: readonly { readonly index: number }[],
  k: number,
  labelOf: (example: number) => number | undefined,
  prior: readonly number[],
): number[] {
  const votes = prior.map((share) => share / 2);
  let left = k;
  for (const { index } of nearest) {
    const label = labelOf(index);
    if (label === undefined) continue;
    votes[label] = (votes[label] ?? 0) + 1;
    left -= 1;
    if (left === 0) break;
  }
  const total = votes.reduce((sum, each) => sum + each, 0);
  return votes.map((each) => each / total);
}

const SYMBOLS = 256;
const EPOCHS = 20;
const STEP = 0.1;
/** Draws weights to 0, by the step: there are more weights than examples. */
const DECAY = 1e-3;

/** Multinomial logistic regression on which symbol is at which position, by AdaGrad. */
export function logisticAttack(
  examples: readonly Example[],
  classes: number,
  random: Random,
): (signature: Uint8Array) => number[] {
  const positions = examples[0]?.signature.length ?? 0;
  const weights = new Float32Array((positions * SYMBOLS + 1) * classes);
  const squares = new Float32Array(weights.length).fill(1e-6);
  const bias = positions * SYMBOLS * classes;
  const predict = (signature: Uint8Array): number[] => {
    const scores = Array.from({ length: classes }, (_, c) => weights[bias + c] ?? 0);
    for (let j = 0; j < positions; j++) {
      const at = (j * SYMBOLS + (signature[j] ?? 0)) * classes;
      for (let c = 0; c < classes; c++) scores[c] = (scores[c] ?? 0) + (weights[at + c] ?? 0);
    }
    const most = Math.max(...scores);
    const odds = scores.map((score) => Math.exp(score - most));
    const total = odds.reduce((sum, each) => sum + each, 0);
    return odds.map((each) => each / total);
  };
  const move = (at: number, error: readonly number[]): void => {
    for (let c = 0; c < classes; c++) {
      const gradient = (error[c] ?? 0) + DECAY * (weights[at + c] ?? 0);
      squares[at + c] = (squares[at + c] ?? 0) + gradient ** 2;
      weights[at + c] =
        (weights[at + c] ?? 0) - (STEP * gradient) / Math.sqrt(squares[at + c] ?? 1);
    }
  };
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const { signature, label } of random.sample([...examples], examples.length)) {
      const error = predict(signature).map((chance, c) => chance - (c === label ? 1 : 0));
      move(bias, error);
      for (let j = 0; j < positions; j++)
        move((j * SYMBOLS + (signature[j] ?? 0)) * classes, error);
    }
  }
  return predict;
}
