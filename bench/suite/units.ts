/** Quantities as tables have them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Decimal units, three digits. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "0 B";
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${UNITS[power]}`;
}

/** Three digits, with thousands separated: 12,300. */
export function formatCount(count: number): string {
  return Number(count.toPrecision(3)).toLocaleString("en");
}
