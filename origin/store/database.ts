/** Opening the database file, its schema and its versions, and transactions. Knows no records and no entries. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { z } from "zod";
import { AUDIT_TABLES } from "../audit/schema.ts";
import { PLAIN_PUBLICATION } from "./publication.ts";

/** The form of the tables below. A change raises it and adds the step that upgrades an older file. */
export const SCHEMA_VERSION = 5;
/** Another process that loads records holds the write lock for a batch at a time. */
const BUSY_TIMEOUT_MS = 10_000;
const SECRET_BYTES = 32;

/** Since version 2. floor: a request that the member created then or before may have been served already. */
const FLOORS = `
CREATE TABLE floors (
  node TEXT PRIMARY KEY,
  floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/**
 * Since version 4. sources: the systems that this origin reads, each for one domain.
 * definition: a digest of what decides which records it has. position: how far it was read, as its kind
 * writes it. as_of: when the last reading that came to its end began, compared_at: the last that read all
 * and removed what was gone. last_run: a JSON report.
 * source_records: which source a record came from, and so which alone may change or remove it; the digest of
 * the row that it was made of, and the seq that it then had: another one means that someone else changed it.
 */
const SOURCES = `
CREATE TABLE sources (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  domain INTEGER NOT NULL REFERENCES domains (number),
  definition TEXT NOT NULL,
  position TEXT,
  as_of INTEGER,
  compared_at INTEGER,
  last_run TEXT,
  UNIQUE (name, domain)
) STRICT;
CREATE TABLE source_records (
  record INTEGER PRIMARY KEY REFERENCES records (number) ON DELETE CASCADE,
  source INTEGER NOT NULL REFERENCES sources (number),
  digest BLOB NOT NULL,
  seq INTEGER NOT NULL
) STRICT;
CREATE INDEX source_records_by_source ON source_records (source);
`;

/**
 * Since version 5. publication: what of the domain is published, and how (`publicationSchema`). cohort: the group of
 * records that this one is answered with, where policy gives no single records; centre: what its members have in
 * common, a profile; cell: what is told of them. decoy: the count that is announced of an entry without records.
 * quotas: queries of a member that were answered on one day since 1970.
 */
const POLICY = `
ALTER TABLE domains ADD COLUMN publication TEXT NOT NULL DEFAULT '${JSON.stringify(PLAIN_PUBLICATION)}';
UPDATE domains SET publication =
  json_set(publication, '$.minimumCount', (SELECT minimum_count FROM node));
ALTER TABLE node DROP COLUMN minimum_count;
ALTER TABLE entries ADD COLUMN decoy INTEGER NOT NULL DEFAULT 0;

CREATE TABLE cohorts (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  domain INTEGER NOT NULL REFERENCES domains (number),
  centre TEXT NOT NULL,
  cell TEXT NOT NULL
) STRICT;
CREATE INDEX cohorts_by_domain ON cohorts (domain);
ALTER TABLE records ADD COLUMN cohort INTEGER REFERENCES cohorts (number);
CREATE INDEX records_by_cohort ON records (domain, cohort);

CREATE TABLE quotas (
  node TEXT NOT NULL,
  domain TEXT NOT NULL,
  day INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (node, domain)
) STRICT, WITHOUT ROWID;
`;

const SCHEMA = `
CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;

-- One row. last_seq numbers the transactions that changed something: it names what is newer than what.
CREATE TABLE node (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  minimum_count INTEGER NOT NULL,
  reference_secret BLOB NOT NULL
) STRICT;

-- Every domain that ever held a record; active where this origin still serves it.
CREATE TABLE domains (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL,
  active INTEGER NOT NULL
) STRICT;

-- A distinct signature: how many records have it, and the last statement made about it.
-- announced: the count in that statement, 0 if it withdrew the entry or there was none.
-- offered: 1 from when a statement may have left this machine until its withdrawal is acknowledged.
CREATE TABLE entries (
  number INTEGER PRIMARY KEY,
  domain INTEGER NOT NULL REFERENCES domains (number),
  signature BLOB NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,
  announced INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  offered INTEGER NOT NULL DEFAULT 0,
  UNIQUE (domain, signature)
) STRICT;

CREATE TABLE records (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  domain INTEGER NOT NULL REFERENCES domains (number),
  id TEXT NOT NULL,
  reference TEXT NOT NULL,
  profile TEXT NOT NULL,
  intervention TEXT NOT NULL,
  result TEXT NOT NULL,
  observed_at TEXT,
  grp TEXT,
  entry INTEGER NOT NULL REFERENCES entries (number),
  seq INTEGER NOT NULL,
  UNIQUE (domain, id),
  UNIQUE (domain, reference)
) STRICT;
CREATE INDEX records_by_seq ON records (domain, seq);
CREATE INDEX records_by_entry ON records (entry);

-- Tells a process that keeps records in memory which are gone.
CREATE TABLE removals (
  domain INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (domain, seq, record)
) STRICT, WITHOUT ROWID;

-- Statements that some replica has not stored. missing: the nodes still to ask under the placement
-- version beside it, a JSON array; null where none was asked yet. acknowledged: 1 once a majority of
-- every slot's replicas stored it.
CREATE TABLE outbox (
  entry INTEGER PRIMARY KEY REFERENCES entries (number),
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL DEFAULT 0,
  placement TEXT,
  missing TEXT,
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_by_time ON outbox (next_at);
${FLOORS}
${AUDIT_TABLES}
${SOURCES}
${POLICY}`;

/** What makes a file of each version one of the next. */
const UPGRADES: Readonly<Record<number, string>> = {
  // The list of missing nodes was kept by membership version, which every renewal of a lease changed.
  1: `
    ALTER TABLE outbox RENAME COLUMN membership TO placement;
    ALTER TABLE outbox ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET placement = NULL, missing = NULL;
    ${FLOORS}
  `,
  2: AUDIT_TABLES,
  3: SOURCES,
  4: POLICY,
};

/** Opens or creates the file. Throws if it is no database of an origin, or one of a newer version. */
export function openDatabase(path: string): DatabaseSync {
  const isNew = !existsSync(path);
  const db = new DatabaseSync(path, {
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: true,
  });
  try {
    // Records of people: for the account that runs the origin alone. The WAL inherits the mode.
    if (isNew) chmodSync(path, 0o600);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    transaction(db, () => prepareSchema(db, path));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareSchema(db: DatabaseSync, path: string): void {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.length === 0) {
    db.exec(SCHEMA);
    db.prepare("INSERT INTO schema_version (version) VALUES (?)").run(SCHEMA_VERSION);
    db.prepare("INSERT INTO node VALUES (1, 0, 0, ?)").run(randomBytes(SECRET_BYTES));
    return;
  }
  if (!tables.some(({ name }) => name === "schema_version")) {
    throw new Error(`${path} is not the database of an origin`);
  }
  const found = Number(db.prepare("SELECT version FROM schema_version").get()?.["version"]);
  for (let version = found; version !== SCHEMA_VERSION; version++) {
    const upgrade = version < SCHEMA_VERSION ? UPGRADES[version] : undefined;
    if (upgrade === undefined) {
      throw new Error(`${path} has schema version ${found}; this program reads ${SCHEMA_VERSION}`);
    }
    db.exec(upgrade);
    db.prepare("UPDATE schema_version SET version = ?").run(version + 1);
  }
}

/** Runs `work` in one write transaction: all of it is on disk when this returns, or none. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** A row of SQLite as `schema` says it is; undefined for no row. */
export function readRow<T>(
  schema: z.ZodType<T>,
  row: Record<string, SQLOutputValue> | undefined,
): T | undefined {
  return row === undefined ? undefined : schema.parse(row);
}
