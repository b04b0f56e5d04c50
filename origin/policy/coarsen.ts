/** Making values coarser. Each function applied twice gives what it gives applied once. */
import type { Value, ValueField } from "../../protocol/index.ts";
import type { AnswerFields, FieldRule } from "./config.ts";

/** In place of a category that too few records have. */
export const OTHER = "other";

/** How many records have `value` in `field`. */
export type CategoryCount = (field: string, value: Value) => number;

export function coarsenValues(
  rules: Readonly<Record<string, FieldRule>>,
  fields: readonly ValueField[],
  values: Readonly<Record<string, Value>>,
  countOf: CategoryCount,
): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const field of fields) {
    if (!Object.hasOwn(values, field.name)) continue;
    const value = values[field.name];
    const rule = Object.hasOwn(rules, field.name) ? rules[field.name] : undefined;
    const coarse = value === undefined ? undefined : coarsenValue(rule, field, value, countOf);
    if (coarse !== undefined) out[field.name] = coarse;
  }
  return out;
}

function coarsenValue(
  rule: FieldRule | undefined,
  field: ValueField,
  value: Value,
  countOf: CategoryCount,
): Value | undefined {
  if (!rule) return value;
  if (rule.bin !== undefined && typeof value === "number" && field.kind === "numeric") {
    const { min = -Infinity, max = Infinity } = field;
    return Math.min(max, Math.max(min, snap(value, rule.bin)));
  }
  if (rule.atLeast !== undefined) {
    return countOf(field.name, value) < rule.atLeast ? OTHER : value;
  }
  return undefined;
}

/** The multiple of `step` nearest to `value`. */
export function snap(value: number, step: number): number {
  // Twelve digits: a multiple is written the same, however it came about.
  return Number((Math.round(value / step) * step).toPrecision(12));
}

/** A date or date-time, or what is left of one. */
export function coarsenDate(
  date: string | undefined,
  to: AnswerFields["observedAt"],
): string | undefined {
  switch (to) {
    case "exact":
      return date;
    case "month":
      return date?.slice(0, "YYYY-MM".length);
    case "year":
      return date?.slice(0, "YYYY".length);
    case "omit":
      return undefined;
  }
}

/** A score or kernel on the grid of the policy. */
export function coarsenScore(score: number, step: number | undefined): number {
  return step === undefined ? score : Math.min(1, Math.max(0, snap(score, step)));
}
