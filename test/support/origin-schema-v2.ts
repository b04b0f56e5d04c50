/** The tables of an origin's database as version 2 of the schema made them: what an upgrade has to read. */
const FLOORS = `
CREATE TABLE floors (
  node TEXT PRIMARY KEY,
  floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

export const SCHEMA_V2 = `
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
