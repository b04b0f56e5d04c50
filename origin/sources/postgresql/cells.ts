/** From PostgreSQL's text form of values to the cells that a column mapping reads. */
import type { Cell } from "../../load/index.ts";

/** One element: in quotes, with a backslash before what would end it; or bare. */
const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/gs;

export interface ResultColumn {
  readonly name: string;
  /** `typname` and `typcategory` of pg_type. */
  readonly type: string;
  readonly category: string;
}

/** Null is an empty cell. */
export function cellOf(text: string | null, { type, category }: ResultColumn): Cell {
  if (text === null) return "";
  if (category === "A") return elementsOf(text);
  switch (type) {
    case "bool":
      return text === "t" ? "true" : "false";
    case "timestamp":
      // Without a zone: taken for UTC, as docs/sources.md says.
      return `${text.replace(" ", "T")}Z`;
    case "timestamptz":
      return `${text.replace(" ", "T").replace(/\+00(:00)?$/, "")}Z`;
    default:
      return text;
  }
}

/**
 * Of an array of any type (PostgreSQL documentation, 8.15.6): all are written in one form, those of more
 * dimensions nested. Nulls are left out.
 */
function elementsOf(text: string): string[] {
  // Where an array does not begin at 1, its bounds are before an equals sign.
  const content = text.startsWith("[") ? text.slice(text.indexOf("=") + 1) : text;
  return Array.from(content.matchAll(ELEMENT), ([, quoted, bare]) =>
    bare === "NULL" ? undefined : (bare ?? quoted?.replaceAll(/\\(.)/gs, "$1")),
  ).filter((element) => element !== undefined);
}
