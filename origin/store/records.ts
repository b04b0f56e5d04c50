/** SQL of outcome records: each belongs to a domain and, by its signature, to one entry. */
import { createHmac, type KeyObject } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import {
  canonicalBytes,
  domainIdSchema,
  toBase64Url,
  type DomainId,
  type OutcomeRecord,
} from "../../protocol/index.ts";
import { readRow } from "./database.ts";

const REFERENCE_BYTES = 16;
/**
 * How long removals are remembered, in units of seq, which are milliseconds: an index that has not heard of the store
 * for longer is built anew.
 */
export const REMOVALS_KEPT_MS = 30 * 86_400_000;
/** A prime below 2^20: the sum over 10^9 records is exact. */
export const CHECKSUM_MODULUS = 1_048_573;

const json = z.string().transform((text): unknown => JSON.parse(text));
const valuesSchema = json.pipe(
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);
const optionalText = z
  .string()
  .nullable()
  .transform((text) => text ?? undefined);

const indexedSchema = z.object({
  number: z.int(),
  reference: z.string(),
  grp: optionalText,
  seq: z.int(),
  profile: json.pipe(z.record(z.string(), z.unknown())),
});
/** What ranking needs of a record. */
export type IndexedRecord = z.infer<typeof indexedSchema>;

const outcomeSchema = z.object({
  intervention: valuesSchema,
  result: valuesSchema,
  observed_at: optionalText,
});
/** What an answer tells of a record. */
export type StoredOutcome = z.infer<typeof outcomeSchema>;

const signableSchema = z.object({
  number: z.int(),
  entry: z.int(),
  profile: json.pipe(z.record(z.string(), z.unknown())),
});

const contentSchema = z.object({
  number: z.int(),
  entry: z.int(),
  seq: z.int(),
  profile: z.string(),
  intervention: z.string(),
  result: z.string(),
  observed_at: z.string().nullable(),
  grp: z.string().nullable(),
});
type Content = z.infer<typeof contentSchema>;

const totalSchema = z.object({ domain: domainIdSchema, count: z.int() });
export type RecordTotal = z.infer<typeof totalSchema>;
/** When a record last changed: changes are in the order of seq, and of one seq in that of number. */
export interface RecordChange {
  readonly seq: number;
  readonly number: number;
}

/** What a copy of a domain's records can be compared by. */
export interface Fingerprint {
  readonly records: number;
  /** Of the records' seqs, each by its remainder of `CHECKSUM_MODULUS`. */
  readonly checksum: number;
}

export interface RecordKey {
  readonly domain: number;
  readonly id: string;
}

export function recordTable(db: DatabaseSync) {
  const find = db.prepare(
    `SELECT number, entry, seq, profile, intervention, result, observed_at, grp
     FROM records WHERE domain = ? AND id = ?`,
  );
  const insert = db.prepare(
    `INSERT INTO records (domain, id, reference, profile, intervention, result, observed_at, grp, entry, seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    `UPDATE records SET profile = ?, intervention = ?, result = ?, observed_at = ?, grp = ?, entry = ?, seq = ?
     WHERE number = ?`,
  );
  const drop = db.prepare("DELETE FROM records WHERE number = ?");
  const noteRemoval = db.prepare("INSERT INTO removals (domain, seq, record) VALUES (?, ?, ?)");
  const forgetRemovals = db.prepare("DELETE FROM removals WHERE domain = ? AND seq < ?");
  const changed = db.prepare(
    `SELECT number, reference, grp, seq, profile FROM records
     WHERE domain = ? AND (seq, number) > (?, ?) ORDER BY seq, number LIMIT ?`,
  );
  const fingerprint = db.prepare(
    `SELECT count(*) AS records, coalesce(sum(seq % ${CHECKSUM_MODULUS}), 0) AS checksum
     FROM records WHERE domain = ?`,
  );
  const removed = db.prepare("SELECT record FROM removals WHERE domain = ? AND seq > ?");
  const outcome = db.prepare(
    "SELECT intervention, result, observed_at FROM records WHERE number = ?",
  );
  const signable = db.prepare("SELECT number, entry, profile FROM records WHERE domain = ?");
  const sample = db.prepare(
    "SELECT profile FROM records WHERE domain = ? ORDER BY reference LIMIT ?",
  );
  const count = db.prepare("SELECT count(*) AS n FROM records WHERE domain = ?");
  const totals = db.prepare(
    `SELECT domains.id AS domain, count(*) AS count
     FROM records JOIN domains ON domains.number = records.domain
     GROUP BY domains.number ORDER BY domains.number`,
  );

  return {
    find: ({ domain, id }: RecordKey): Content | undefined =>
      readRow(contentSchema, find.get(domain, id)),
    /** Returns its number. */
    insert: (
      domain: number,
      reference: string,
      record: OutcomeRecord,
      entry: number,
      seq: number,
    ): number =>
      Number(
        insert.run(domain, record.id, reference, ...contentOf(record), entry, seq).lastInsertRowid,
      ),
    update: (number: number, record: OutcomeRecord, entry: number, seq: number) =>
      update.run(...contentOf(record), entry, seq, number),
    remove: (domain: number, number: number, seq: number) => {
      drop.run(number);
      noteRemoval.run(domain, seq, number);
      forgetRemovals.run(domain, seq - REMOVALS_KEPT_MS);
    },
    changedAfter: (domain: number, after: RecordChange, limit: number): IndexedRecord[] =>
      changed.all(domain, after.seq, after.number, limit).map((row) => indexedSchema.parse(row)),
    fingerprint: (domain: number): Fingerprint => {
      const row = fingerprint.get(domain);
      return { records: Number(row?.["records"]), checksum: Number(row?.["checksum"]) };
    },
    removedSince: (domain: number, seq: number): number[] =>
      removed.all(domain, seq).map((row) => z.object({ record: z.int() }).parse(row).record),
    outcome: (number: number): StoredOutcome | undefined =>
      readRow(outcomeSchema, outcome.get(number)),
    /** What a signature is made of, of every record. */
    signable: (domain: number) => signable.all(domain).map((row) => signableSchema.parse(row)),
    /** Profiles of some records, always the same of the same ones. */
    sample: (domain: number, limit: number) =>
      sample
        .all(domain, limit)
        .map((row) => signableSchema.pick({ profile: true }).parse(row).profile),
    /** How many records have each value of a field. */
    categories: (domain: number, part: "intervention" | "result", field: string) => {
      const rows = db
        .prepare(
          `SELECT json_extract(${part}, ?) AS value, count(*) AS count
           FROM records WHERE domain = ? GROUP BY value`,
        )
        .all(`$.${JSON.stringify(field)}`, domain);
      return new Map(rows.map(({ value, count: n }) => [String(value), Number(n)]));
    },
    count: (domain: number): number => Number(count.get(domain)?.["n"]),
    /** Of every domain that has records, served or not. */
    totals: (): RecordTotal[] => totals.all().map((row) => totalSchema.parse(row)),
  };
}

/** True if `record` is what is stored already, however its members are ordered. */
export function isSame(stored: Content, record: OutcomeRecord): boolean {
  const [profile, intervention, result, observedAt, group] = contentOf(record);
  return (
    stored.profile === profile &&
    stored.intervention === intervention &&
    stored.result === result &&
    stored.observed_at === observedAt &&
    stored.grp === group
  );
}

function contentOf(record: OutcomeRecord): [string, string, string, string | null, string | null] {
  return [
    canonicalText(record.profile),
    canonicalText(record.intervention),
    canonicalText(record.result),
    record.observedAt ?? null,
    record.group ?? null,
  ];
}

function canonicalText(value: unknown): string {
  return new TextDecoder().decode(canonicalBytes(value));
}

/** The name by which answers call a record: stable, and meaningless to anyone without the database's secret. */
export function referenceOf(secret: KeyObject, domain: DomainId, id: string): string {
  const mac = createHmac("sha256", secret).update(`${domain}\0${id}`).digest();
  return toBase64Url(mac.subarray(0, REFERENCE_BYTES));
}
