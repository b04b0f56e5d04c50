/** The SQL that reads a source: built of the configured query and of quoted names, never of values. */
import type { PostgresqlSourceConfig } from "../config.ts";

/** Integers and timestamps grow; what has no order of time in it can be no cursor. By the names of pg_type. */
const CURSOR_TYPES = new Set(["int2", "int4", "int8", "timestamp", "timestamptz"]);

export type Shape = Pick<PostgresqlSourceConfig, "query" | "cursor">;

export function isCursorType(type: string): boolean {
  return CURSOR_TYPES.has(type);
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Gives no row, and the columns that the query has. */
export function describeStatement({ query }: Shape): string {
  return `${fromQuery("SELECT source.*", query)} LIMIT 0`;
}

/**
 * Declares the cursor `reading`: all columns, and then the place of each row as text: the cursor's value, the
 * id, and whether the cursor lies in the future. With a cursor column `isAfter` adds two parameters, the place
 * behind which to begin.
 */
export function readStatement(
  { query, cursor }: Shape,
  { id, cursorType, isAfter }: { id: string; cursorType: string | undefined; isAfter: boolean },
): string {
  const key = `source.${quoteName(id)}::text COLLATE "C"`;
  if (cursor === undefined || cursorType === undefined) {
    return declare(fromQuery(`SELECT source.*, NULL::text, ${key}, false`, query));
  }
  const at = `source.${quoteName(cursor)}`;
  // A day of grace: a timestamp without a zone may be in any. Infinity is ahead, too.
  const isAhead = cursorType.startsWith("int") ? "false" : `${at} > now() + interval '1 day'`;
  const columns = `SELECT source.*, ${at}::text, ${key}, ${isAhead}`;
  const after = `
WHERE ${at} >= $1::${cursorType} AND (${at}, ${key}) > ($1::${cursorType}, $2::text)`;
  return declare(`${fromQuery(columns, query)}${isAfter ? after : ""}
ORDER BY ${at}, ${key}`);
}

export function fetchStatement(rows: number): string {
  return `FETCH ${rows} FROM reading`;
}

function declare(statement: string): string {
  return `DECLARE reading NO SCROLL CURSOR FOR\n${statement}`;
}

/** On lines of its own, as the query may end in a comment. */
function fromQuery(select: string, query: string): string {
  return `${select} FROM (\n${query}\n) AS source`;
}

export const SETTINGS = `
SET default_transaction_read_only = on;
SET TIME ZONE 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = 1;
SET bytea_output = 'hex'`;

/** Tables that the user could change: up to three, and whether it is a superuser. */
export const RIGHTS_STATEMENT = `
SELECT
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)::text,
  (SELECT string_agg(name, ', ') FROM (
    SELECT pg_class.oid::regclass::text AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'f')
      AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
      AND has_schema_privilege(pg_namespace.oid, 'USAGE')
      AND (has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR has_any_column_privilege(pg_class.oid, 'INSERT, UPDATE'))
    ORDER BY 1 LIMIT 3) AS writable)`;
