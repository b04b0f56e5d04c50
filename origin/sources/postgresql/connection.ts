/** One connection to an institution's database: reading only, and every failure said in words that help. */
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { Client, DatabaseError } from "pg";
import type { PostgresqlSourceConfig } from "../config.ts";
import { SourceError } from "../source.ts";
import { SETTINGS } from "./statements.ts";

const DEFAULT_PORT = 5432;
const CONNECT_TIMEOUT_MS = 10_000;
/** The database ends a step by itself; beyond that the line is dead. */
const LINE_GRACE_MS = 10_000;
/** An origin that hangs must not hold a snapshot of the institution's database. */
const IDLE_LIMIT = "10min";

export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  /** Values in PostgreSQL's text form. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Connection {
  ask(statement: string, values?: readonly unknown[]): Promise<Answer>;
  close(): Promise<void>;
}

/** Throws a `SourceError`, as its `ask` does. `signal` cuts the line. */
export async function connect(
  config: PostgresqlSourceConfig,
  signal: AbortSignal,
): Promise<Connection> {
  const url = new URL(config.url);
  const host = decodeURIComponent(url.hostname);
  const socket = new Socket();
  const timeoutMs = config.timeoutSeconds * 1000;
  const client = new Client({
    host,
    port: Number(url.port || DEFAULT_PORT),
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    password: config.password,
    ssl: config.tls === "off" ? false : { ...(await authorities(config.caFile)), host },
    application_name: "outcome-mesh",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: timeoutMs + LINE_GRACE_MS,
    keepAlive: true,
    types: { getTypeParser: () => (text: string) => text },
    stream: () => socket,
  });
  // What is asked next fails, and says so.
  client.on("error", () => undefined);
  const cut = (): void => {
    socket.destroy();
  };
  signal.addEventListener("abort", cut, { once: true });
  const ask = async (text: string, values: readonly unknown[] = []): Promise<Answer> => {
    signal.throwIfAborted();
    try {
      const result = await client.query<(string | null)[]>({
        text,
        rowMode: "array",
        ...(values.length > 0 && { values: [...values] }),
      });
      const columns = result.fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      return { columns, rows: result.rows };
    } catch (error) {
      throw sourceErrorOf(error);
    }
  };
  const close = async (): Promise<void> => {
    signal.removeEventListener("abort", cut);
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, new Promise((resolve) => socket.once("close", resolve))]);
    cut();
  };
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query(SETTINGS);
    await client.query(`SET statement_timeout = ${timeoutMs}`);
    await client.query(`SET idle_in_transaction_session_timeout = '${IDLE_LIMIT}'`);
    return { ask, close };
  } catch (error) {
    await close();
    throw sourceErrorOf(error);
  }
}

async function authorities(caFile: string | undefined): Promise<{ ca?: string }> {
  if (caFile === undefined) return {};
  try {
    return { ca: await readFile(caFile, "utf8") };
  } catch (error) {
    throw sourceErrorOf(error);
  }
}

/** Classes of SQLSTATE whose messages speak of the connection or the query, and quote no value of a row. */
const CLASSES_WITHOUT_VALUES = new Set([
  "08",
  "0A",
  "25",
  "28",
  "3D",
  "42",
  "53",
  "55",
  "57",
  "58",
]);

const ADVICE: Readonly<Record<string, string>> = {
  "28P01": "check the user and the password",
  "28000": "check the server's pg_hba.conf",
  "42501": "grant the user SELECT on what the query reads",
  "57014": "index the cursor column, or raise timeoutSeconds",
  ECONNREFUSED: "check that the database runs, and the host and port of url",
  ENOTFOUND: "check the host of url",
};

export function sourceErrorOf(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const code = codeOf(error);
  const text = error instanceof Error && error.message !== "" ? error.message : code;
  const isSafe = !(error instanceof DatabaseError) || CLASSES_WITHOUT_VALUES.has(code.slice(0, 2));
  const said = isSafe
    ? `the database: ${text}`
    : `the database can not run the query: SQLSTATE ${code} (its message may quote a record)`;
  const advice = ADVICE[code];
  return new SourceError(advice === undefined ? said : `${said}; ${advice}`, {
    code,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return "connection-lost";
}
