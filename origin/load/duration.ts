/** ISO 8601 durations, as Phenopackets give ages. */

const DURATION =
  /^P(?:([\d.]+)Y)?(?:([\d.]+)M)?(?:([\d.]+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/;
const DAYS_A_YEAR = 365.25;
/** Years, months, weeks, days, hours, minutes, seconds. */
const UNITS_A_YEAR = [
  1,
  12,
  DAYS_A_YEAR / 7,
  DAYS_A_YEAR,
  DAYS_A_YEAR * 24,
  DAYS_A_YEAR * 1440,
  DAYS_A_YEAR * 86_400,
];

/** Years in a duration such as `P5Y8M`; undefined if it is none. */
export function durationInYears(text: string): number | undefined {
  const parts = DURATION.exec(text)?.slice(1);
  if (!parts?.some((part) => part !== undefined)) return undefined;
  const years = parts.reduce((sum, part, i) => sum + Number(part ?? 0) / (UNITS_A_YEAR[i] ?? 1), 0);
  return Number.isFinite(years) ? years : undefined;
}
