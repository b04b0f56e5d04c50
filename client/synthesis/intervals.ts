/** Weighted means and their confidence intervals: the statistics, which know nothing of outcomes or domains. */
import quantileOfT from "@stdlib/stats-base-dists-t-quantile";
import { LEVEL, type Interval } from "./schema.ts";

/** A value, with a weight above 0. */
export interface Weighted<T> {
  readonly value: T;
  readonly weight: number;
}

/** What a value, and so a mean, can be. */
export interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** The probability below the upper end of a two-sided interval. */
const UPPER = (1 + LEVEL) / 2;

/** Quantile of the standard normal distribution at `UPPER`. */
const Z = 1.959963984540054;

/**
 * The effective sample size of weighted observations, (sum of w)^2 / sum of w^2: from 1 to their number, which
 * equal weights give. Kish, L. (1965), Survey Sampling, Wiley, New York.
 */
export function effectiveSize(sample: readonly Weighted<unknown>[]): number {
  const weights = sharesOf(sample);
  if (weights.length === 0) return 0;
  const size = 1 / sum(weights.map((share) => share * share));
  return Math.min(weights.length, Math.max(1, size));
}

/** The weighted mean; never outside the values. */
export function weightedMean(sample: readonly Weighted<number>[]): number {
  const shares = sharesOf(sample);
  const { min, max } = rangeOf(sample.map(({ value }) => value));
  return clamp(sum(sample.map(({ value }, i) => value * (shares[i] ?? 0))), { min, max });
}

/**
 * The score interval of a proportion `p` observed in `n` trials; `n` need not be whole. Wilson, E. B. (1927),
 * Probable inference, the law of succession, and statistical inference, Journal of the American Statistical
 * Association 22, 209-212. With an effective sample size for `n`: Franco, Little, Louis & Slud (2019), Comparative
 * study of confidence intervals for proportions in complex sample surveys, Journal of Survey Statistics and
 * Methodology 7, 334-364.
 */
export function wilsonInterval(p: number, n: number): Interval {
  const scale = 1 + (Z * Z) / n;
  const centre = (p + (Z * Z) / (2 * n)) / scale;
  const half = (Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n))) / scale;
  return {
    lower: Math.min(p, Math.max(0, centre - half)),
    upper: Math.max(p, Math.min(1, centre + half)),
  };
}

/**
 * The interval of a mean by Student's t with n - 1 degrees of freedom, where n is the effective sample size, and
 * the variance is the weighted one, without bias for weights that say how much an observation counts: sum of
 * w (x - mean)^2 / (V1 - V2 / V1), where V1 = sum of w and V2 = sum of w^2. Equal weights give the textbook
 * interval. Student (1908), The probable error of a mean, Biometrika 6, 1-25; the variance as in Galassi et al.,
 * GNU Scientific Library Reference Manual, "Weighted Samples". A bounded mean's interval ends at its bounds.
 *
 * Null for an effective sample size of 1, and where the interval has no finite end. Equal values show no variance,
 * but do not prove that there is none: the interval takes the largest variance that the bounds allow, (max - mean)
 * (mean - min) (Bhatia & Davis 2000, A better bound on the variance, American Mathematical Monthly 107, 353-357),
 * which is Wilson's interval on the scale of the bounds; without bounds it is null.
 */
export function meanInterval(
  sample: readonly Weighted<number>[],
  bounds: Bounds = {},
): Interval | null {
  const n = effectiveSize(sample);
  if (n <= 1) return null;
  const range = rangeOf(sample.map(({ value }) => value));
  if (range.min === range.max) return equalValuesInterval(range.min, n, bounds);
  const mean = weightedMean(sample);
  const shares = sharesOf(sample);
  const squares = sum(sample.map(({ value }, i) => (shares[i] ?? 0) * (value - mean) ** 2));
  const half = quantileOfT(UPPER, n - 1) * Math.sqrt(squares / (n - 1));
  if (!Number.isFinite(half)) return null;
  return { lower: clamp(mean - half, bounds), upper: clamp(mean + half, bounds) };
}

function equalValuesInterval(value: number, n: number, { min, max }: Bounds): Interval | null {
  if (min === undefined || max === undefined) return null;
  if (min === max) return { lower: min, upper: max };
  const { lower, upper } = wilsonInterval((value - min) / (max - min), n);
  return {
    lower: Math.min(value, min + lower * (max - min)),
    upper: Math.max(value, min + upper * (max - min)),
  };
}

/** Weights that sum to 1. Divided by the largest first, so that squares of small ones do not vanish. */
function sharesOf(sample: readonly Weighted<unknown>[]): number[] {
  const largest = rangeOf(sample.map(({ weight }) => weight)).max;
  const scaled = sample.map(({ weight }) => weight / largest);
  const total = sum(scaled);
  return scaled.map((weight) => weight / total);
}

function rangeOf(values: readonly number[]): { min: number; max: number } {
  return {
    min: values.reduce((a, b) => Math.min(a, b), Infinity),
    max: values.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}

function clamp(value: number, { min = -Infinity, max = Infinity }: Bounds): number {
  return Math.min(max, Math.max(min, value));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
