/** SQL of the audit log: appending in the caller's transaction, and reading what is there. */
import { createHmac } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import {
  auditEntrySchema,
  completedNodes,
  entryBytes,
  leafHash,
  NO_PREVIOUS,
  nodePosition,
  toBase64Url,
  type AuditEntry,
  type AuditNote,
  type ReadNode,
  type SignedCheckpoint,
} from "../../protocol/index.ts";
import { transaction } from "../store/database.ts";

const entryRow = z.object({ number: z.int(), document: z.string() });
export type EntryRow = z.infer<typeof entryRow>;
const checkpointRow = z.object({ size: z.int(), document: z.string() });
export type CheckpointRow = z.infer<typeof checkpointRow>;
const secretRow = z.object({ reference_secret: z.instanceof(Uint8Array) });
const countRow = z.object({ n: z.int() });

export interface AuditTables {
  /** Runs `work` in one write transaction, which is on disk when this returns. */
  transact<T>(work: () => T): T;
  /** Entries so far. */
  size(): number;
  /** Appends an entry, within the caller's transaction. `at` in milliseconds since 1970. */
  append(note: AuditNote, at: number): AuditEntry;
  /** A kept node of the tree. Throws where it is missing. */
  readonly node: ReadNode;
  /** How many nodes are kept. */
  nodes(): number;
  /** Entries from `from` up to `to`, in order. */
  entries(from: number, to: number): Iterable<EntryRow>;
  /** Those about a query with this commitment, or of this trace. */
  find(by: { readonly query: string } | { readonly trace: string }): EntryRow[];
  checkpoints(): CheckpointRow[];
  /** Of the largest checkpoint; 0 where there is none. */
  checkpointSize(): number;
  keepCheckpoint(signed: SignedCheckpoint): void;
  /** The key of the commitments to a query, and to its answers, by the content digest of its body. */
  commitmentKey(queryDigest: string): string;
}

export function auditTables(db: DatabaseSync): AuditTables {
  const insertEntry = db.prepare("INSERT INTO audit_entries (number, document) VALUES (?, ?)");
  const insertNode = db.prepare("INSERT INTO audit_nodes (position, hash) VALUES (?, ?)");
  const readNode = db.prepare("SELECT hash FROM audit_nodes WHERE position = ?");
  const countNodes = db.prepare("SELECT count(*) AS n FROM audit_nodes");
  const next = db.prepare("SELECT ifnull(max(number) + 1, 0) AS n FROM audit_entries");
  const range = db.prepare(
    "SELECT number, document FROM audit_entries WHERE number >= ? AND number < ? ORDER BY number",
  );
  const [byQuery, byTrace] = ["query", "trace"].map((name) =>
    db.prepare(
      `SELECT number, document FROM audit_entries WHERE document ->> '$.${name}' = ? ORDER BY number`,
    ),
  );
  const allCheckpoints = db.prepare("SELECT size, document FROM audit_checkpoints ORDER BY size");
  const lastCheckpoint = db.prepare("SELECT ifnull(max(size), 0) AS n FROM audit_checkpoints");
  // Of one size there is one root: a second checkpoint says nothing more.
  const insertCheckpoint = db.prepare(
    "INSERT OR IGNORE INTO audit_checkpoints (size, document) VALUES (?, ?)",
  );
  const secret = secretRow.parse(db.prepare("SELECT reference_secret FROM node").get());

  const size = (): number => countRow.parse(next.get()).n;
  const node: ReadNode = (level, index) => {
    const hash = readNode.get(nodePosition(level, index))?.["hash"];
    if (hash instanceof Uint8Array) return hash;
    throw new Error(`the audit log lacks node ${index} of level ${level}`);
  };

  return {
    transact: (work) => transaction(db, work),
    size,
    append: (note, at) => {
      const index = size();
      const previous = index === 0 ? NO_PREVIOUS : toBase64Url(node(0, index - 1));
      // Parsed here, so that nothing is logged that could not be read again.
      const entry = auditEntrySchema.parse({ version: 1, index, previous, at, ...note });
      const bytes = entryBytes(entry);
      insertEntry.run(index, new TextDecoder().decode(bytes));
      for (const { level, index: place, hash } of completedNodes(index, leafHash(bytes), node)) {
        insertNode.run(nodePosition(level, place), hash);
      }
      return entry;
    },
    node,
    nodes: () => countRow.parse(countNodes.get()).n,
    entries: function* (from, to) {
      for (const row of range.iterate(from, to)) yield entryRow.parse(row);
    },
    find: (by) => {
      const rows = "query" in by ? byQuery?.all(by.query) : byTrace?.all(by.trace);
      return (rows ?? []).map((row) => entryRow.parse(row));
    },
    checkpoints: () => allCheckpoints.all().map((row) => checkpointRow.parse(row)),
    checkpointSize: () => countRow.parse(lastCheckpoint.get()).n,
    keepCheckpoint: (signed) => {
      insertCheckpoint.run(signed.checkpoint.size, JSON.stringify(signed));
    },
    // One key a query: whoever is given it can open what was logged about that query, and nothing else.
    commitmentKey: (queryDigest) =>
      toBase64Url(
        createHmac("sha256", secret.reference_secret).update(`audit\0${queryDigest}`).digest(),
      ),
  };
}
