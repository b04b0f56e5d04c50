/**
 * SQL of a routing shard. A row is a signed statement as it came, with what finds it again; everything else
 * is read from its bytes. One row an entry, whichever slots bring it here: rows written are the dear resource.
 */
import { decodeSlots, encodeSlots, type HoldingsState } from "../protocol/index.ts";
import { migrate } from "./schema-version.ts";

const SCHEMA = `
  CREATE TABLE entries (
    entry_key BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    statement BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE holdings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    placement TEXT NOT NULL,
    own TEXT NOT NULL,
    pending TEXT NOT NULL,
    handing_off TEXT NOT NULL
  );
`;

const UPGRADES = {
  // Which trees bring an entry here follows from its signature and the slots held: it was not kept up to date.
  1: `
    ALTER TABLE entries DROP COLUMN trees;
    CREATE TABLE holdings (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      placement TEXT NOT NULL,
      own TEXT NOT NULL,
      pending TEXT NOT NULL,
      handing_off TEXT NOT NULL
    );
  `,
};

/** A statement, and what finds it. */
export interface StoredEntry {
  /** 16 bytes: names node, domain and signature. */
  readonly key: Uint8Array;
  readonly epoch: number;
  readonly seq: number;
  /** The signed entry or tombstone. */
  readonly statement: Uint8Array;
}

/** What became of a statement: `stale` where a newer one, or another of the same version, is held. */
export interface Put {
  readonly outcome: "new" | "same" | "stale";
  /** What a new one took the place of. */
  readonly replaced?: Uint8Array;
}

interface Row extends Record<string, SqlStorageValue> {
  entry_key: ArrayBuffer;
  epoch: number;
  seq: number;
  statement: ArrayBuffer;
}

interface HoldingsRow extends Record<string, SqlStorageValue> {
  placement: string;
  own: string;
  pending: string;
  handing_off: string;
}

/** Bound parameters a statement may have. */
const PARAMETERS_MAX = 100;

export class RoutingShardStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.transactionSync(() => migrate(storage.sql, 2, SCHEMA, UPGRADES));
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }

  /** Keeps the statement if it is newer, by epoch and then seq, than what is held of the same key. */
  put(entry: StoredEntry): Put {
    const { sql } = this.#storage;
    const values = [bufferOf(entry.key), entry.epoch, entry.seq, bufferOf(entry.statement)];
    // Nearly all are new: only of the others is it read what is held.
    const inserted = sql.exec(
      "INSERT INTO entries (entry_key, epoch, seq, statement) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ...values,
    );
    if (inserted.rowsWritten > 0) return { outcome: "new" };
    const held = sql
      .exec<Row>("SELECT * FROM entries WHERE entry_key = ?", bufferOf(entry.key))
      .one();
    const order = entry.epoch - held.epoch || entry.seq - held.seq;
    const isSame = order === 0 && equalBytes(entry.statement, new Uint8Array(held.statement));
    if (isSame) return { outcome: "same" };
    if (order <= 0) return { outcome: "stale" };
    sql.exec(
      "INSERT OR REPLACE INTO entries (entry_key, epoch, seq, statement) VALUES (?, ?, ?, ?)",
      ...values,
    );
    return { outcome: "new", replaced: new Uint8Array(held.statement) };
  }

  /** Every statement, tombstones too. */
  *all(): Generator<StoredEntry> {
    for (const row of this.#storage.sql.exec<Row>("SELECT * FROM entries")) yield storedOf(row);
  }

  /** Up to `limit` statements. */
  some(limit: number): StoredEntry[] {
    const rows = this.#storage.sql.exec<Row>("SELECT * FROM entries LIMIT ?", limit);
    return rows.toArray().map(storedOf);
  }

  /** What is held under `keys`, in their order. */
  find(keys: readonly Uint8Array[]): (StoredEntry | undefined)[] {
    const found = new Map<string, StoredEntry>();
    for (let from = 0; from < keys.length; from += PARAMETERS_MAX) {
      const some = keys.slice(from, from + PARAMETERS_MAX).map(bufferOf);
      const marks = some.map(() => "?").join(", ");
      const rows = this.#storage.sql.exec<Row>(
        `SELECT * FROM entries WHERE entry_key IN (${marks})`,
        ...some,
      );
      for (const row of rows) found.set(textOf(new Uint8Array(row.entry_key)), storedOf(row));
    }
    return keys.map((key) => found.get(textOf(key)));
  }

  /** Up to `limit` statements of one node and epoch. */
  ofOrigin(node: Uint8Array, epoch: number, limit: number): StoredEntry[] {
    const rows = this.#storage.sql.exec<Row>(
      "SELECT * FROM entries WHERE substr(statement, 2, 32) = ? AND epoch = ? LIMIT ?",
      bufferOf(node),
      epoch,
      limit,
    );
    return rows.toArray().map(storedOf);
  }

  delete(keys: readonly Uint8Array[]): void {
    for (let from = 0; from < keys.length; from += PARAMETERS_MAX) {
      const some = keys.slice(from, from + PARAMETERS_MAX).map(bufferOf);
      const marks = some.map(() => "?").join(", ");
      this.#storage.sql.exec(`DELETE FROM entries WHERE entry_key IN (${marks})`, ...some);
    }
  }

  /** Undefined before the shard first followed a placement. */
  holdings(): HoldingsState | undefined {
    const [row] = this.#storage.sql.exec<HoldingsRow>("SELECT * FROM holdings").toArray();
    return (
      row && {
        placement: row.placement,
        own: decodeSlots(row.own),
        pending: decodeSlots(row.pending),
        handingOff: decodeSlots(row.handing_off),
      }
    );
  }

  putHoldings({ placement, own, pending, handingOff }: HoldingsState): void {
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO holdings (one, placement, own, pending, handing_off) VALUES (1, ?, ?, ?, ?)",
      placement,
      encodeSlots(own),
      encodeSlots(pending),
      encodeSlots(handingOff),
    );
  }
}

/** A key of a map for a byte string. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function storedOf(row: Row): StoredEntry {
  return {
    key: new Uint8Array(row.entry_key),
    epoch: row.epoch,
    seq: row.seq,
    statement: new Uint8Array(row.statement),
  };
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
