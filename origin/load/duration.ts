/** ISO 8601 durations, as Phenopackets give ages; and ages from dates, as FHIR has them. */

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

const DATE = /^(\d{4})(-(\d{2})(-(\d{2}))?)?/;

/** Completed years from one FHIR or ISO 8601 date to another, as an age is told; undefined where one is no date. */
export function yearsBetween(from: string, to: string): number | undefined {
  const [start, end] = [DATE.exec(from), DATE.exec(to)];
  if (!start || !end) return undefined;
  const years = Number(end[1]) - Number(start[1]);
  return dayOfYear(end) < dayOfYear(start) ? years - 1 : years;
}

/** A date without a day or month stands for its beginning. */
function dayOfYear([, , , month = "01", , day = "01"]: RegExpExecArray): string {
  return `${month}-${day}`;
}
