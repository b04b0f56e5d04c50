/** The estimate of a result field from similarity-weighted values, one method for each kind of field. */
import { compareText, type Value, type ValueField } from "../../protocol/index.ts";
import { effectiveSize, meanInterval, weightedMean, wilsonInterval } from "./intervals.ts";
import type { Weighted } from "./intervals.ts";
import type { Estimate, OriginEstimate, PooledEstimate, Spread } from "./schema.ts";

const CAVEAT =
  "Outcomes count as independent; how far origins differ is in the spread, not in the interval.";

/** The sources of each are with its function in intervals.ts. */
const METHODS: Readonly<Record<ValueField["kind"], string>> = {
  binary:
    "Similarity-weighted proportion with the score interval (Wilson 1927) on the effective sample size (Kish 1965).",
  numeric:
    "Similarity-weighted mean with Student's t interval (weighted variance) on the effective sample size (Kish 1965).",
  ordinal:
    "Similarity-weighted mean rank with Student's t interval (weighted variance) on the effective sample size (Kish 1965).",
  categorical:
    "Similarity-weighted shares, each with the score interval (Wilson 1927) on the effective sample size (Kish 1965).",
};

/** How a field of this kind is estimated, for people. */
export function methodOf({ kind }: ValueField): string {
  return `${METHODS[kind]} ${CAVEAT}`;
}

/** The estimate from a sample, which holds at least one value, all of them allowed by the field. */
export function estimateOf(field: ValueField, sample: readonly Weighted<Value>[]): Estimate {
  switch (field.kind) {
    case "binary":
      return { kind: "binary", ...proportionOf(sample, true) };
    case "numeric": {
      const numbers = mapValues(sample, Number);
      return {
        kind: "numeric",
        value: weightedMean(numbers),
        interval: meanInterval(numbers, field),
      };
    }
    case "ordinal":
      return ordinalEstimate(field.levels, mapValues(sample, String));
    case "categorical":
      return { kind: "categorical", shares: sharesOf(mapValues(sample, String)) };
  }
}

/** The estimate from all origins, with the spread of their own estimates, which are at least one. */
export function pooledEstimate(
  field: ValueField,
  sample: readonly Weighted<Value>[],
  byOrigin: readonly OriginEstimate[],
): PooledEstimate {
  const estimate = estimateOf(field, sample);
  if (estimate.kind !== "categorical") {
    return { ...estimate, spread: spreadOf(byOrigin.map((origin) => scalarOf(origin.estimate))) };
  }
  const shares = estimate.shares.map((share) => ({
    ...share,
    spread: spreadOf(byOrigin.map((origin) => scalarOf(origin.estimate, share.value))),
  }));
  return { ...estimate, shares };
}

function ordinalEstimate(levels: readonly string[], sample: readonly Weighted<string>[]): Estimate {
  const ranks = mapValues(sample, (level) => levels.indexOf(level));
  const value = weightedMean(ranks);
  return {
    kind: "ordinal",
    value,
    interval: meanInterval(ranks, { min: 0, max: levels.length - 1 }),
    nearest: levels[Math.round(value)] ?? "",
    distribution: levels.map((level) => ({ level, share: proportionOf(sample, level).value })),
  };
}

function sharesOf(sample: readonly Weighted<string>[]) {
  return [...new Set(sample.map(({ value }) => value))]
    .map((value) => {
      const { value: share, interval } = proportionOf(sample, value);
      return { value, share, interval };
    })
    .toSorted((a, b) => b.share - a.share || compareText(a.value, b.value));
}

function proportionOf(sample: readonly Weighted<Value>[], of: Value) {
  const value = weightedMean(mapValues(sample, (each) => (each === of ? 1 : 0)));
  return { value, interval: wilsonInterval(value, effectiveSize(sample)) };
}

/** An estimate as one number; of a categorical one, the share of `category`. */
function scalarOf(estimate: Estimate, category?: string): number {
  if (estimate.kind !== "categorical") return estimate.value;
  return estimate.shares.find(({ value }) => value === category)?.share ?? 0;
}

function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), max: Math.max(...values) };
}

function mapValues<T, U>(sample: readonly Weighted<T>[], of: (value: T) => U): Weighted<U>[] {
  return sample.map(({ value, weight }) => ({ value: of(value), weight }));
}
