/**
 * SQL of the sources: how far each was read, and which records came from it. A source changes and removes its
 * own records alone. What it says of itself is written in the transaction of the records that it speaks of.
 */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { DomainId } from "../../protocol/index.ts";
import { readRow, transaction } from "./database.ts";
import type { PutOutcome, SignedRecord } from "./store.ts";

const stateSchema = z.object({
  number: z.int(),
  position: z.string().nullable(),
  asOf: z.int().nullable(),
  comparedAt: z.int().nullable(),
  lastRun: z.string().nullable(),
});
export type SourceState = Readonly<z.infer<typeof stateSchema>>;

const heldSchema = z.object({
  record: z.int(),
  seq: z.int(),
  source: z.int().nullable(),
  owner: z.string().nullable(),
  digest: z.instanceof(Uint8Array).nullable(),
  ownSeq: z.int().nullable(),
});

const sourcedSchema = z.object({ record: z.int(), id: z.string() });

/** A record with the digest of the row that it was made of. */
export interface SourcedRecord extends SignedRecord {
  readonly digest: Uint8Array;
}

export interface SourceBatch {
  /** In order: the last one about an id counts. */
  readonly items: readonly (SourcedRecord | { readonly remove: string })[];
  readonly note?: SourceNote;
}

/** What changes about a source; what is not given stays. */
export interface SourceNote {
  readonly position?: string | undefined;
  /** Milliseconds since 1970. */
  readonly asOf?: number | undefined;
  readonly comparedAt?: number | undefined;
  readonly lastRun?: string | undefined;
}

/**
 * `held`: the id is another's, a source's or that of a record which was deposited by hand. `absent`: what was to be
 * removed is not held, or not from this source, and left alone.
 */
export type SourceChange =
  | { readonly change: PutOutcome["change"]; readonly record: number }
  | { readonly change: "removed" | "absent" }
  | { readonly change: "held"; readonly by: string | undefined };

export interface SourceStore {
  /** Opens the source, for the first time or again; one whose definition changed is read anew. */
  open(source: {
    readonly name: string;
    readonly domain: DomainId;
    readonly definition: string;
  }): SourceState;
  find(name: string, domain: DomainId): SourceState | undefined;
  /** The record of this id, if it is what the source made of a row with this digest. */
  unchanged(source: number, domain: DomainId, id: string, digest: Uint8Array): number | undefined;
  /** The record of this id, if it is from this source. */
  own(source: number, domain: DomainId, id: string): number | undefined;
  /** One transaction. */
  apply(source: number, domain: DomainId, batch: SourceBatch): readonly SourceChange[];
  note(source: number, note: SourceNote): void;
  /** All records that came from it. */
  records(source: number): Iterable<{ readonly record: number; readonly id: string }>;
  count(source: number): number;
}

/** How the store changes one record within a transaction. */
interface RecordChanges {
  readonly numberOf: (domain: DomainId) => number;
  readonly change: <T>(work: (seq: () => number, touched: Set<number>) => T) => T;
  readonly putOne: (
    domain: DomainId,
    record: SignedRecord,
    seq: () => number,
    touched: Set<number>,
  ) => PutOutcome;
  /** Also logs it. */
  readonly removeOne: (
    domain: DomainId,
    id: string,
    seq: () => number,
    touched: Set<number>,
  ) => boolean;
  /** Into the audit log. */
  readonly logLoad: (domain: DomainId, changes: readonly { readonly change: string }[]) => void;
}

export function sourceStore(
  db: DatabaseSync,
  { numberOf, change, putOne, removeOne, logLoad }: RecordChanges,
): SourceStore {
  const columns =
    'number, position, as_of AS "asOf", compared_at AS "comparedAt", last_run AS "lastRun"';
  const find = db.prepare(`SELECT ${columns} FROM sources WHERE name = ? AND domain = ?`);
  const open = db.prepare(
    `INSERT INTO sources (name, domain, definition) VALUES (?, ?, ?)
     ON CONFLICT (name, domain) DO UPDATE SET
       position = iif(definition = excluded.definition, position, NULL),
       compared_at = iif(definition = excluded.definition, compared_at, NULL),
       definition = excluded.definition
     RETURNING ${columns}`,
  );
  const held = db.prepare(
    `SELECT records.number AS record, records.seq, source, name AS owner, digest,
            source_records.seq AS "ownSeq"
     FROM records
     LEFT JOIN source_records ON source_records.record = records.number
     LEFT JOIN sources ON sources.number = source_records.source
     WHERE records.domain = ? AND records.id = ?`,
  );
  const claim = db.prepare(
    `INSERT INTO source_records (record, source, digest, seq) VALUES (?, ?, ?, ?)
     ON CONFLICT (record) DO UPDATE SET digest = excluded.digest, seq = excluded.seq`,
  );
  const note = db.prepare(
    `UPDATE sources SET position = coalesce(?, position), as_of = coalesce(?, as_of),
       compared_at = coalesce(?, compared_at), last_run = coalesce(?, last_run)
     WHERE number = ?`,
  );
  const records = db.prepare(
    `SELECT record, id FROM source_records JOIN records ON records.number = record
     WHERE source = ?`,
  );
  const count = db.prepare("SELECT count(*) AS n FROM source_records WHERE source = ?");

  const heldAs = (domain: DomainId, id: string) =>
    readRow(heldSchema, held.get(numberOf(domain), id));

  const putFrom = (
    source: number,
    domain: DomainId,
    item: SourcedRecord,
    seq: () => number,
    touched: Set<number>,
  ): SourceChange => {
    const { id } = item.record;
    const before = heldAs(domain, id);
    if (before && before.source !== source) {
      return { change: "held", by: before.owner ?? undefined };
    }
    const { change: kind, entries, record, seq: at } = putOne(domain, item, seq, touched);
    if (kind !== "unchanged") for (const entry of entries) touched.add(entry);
    claim.run(record, source, item.digest, at);
    return { change: kind, record };
  };

  const removeFrom = (
    source: number,
    domain: DomainId,
    id: string,
    seq: () => number,
    touched: Set<number>,
  ): SourceChange => {
    if (heldAs(domain, id)?.source !== source) return { change: "absent" };
    removeOne(domain, id, seq, touched);
    return { change: "removed" };
  };

  const noteOf = (source: number, value: SourceNote): void => {
    const { position, asOf, comparedAt, lastRun } = value;
    note.run(position ?? null, asOf ?? null, comparedAt ?? null, lastRun ?? null, source);
  };

  return {
    open: ({ name, domain, definition }) =>
      transaction(db, () => stateSchema.parse(open.get(name, numberOf(domain), definition))),
    find: (name, domain) => readRow(stateSchema, find.get(name, numberOf(domain))),
    unchanged: (source, domain, id, digest) => {
      const row = heldAs(domain, id);
      if (row?.source !== source || row.seq !== row.ownSeq || !row.digest) return undefined;
      return Buffer.compare(row.digest, digest) === 0 ? row.record : undefined;
    },
    own: (source, domain, id) => {
      const row = heldAs(domain, id);
      return row?.source === source ? row.record : undefined;
    },
    apply: (source, domain, batch) =>
      change((seq, touched) => {
        const changes = batch.items.map((item) =>
          "remove" in item
            ? removeFrom(source, domain, item.remove, seq, touched)
            : putFrom(source, domain, item, seq, touched),
        );
        logLoad(domain, changes);
        if (batch.note) noteOf(source, batch.note);
        return changes;
      }),
    note: noteOf,
    records: function* (source) {
      for (const row of records.iterate(source)) {
        yield sourcedSchema.parse(row);
      }
    },
    count: (source) => Number(count.get(source)?.["n"]),
  };
}
