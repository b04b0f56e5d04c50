/**
 * SQL of a routing shard. A row is a signed statement as it came, with what finds it again; everything else
 * is read from its bytes. One row an entry, whichever trees bring it here: rows written are the dear resource.
 */
import { migrate } from "./schema-version.ts";

const SCHEMA = `
  CREATE TABLE entries (
    entry_key BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    trees BLOB NOT NULL,
    statement BLOB NOT NULL
  ) WITHOUT ROWID;
`;

/** A statement and where it belongs. */
export interface StoredEntry {
  /** 16 bytes: names node, domain and signature. */
  readonly key: Uint8Array;
  readonly epoch: number;
  readonly seq: number;
  /** The trees whose slot this shard holds, one byte each. */
  readonly trees: Uint8Array;
  /** The signed entry or tombstone. */
  readonly statement: Uint8Array;
}

export type PutOutcome = "new" | "same" | "stale";

interface Row extends Record<string, SqlStorageValue> {
  entry_key: ArrayBuffer;
  epoch: number;
  seq: number;
  trees: ArrayBuffer;
  statement: ArrayBuffer;
}

/** Bound parameters a statement may have. */
const PARAMETERS_MAX = 100;

export class RoutingShardStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    migrate(storage.sql, 1, SCHEMA);
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }

  /** Keeps the statement if it is newer, by epoch and then seq, than what is held of the same key. */
  put(entry: StoredEntry): PutOutcome {
    const held = this.#storage.sql
      .exec<Row>("SELECT * FROM entries WHERE entry_key = ?", bufferOf(entry.key))
      .toArray()[0];
    if (held) {
      const order = entry.epoch - held.epoch || entry.seq - held.seq;
      const isSame = order === 0 && equalBytes(entry.statement, new Uint8Array(held.statement));
      if (isSame && equalBytes(entry.trees, new Uint8Array(held.trees))) return "same";
      if (order <= 0 && !isSame) return "stale";
    }
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO entries (entry_key, epoch, seq, trees, statement) VALUES (?, ?, ?, ?, ?)",
      bufferOf(entry.key),
      entry.epoch,
      entry.seq,
      bufferOf(entry.trees),
      bufferOf(entry.statement),
    );
    return "new";
  }

  /** Every statement, tombstones too. */
  *all(): Generator<StoredEntry> {
    for (const row of this.#storage.sql.exec<Row>("SELECT * FROM entries")) {
      yield {
        key: new Uint8Array(row.entry_key),
        epoch: row.epoch,
        seq: row.seq,
        trees: new Uint8Array(row.trees),
        statement: new Uint8Array(row.statement),
      };
    }
  }

  /** The statements of `keys`, in their order. */
  statements(keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const found = new Map<string, Uint8Array>();
    for (let from = 0; from < keys.length; from += PARAMETERS_MAX) {
      const some = keys.slice(from, from + PARAMETERS_MAX).map(bufferOf);
      const marks = some.map(() => "?").join(", ");
      const rows = this.#storage.sql.exec<Row>(
        `SELECT entry_key, statement FROM entries WHERE entry_key IN (${marks})`,
        ...some,
      );
      for (const row of rows) {
        found.set(textOf(new Uint8Array(row.entry_key)), new Uint8Array(row.statement));
      }
    }
    return keys.map((key) => found.get(textOf(key)));
  }
}

/** A key of a map for a byte string. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
