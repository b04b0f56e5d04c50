/** Which column of a CSV file or a table is which part of a record: the mapping file, and the making of a record from cells. */
import { z } from "zod";
import { err, ok, type Issue, type Result } from "../../protocol/index.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** What stands for something else, by its text; null for a missing value. */
export const translationSchema = z.record(z.string(), z.union([scalar, z.array(scalar), z.null()]));
export type Translation = z.infer<typeof translationSchema>;

const columnSchema = z.strictObject({
  /** `id`, `group`, `observedAt`, `profile.<feature>`, `intervention.<field>` or `result.<field>`. */
  to: z
    .string()
    .regex(
      /^(id|group|observedAt|(profile|intervention|result)\.[a-z][A-Za-z0-9]{0,63})$/,
      "must be id, group, observedAt, profile.<name>, intervention.<name> or result.<name>",
    ),
  type: z.enum(["string", "number", "boolean", "list"]).default("string"),
  /** Between the elements of a list. */
  separator: z.string().min(1).max(8).default(";"),
  /** Cells that stand for something else. Other cells are read as `type` says. */
  values: translationSchema.optional(),
});
export type CsvColumn = z.infer<typeof columnSchema>;

export const csvMappingSchema = z
  .strictObject({
    delimiter: z.string().length(1).default(","),
    /** By the name in the file's first line, or of the table's column. What is not named here is not read. */
    columns: z.record(z.string().min(1), columnSchema),
  })
  .superRefine(({ columns }, context) => {
    const targets = Object.values(columns).map((column) => column.to);
    if (!targets.includes("id")) {
      context.addIssue({ code: "custom", path: ["columns"], message: "must map one column to id" });
    }
    for (const [name, { to }] of Object.entries(columns)) {
      if (targets.indexOf(to) !== targets.lastIndexOf(to)) {
        const message = `${to} is mapped from more than one column`;
        context.addIssue({ code: "custom", path: ["columns", name, "to"], message });
      }
    }
  })
  .transform((mapping) => ({ kind: "csv" as const, ...mapping }));
export type CsvMapping = z.infer<typeof csvMappingSchema>;

export interface MappedColumn {
  readonly name: string;
  readonly column: CsvColumn;
  /** Its place in a row. */
  readonly at: number;
}

/** Finds the mapped columns among those that there are; `place` says where that is. */
export function findColumns(
  header: readonly string[],
  { columns }: CsvMapping,
  place: string,
): Result<MappedColumn[], readonly Issue[]> {
  const issues: Issue[] = [];
  const found: MappedColumn[] = [];
  for (const [name, column] of Object.entries(columns)) {
    const at = header.indexOf(name);
    const path = `columns.${name}`;
    if (at < 0) issues.push({ path, message: `is not ${place}` });
    else if (header.includes(name, at + 1)) issues.push({ path, message: "is there twice" });
    else found.push({ name, column, at });
  }
  return issues.length > 0 ? err(issues) : ok(found);
}

/** A cell; an array where the column is one. */
export type Cell = string | readonly string[];

/** A raw record from the cells of one row; an empty cell is a missing value. */
export function mapRow(
  cells: readonly Cell[],
  columns: readonly MappedColumn[],
): { raw: Record<string, unknown>; issues: Issue[] } {
  const groups: Record<string, Record<string, unknown>> = {
    profile: {},
    intervention: {},
    result: {},
  };
  const raw: Record<string, unknown> = { ...groups };
  const issues: Issue[] = [];
  for (const { name, column, at } of columns) {
    const cell = cells[at] ?? "";
    if (cell.length === 0) continue;
    const value = typeof cell === "string" ? readCell(cell.trim(), column) : readList(cell, column);
    if (value === null) continue;
    const [group = "", field] = column.to.split(".");
    if (value === undefined) {
      issues.push({ path: column.to, message: `column ${name}: is not a ${column.type}` });
    } else if (field === undefined) raw[group] = value;
    else if (groups[group]) groups[group][field] = value;
  }
  return { raw, issues };
}

function readList(cell: readonly string[], { type }: CsvColumn): unknown {
  return type === "list" ? cell : undefined;
}

/** Null for a missing value, undefined for one that is not of the column's type. */
function readCell(cell: string, { type, separator, values }: CsvColumn): unknown {
  if (cell === "") return null;
  const translated = values && Object.hasOwn(values, cell) ? values[cell] : undefined;
  if (translated !== undefined) return translated;
  switch (type) {
    case "string":
      return cell;
    case "number":
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : undefined;
    case "boolean":
      if (/^(true|yes|1)$/i.test(cell)) return true;
      return /^(false|no|0)$/i.test(cell) ? false : undefined;
    case "list":
      return cell
        .split(separator)
        .map((element) => element.trim())
        .filter((element) => element !== "");
  }
}
