/** Intervals by resampling (Efron & Tibshirani 1993): percentiles of a figure over samples drawn with replacement. */
import type { Random } from "../../examples/random.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Indices drawn with replacement, as many of each stratum as it has members: what is compared stays as large. */
export function resample(strata: readonly (readonly number[])[], random: Random): number[] {
  return strata.flatMap((members) => members.map(() => random.pick(members)));
}

/** The central 95 % of `values`. Values that are not a number, as of a class that was not drawn, do not count. */
export function interval95(values: readonly number[]): Interval {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const at = (q: number): number => {
    const position = q * (sorted.length - 1);
    const below = sorted[Math.floor(position)] ?? NaN;
    const above = sorted[Math.ceil(position)] ?? NaN;
    return below + (position - Math.floor(position)) * (above - below);
  };
  return { low: at(0.025), high: at(0.975) };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of a sample. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
