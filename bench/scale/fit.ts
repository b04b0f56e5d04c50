/** How fast something grows: the exponent of a power law, fitted by least squares in logarithms. */
import quantileOfT from "@stdlib/stats-base-dists-t-quantile";

export interface Exponent {
  readonly exponent: number;
  /** The 95 % interval, if deviations from the line are normal; absent with two points, which any line fits. */
  readonly low?: number;
  readonly high?: number;
}

/** Fits y = a x^b; undefined with fewer than two different x. All x and y must be positive. */
export function fitExponent(
  points: readonly { readonly x: number; readonly y: number }[],
): Exponent | undefined {
  const xs = points.map(({ x }) => Math.log(x));
  const ys = points.map(({ y }) => Math.log(y));
  const n = points.length;
  const meanX = sum(xs) / n;
  const meanY = sum(ys) / n;
  const spread = sum(xs.map((x) => (x - meanX) ** 2));
  if (n < 2 || spread === 0) return undefined;
  const exponent = sum(xs.map((x, i) => (x - meanX) * ((ys[i] ?? 0) - meanY))) / spread;
  if (n === 2) return { exponent };
  const residuals = xs.map((x, i) => (ys[i] ?? 0) - meanY - exponent * (x - meanX));
  const error = Math.sqrt(sum(residuals.map((r) => r ** 2)) / (n - 2) / spread);
  const half = quantileOfT(0.975, n - 2) * error;
  return { exponent, low: exponent - half, high: exponent + half };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
