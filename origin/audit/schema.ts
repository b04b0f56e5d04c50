/** The audit log's tables. Nothing in them is ever changed or deleted: what tries to, by mistake, fails. */

const TABLES = ["audit_entries", "audit_nodes", "audit_checkpoints"];

const KEPT = TABLES.flatMap((table) =>
  ["UPDATE", "DELETE"].map(
    (change) => `
CREATE TRIGGER ${table}_no_${change.toLowerCase()} BEFORE ${change} ON ${table}
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;`,
  ),
).join("");

/** Since version 3. */
export const AUDIT_TABLES = `
-- document: the entry's canonical JSON, a leaf of the Merkle tree. number: its index, from 0.
CREATE TABLE audit_entries (
  number INTEGER PRIMARY KEY,
  document TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_query ON audit_entries (document ->> '$.query')
  WHERE document ->> '$.query' IS NOT NULL;
CREATE INDEX audit_by_trace ON audit_entries (document ->> '$.trace')
  WHERE document ->> '$.trace' IS NOT NULL;

-- The tree's complete nodes, in the order in which they were completed: see nodePosition.
CREATE TABLE audit_nodes (
  position INTEGER PRIMARY KEY,
  hash BLOB NOT NULL
) STRICT;

-- size: how many entries the signed document vouches for.
CREATE TABLE audit_checkpoints (
  size INTEGER PRIMARY KEY,
  document TEXT NOT NULL
) STRICT;
${KEPT}
`;
