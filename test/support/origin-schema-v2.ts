/** The tables of an origin's database as version 2 of the schema made them: what an upgrade has to read. */
import { DatabaseSync } from "node:sqlite";
import { prepareRecord } from "../../origin/prepare-record.ts";
import { canonicalBytes } from "../../protocol/index.ts";
import { domainDocument, ward, wardRecord } from "./origin-domain.ts";

const FLOORS = `
CREATE TABLE floors (
  node TEXT PRIMARY KEY,
  floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

const SCHEMA_V2 = `
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
${FLOORS}`;

/** A file of version 2, with one record that waits to be published where two must share a signature. */
export async function fileOfVersion2(path: string): Promise<{ path: string; db: DatabaseSync }> {
  const db = new DatabaseSync(path);
  db.exec(SCHEMA_V2);
  const document = JSON.stringify(domainDocument);
  const prepared = prepareRecord(ward, wardRecord("a"));
  if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
  const { record, signature } = prepared.value;
  db.exec("INSERT INTO schema_version VALUES (2)");
  db.prepare("INSERT INTO node VALUES (1, 0, 5, 2, ?)").run(new Uint8Array(32).fill(3));
  db.prepare("INSERT INTO domains VALUES (1, ?, ?, 1)").run(ward.id, document);
  db.prepare("INSERT INTO entries VALUES (1, 1, ?, 1, 0, 0, 0)").run(signature);
  const { id, profile, intervention, result } = record;
  const texts = [profile, intervention, result].map((value) =>
    new TextDecoder().decode(canonicalBytes(value)),
  );
  db.prepare(
    "INSERT INTO records VALUES (1, 1, ?, 'referencereferencerefe', ?, ?, ?, NULL, NULL, 1, 5)",
  ).run(id, ...texts);
  return { path, db };
}
