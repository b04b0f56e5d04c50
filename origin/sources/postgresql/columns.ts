/** What the configured query gives: checked against the mapping before anything is read, as schemas drift. */
import type { Issue } from "../../../protocol/index.ts";
import { findColumns, type CsvMapping, type MappedColumn } from "../../load/index.ts";
import type { PostgresqlSourceConfig } from "../config.ts";
import { SourceError } from "../source.ts";
import type { ResultColumn } from "./cells.ts";
import type { Connection } from "./connection.ts";
import { describeStatement, isCursorType } from "./statements.ts";

export interface Columns {
  readonly all: readonly ResultColumn[];
  readonly mapped: readonly MappedColumn[];
  /** Names. */
  readonly id: string;
  readonly cursorType: string | undefined;
  /** Its place in a row. */
  readonly deletedAt: number | undefined;
}

/** Throws a `SourceError` that names every column which is missing or of a type that does not serve. */
export async function describeColumns(
  connection: Connection,
  config: PostgresqlSourceConfig,
  mapping: CsvMapping,
): Promise<Columns> {
  const { columns } = await connection.ask(describeStatement(config));
  const types = await connection.ask(
    "SELECT oid::text, typname::text, typcategory::text FROM pg_type WHERE oid = ANY($1::oid[])",
    [columns.map(({ type }) => type)],
  );
  const byOid = new Map(types.rows.map(([oid, type, category]) => [oid, { type, category }]));
  const all = columns.map(({ name, type }): ResultColumn => {
    const known = byOid.get(String(type));
    return { name, type: known?.type ?? "", category: known?.category ?? "" };
  });
  const found = findColumns(
    all.map(({ name }) => name),
    mapping,
    "among the columns of the query",
  );
  const issues: Issue[] = found.ok ? [] : [...found.error];
  const cursor = find(all, config.cursor, "cursor", issues);
  const deleted = find(all, config.deleted, "deleted", issues);
  if (cursor && !isCursorType(cursor.type)) {
    const message = `${cursor.name} is of type ${cursor.type}, and must be a timestamp or an integer`;
    issues.push({ path: "cursor", message });
  }
  const mapped = found.ok ? found.value : [];
  const id = mapped.find(({ column }) => column.to === "id")?.name;
  if (issues.length > 0 || id === undefined) {
    throw new SourceError("the query does not give what the configuration says", {
      code: "schema",
      issues,
    });
  }
  const deletedAt = deleted ? all.indexOf(deleted) : undefined;
  return { all, mapped, id, cursorType: cursor?.type, deletedAt };
}

function find(
  all: readonly ResultColumn[],
  name: string | undefined,
  path: string,
  issues: Issue[],
): ResultColumn | undefined {
  if (name === undefined) return undefined;
  const column = all.find((candidate) => candidate.name === name);
  if (!column) issues.push({ path, message: `${name} is not among the columns of the query` });
  return column;
}
