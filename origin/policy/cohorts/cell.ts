/** What one cohort is told as: its size, and its result as coarse as single members demand. */
import {
  compareText,
  type AggregateCell,
  type Value,
  type ValueField,
} from "../../../protocol/index.ts";
import { snap } from "../coarsen.ts";

/** What is kept of a cohort; its similarity depends on the query. */
export type StoredCell = Omit<AggregateCell, "similarity">;

/** Quarters: with 20 to 39 members a step is 5 to 10 of them, so that no single one shows. */
export const SHARE_STEP = 1 / 4;
/** A mean is told in steps of this share of the values' deviation. */
const MEAN_STEP = 1 / 2;
/** Of the values at either end that are drawn in, so that an outlier does not show in the mean. */
const TRIM = 1 / 10;

/** `results` holds the first result field of each record that has it, already coarsened by the policy. */
export function cellOf(
  intervention: Readonly<Record<string, Value>>,
  counts: { readonly records: number; readonly individuals: number },
  field: ValueField,
  results: readonly Value[],
  minimumGroupSize: number,
): StoredCell {
  const cell = { intervention, ...counts };
  // Of fewer results than a cell needs members, none is told.
  if (results.length < minimumGroupSize) return cell;
  return {
    ...cell,
    result: field.kind === "numeric" ? meanOf(results.map(Number)) : sharesOf(results),
  };
}

function sharesOf(results: readonly Value[]): StoredCell["result"] {
  const counts = new Map<Value, number>();
  for (const value of results) counts.set(value, (counts.get(value) ?? 0) + 1);
  const shares = [...counts]
    .map(([value, count]) => ({ value, share: snap(count / results.length, SHARE_STEP) }))
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share || compareText(String(a.value), String(b.value)));
  return { kind: "shares", shares, step: SHARE_STEP };
}

function meanOf(values: readonly number[]): StoredCell["result"] {
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.ceil(TRIM * sorted.length);
  const low = sorted[cut] ?? 0;
  const high = sorted[sorted.length - 1 - cut] ?? 0;
  const held = sorted.map((value) => Math.min(high, Math.max(low, value)));
  const mean = held.reduce((sum, value) => sum + value, 0) / held.length;
  const variance = held.reduce((sum, value) => sum + (value - mean) ** 2, 0) / held.length;
  const step = roundStep(MEAN_STEP * Math.sqrt(variance));
  if (step === 0) return { kind: "mean", mean: low, deviation: 0, step };
  return { kind: "mean", mean: snap(mean, step), deviation: snap(Math.sqrt(variance), step), step };
}

/** The power of two next to it, so that the step itself hardly depends on a single value. */
function roundStep(step: number): number {
  return step > 0 ? 2 ** Math.round(Math.log2(step)) : 0;
}
