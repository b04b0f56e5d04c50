/** A table or view of the institution's PostgreSQL as a source: changed rows by the cursor, or all of them. */
import type { CompiledDomain } from "../../../protocol/index.ts";
import { mapRow, type CsvMapping } from "../../load/index.ts";
import type { PostgresqlSourceConfig } from "../config.ts";
import { definitionOf } from "../definition.ts";
import type { Reading, ReadingOptions, ReadRow, RowKey, Source } from "../source.ts";
import { cellOf } from "./cells.ts";
import { describeColumns, type Columns } from "./columns.ts";
import { connect, type Answer, type Connection } from "./connection.ts";
import { BEGINNING, parsePosition, settle, startOf, type Position } from "./position.ts";
import { fetchStatement, readStatement, RIGHTS_STATEMENT } from "./statements.ts";

/** Rows of one round trip: half a megabyte of them, mostly. */
const FETCH_ROWS = 1000;
const HOUR_MS = 3_600_000;

export function postgresqlSource(
  config: PostgresqlSourceConfig,
  compiled: CompiledDomain,
  mapping: CsvMapping,
): Source {
  const { name, url, query, cursor, deleted } = config;
  return {
    name,
    compiled,
    definition: definitionOf({ url, query, cursor, deleted, mapping }),
    everyMs: config.everySeconds * 1000,
    compareEveryMs: cursor === undefined ? undefined : config.compareEveryHours * HOUR_MS,
    open: async (options) => {
      const startedAt = options.now();
      const connection = await connect(config, options.signal);
      try {
        return await beginReading(connection, config, mapping, options, startedAt);
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  };
}

async function beginReading(
  connection: Connection,
  config: PostgresqlSourceConfig,
  mapping: CsvMapping,
  { position: stored, isFull, now }: ReadingOptions,
  startedAt: number,
): Promise<Reading> {
  // One snapshot, however long it takes to read it.
  await connection.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const columns = await describeColumns(connection, config, mapping);
  const begunAt = now();
  const hasOrder = columns.cursorType !== undefined;
  const position = isFull || !hasOrder ? BEGINNING : parsePosition(stored);
  const start = startOf(position);
  const notes = start === null ? notesOf(await connection.ask(RIGHTS_STATEMENT)) : [];
  await connection.ask(
    readStatement(config, { ...columns, isAfter: start !== null }),
    start === null ? [] : [start.cursor, start.id],
  );
  let last: RowKey | undefined;
  async function* rows(): AsyncGenerator<ReadRow> {
    let line = 0;
    for await (const cells of fetchRows(connection)) {
      line += 1;
      const row = readRow(cells, columns, line);
      last = row.key ?? last;
      yield row;
    }
  }
  return {
    rows: rows(),
    isComplete: start === null,
    notes,
    // A full reading is repeated from its beginning, and must not move where the others go on.
    positionAfter: (key) => (isFull ? undefined : write({ ...position, reached: key })),
    finish: async () => {
      const overlapMs = config.overlapSeconds * 1000;
      return write(settle(position, last, { startedAt, begunAt, overlapMs }));
    },
    close: () => connection.close(),
  };
}

function write(position: Position): string {
  return JSON.stringify(position);
}

/** The next rows are on their way while those that came are worked on. */
async function* fetchRows(connection: Connection): AsyncGenerator<readonly (string | null)[]> {
  const fetch = (): Promise<Answer> => {
    const answer = connection.ask(fetchStatement(FETCH_ROWS));
    // Where no one waits for it any more.
    answer.catch(() => undefined);
    return answer;
  };
  let next = fetch();
  for (;;) {
    const { rows } = await next;
    if (rows.length === 0) return;
    if (rows.length === FETCH_ROWS) next = fetch();
    yield* rows;
    if (rows.length < FETCH_ROWS) return;
  }
}

function readRow(
  values: readonly (string | null)[],
  { all, mapped, cursorType, deletedAt }: Columns,
  line: number,
): ReadRow {
  const [cursor, id, isAhead] = values.slice(all.length);
  const cells = all.map((column, i) => cellOf(values[i] ?? null, column));
  const { raw, issues } = mapRow(cells, mapped);
  const known = typeof raw["id"] === "string" ? raw["id"] : undefined;
  const key =
    typeof cursor === "string" && typeof id === "string" && isAhead !== "t"
      ? { key: { cursor, id } }
      : {};
  const where = { line, ...key, ...(known !== undefined && { id: known }) };
  if (deletedAt !== undefined && isMarked(values[deletedAt] ?? null, all[deletedAt]?.type)) {
    if (known !== undefined) return { line, ...key, deleted: known };
  }
  if (cursorType !== undefined && cursor === null) {
    const message = "is null: such a row would not be seen when it changes";
    return { ...where, issues: [{ path: "cursor", message }] };
  }
  return issues.length > 0 ? { ...where, issues } : { line, ...key, raw };
}

function isMarked(value: string | null, type: string | undefined): boolean {
  return type === "bool" ? value === "t" : value !== null;
}

function notesOf({ rows: [row] }: Answer): string[] {
  const [isSuperuser, writable] = row ?? [];
  if (isSuperuser === "true") {
    return ["the database user is a superuser: use one that can only read"];
  }
  return typeof writable === "string"
    ? [`the database user may change ${writable}: use one that can only read`]
    : [];
}
