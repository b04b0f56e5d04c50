/** Organisations by their best record. */
import type { Collection, OutcomeCase } from "../collection.ts";

/** `scoreOf` is undefined for records that do not count. */
export function bestPerOrganisation(
  { records, organisations }: Collection,
  limit: number,
  scoreOf: (record: OutcomeCase, index: number) => number | undefined,
): { readonly origins: number[]; readonly compared: number } {
  const best = new Float64Array(organisations).fill(-Infinity);
  let compared = 0;
  for (const [i, record] of records.entries()) {
    const score = scoreOf(record, i);
    if (score === undefined) continue;
    compared += 1;
    if (score > (best[record.organisation] ?? Infinity)) best[record.organisation] = score;
  }
  const origins = [...best.keys()]
    .filter((organisation) => best[organisation] !== -Infinity)
    .toSorted((a, b) => (best[b] ?? 0) - (best[a] ?? 0))
    .slice(0, limit);
  return { origins, compared };
}
