/**
 * Aggregates as evidence: a cell counts as so many outcomes of its similarity, dealt out by its distribution. What
 * rounding hides is paid for in number: n outcomes whose result was rounded to a step have the variance of fewer
 * exact ones, v / n + step^2 / 12 = v / n', and n' is what the cell counts for.
 */
import type { AggregateCell, Value, ValueField } from "../../protocol/index.ts";

type Result = NonNullable<AggregateCell["result"]>;

/** The values that a cell counts for, undefined for an outcome whose result is not told. */
export function valuesOfCell(
  { individuals, result }: AggregateCell,
  field: ValueField,
): readonly (Value | undefined)[] {
  if (!result) return Array.from({ length: individuals }, () => undefined);
  return result.kind === "shares"
    ? dealOut(result, individuals)
    : spreadOut(result, individuals, field);
}

/** The largest variance of a share is 1/4, so n' = n / (1 + n step^2 / 3). By largest remainder. */
function dealOut({ shares, step }: Result & { kind: "shares" }, individuals: number): Value[] {
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  if (total === 0) return [];
  const count = Math.max(1, Math.round(individuals / (1 + (individuals * step ** 2) / 3)));
  const quotas = shares.map(({ value, share }) => ({ value, quota: (count * share) / total }));
  const whole = quotas.reduce((sum, { quota }) => sum + Math.floor(quota), 0);
  const raised = new Set(
    quotas.toSorted((a, b) => (b.quota % 1) - (a.quota % 1)).slice(0, count - whole),
  );
  return quotas.flatMap((each) =>
    Array.from({ length: Math.floor(each.quota) + (raised.has(each) ? 1 : 0) }, () => each.value),
  );
}

/** As many values below the mean as above it, a deviation away: the same mean and variance. */
function spreadOut(
  { mean, deviation, step }: Result & { kind: "mean" },
  individuals: number,
  field: ValueField,
): number[] {
  const rounding = deviation > 0 ? (individuals * step ** 2) / (12 * deviation ** 2) : 0;
  const count = Math.max(1, Math.round(individuals / (1 + rounding)));
  const { min = -Infinity, max = Infinity } = field.kind === "numeric" ? field : {};
  const held = (value: number): number => Math.min(max, Math.max(min, value));
  return Array.from({ length: count }, (_, i) => {
    const isMiddle = count % 2 === 1 && i === count - 1;
    return held(isMiddle ? mean : i % 2 === 0 ? mean - deviation : mean + deviation);
  });
}
