/**
 * The origin's database: records, the entries that follow from them, and the outbox. Every change of these
 * three is one transaction, so a crash at any moment loses nothing and publishes nothing twice.
 */
import { z } from "zod";
import {
  canonicalBytes,
  type CompiledDomain,
  type DomainId,
  type Floors,
  type OutcomeRecord,
} from "../../protocol/index.ts";
import { openDatabase, readRow, transaction } from "./database.ts";
import { floorTable } from "./floors.ts";
import { entryTable, type Pending, type Postponement } from "./entries.ts";
import {
  isSame,
  recordTable,
  referenceOf,
  type Fingerprint,
  type IndexedRecord,
  type RecordChange,
  type StoredOutcome,
} from "./records.ts";

export interface StoreOptions {
  /** Publish a signature only where at least this many records share it. Defaults to what the database was last opened with, at first 1. */
  readonly minimumCount?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A record that was checked, with the signature of its profile. */
export interface SignedRecord {
  readonly record: OutcomeRecord;
  readonly signature: Uint8Array;
}

export interface PutOutcome {
  readonly change: "loaded" | "updated" | "unchanged";
  /** Entries that the record belongs to, or did until now. */
  readonly entries: readonly number[];
}

export interface DomainTotals {
  readonly records: number;
  /** Distinct signatures. */
  readonly entries: number;
  /** Those of them that policy lets the mesh know of. */
  readonly announced: number;
}

export interface Store {
  /** In which this origin publishes. */
  readonly epoch: number;
  /** Of members' requests. */
  readonly floors: Floors;
  /** Publishes in `epoch` from now on, and all anew: the mesh drops what was published in lower ones. False if it is none higher. */
  raiseEpoch(epoch: number): boolean;
  /** Stores records, new or changed, in one transaction. */
  put(domain: DomainId, records: readonly SignedRecord[]): PutOutcome[];
  /** Removes a record; the entries it belonged to, or undefined if there is none of that id. */
  remove(domain: DomainId, id: string): readonly number[] | undefined;
  /** Grows with every change of records, by whichever process. */
  lastSeq(): number;
  /** The next records that changed, `limit` at most, in the order of their changes. */
  changedAfter(domain: DomainId, after: RecordChange, limit: number): IndexedRecord[];
  /** Numbers of records that were removed after `seq`, of the last `REMOVALS_KEPT_MS`. */
  removedSince(domain: DomainId, seq: number): number[];
  fingerprint(domain: DomainId): Fingerprint;
  outcome(record: number): StoredOutcome | undefined;
  totals(domain: DomainId): DomainTotals;
  /** Canonical JSON of a domain that is or was served. */
  domainDocument(domain: DomainId): string | undefined;
  /** Statements that are due, oldest first, to be sent now: from here on they may be known outside. */
  takeDue(now: number, limit: number): Pending[];
  /** Those about `entries` that wait, due or not, likewise. */
  takeWaiting(entries: readonly number[]): Pending[];
  /** How many of `entries` have a statement that waits. */
  countWaiting(entries: readonly number[]): number;
  /** When the next statement is due; undefined for an empty outbox. */
  nextDueAt(): number | undefined;
  /** Notes how an attempt ended. */
  conclude(complete: readonly Pending[], postponed: readonly Postponement[]): void;
  waiting(): {
    readonly entries: number;
    /** Those of them that no majority stored yet. */
    readonly unacknowledged: number;
    readonly nodes: readonly { node: string; entries: number }[];
  };
  close(): void;
}

const nodeSchema = z.object({
  epoch: z.int(),
  minimum_count: z.int().min(1),
  reference_secret: z.instanceof(Uint8Array),
});

/**
 * Opens or creates the database at `path` to serve `domains`. What it holds of other domains stays, and is
 * withdrawn from the mesh. Throws if the file is no database of an origin.
 */
export function openStore(
  path: string,
  domains: readonly CompiledDomain[],
  options: StoreOptions = {},
): Store {
  const now = options.now ?? Date.now;
  const db = openDatabase(path);
  const records = recordTable(db);
  const entries = entryTable(db);
  const advance = db.prepare(
    "UPDATE node SET last_seq = max(last_seq + 1, ?) RETURNING last_seq AS seq",
  );
  const readNode = db.prepare("SELECT epoch, minimum_count, reference_secret FROM node");
  const lastSeq = db.prepare("SELECT last_seq AS seq FROM node");
  const document = db.prepare("SELECT document FROM domains WHERE id = ?");

  // Time where it is ahead, so that a lost database does not start below what peers have seen.
  const nextSeq = (): number => Number(advance.get(now())?.["seq"]);
  const readSettings = () => {
    const node = readRow(nodeSchema, readNode.get());
    if (!node) throw new Error(`${path} has no node row`);
    return node;
  };

  const numbers = transaction(db, () => {
    if (options.minimumCount !== undefined) {
      db.prepare("UPDATE node SET minimum_count = ?").run(options.minimumCount);
    }
    db.exec("UPDATE domains SET active = 0");
    const upsert = db.prepare(
      `INSERT INTO domains (id, document, active) VALUES (?, ?, 1)
       ON CONFLICT (id) DO UPDATE SET active = 1 RETURNING number`,
    );
    const byId = new Map<DomainId, number>();
    for (const { id, domain } of domains) {
      const text = new TextDecoder().decode(canonicalBytes(domain));
      byId.set(id, Number(upsert.get(id, text)?.["number"]));
    }
    const { minimum_count: minimumCount } = readSettings();
    const wrong = entries.misstated(minimumCount);
    const seq = wrong.length > 0 ? nextSeq() : 0;
    for (const number of wrong) entries.restate(number, seq, minimumCount);
    return byId;
  });
  const settings = readSettings();
  let { epoch } = settings;

  const numberOf = (domain: DomainId): number => {
    const number = numbers.get(domain);
    if (number === undefined) throw new Error(`the store was not opened for the domain ${domain}`);
    return number;
  };

  const putOne = (
    domain: DomainId,
    { record, signature }: SignedRecord,
    seq: () => number,
  ): PutOutcome => {
    const at = numberOf(domain);
    const stored = records.find({ domain: at, id: record.id });
    if (stored && isSame(stored, record)) return { change: "unchanged", entries: [stored.entry] };
    const entry = entries.join(at, signature);
    if (!stored) {
      const reference = referenceOf(settings.reference_secret, domain, record.id);
      records.insert(at, reference, record, entry, seq());
      return { change: "loaded", entries: [entry] };
    }
    records.update(stored.number, record, entry, seq());
    entries.leave(stored.entry);
    return { change: "updated", entries: [...new Set([entry, stored.entry])] };
  };

  /** One seq a transaction keeps seq near the clock however many records a load has. */
  const change = <T>(work: (seq: () => number, touched: Set<number>) => T): T =>
    transaction(db, () => {
      let seq: number | undefined;
      const touched = new Set<number>();
      const value = work(() => (seq ??= nextSeq()), touched);
      // Read here: another process may have changed the policy since.
      const { minimum_count: minimumCount } = readSettings();
      if (seq !== undefined) for (const entry of touched) entries.restate(entry, seq, minimumCount);
      return value;
    });

  const take = (read: () => Pending[]): Pending[] =>
    transaction(db, () => {
      const pending = read();
      for (const { entry } of pending) entries.markOffered(entry);
      return pending;
    });

  return {
    floors: floorTable(db),
    get epoch() {
      return epoch;
    },
    raiseEpoch: (wanted) =>
      transaction(db, () => {
        // Read here: another process may have raised it.
        epoch = readSettings().epoch;
        if (wanted <= epoch) return false;
        db.prepare("UPDATE node SET epoch = ?").run(wanted);
        entries.requeueAll();
        epoch = wanted;
        return true;
      }),
    put: (domain, list) =>
      change((seq, touched) =>
        list.map((item) => {
          const outcome = putOne(domain, item, seq);
          if (outcome.change !== "unchanged") for (const e of outcome.entries) touched.add(e);
          return outcome;
        }),
      ),
    remove: (domain, id) =>
      change((seq, touched) => {
        const at = numberOf(domain);
        const stored = records.find({ domain: at, id });
        if (!stored) return undefined;
        records.remove(at, stored.number, seq());
        entries.leave(stored.entry);
        touched.add(stored.entry);
        return [stored.entry];
      }),
    lastSeq: () => Number(lastSeq.get()?.["seq"]),
    changedAfter: (domain, after, limit) => records.changedAfter(numberOf(domain), after, limit),
    removedSince: (domain, seq) => records.removedSince(numberOf(domain), seq),
    fingerprint: (domain) => records.fingerprint(numberOf(domain)),
    outcome: (record) => records.outcome(record),
    totals: (domain) => {
      const at = numberOf(domain);
      return { records: records.count(at), ...entries.totals(at) };
    },
    domainDocument: (domain) =>
      readRow(z.object({ document: z.string() }), document.get(domain))?.document,
    takeDue: (at, limit) => take(() => entries.due(at, limit)),
    takeWaiting: (list) => take(() => list.flatMap((entry) => entries.pending(entry) ?? [])),
    countWaiting: (list) => list.filter((entry) => entries.pending(entry) !== undefined).length,
    nextDueAt: () => entries.nextAt(),
    conclude: (complete, postponed) => {
      transaction(db, () => {
        for (const { entry, seq } of complete) entries.settle(entry, seq);
        for (const postponement of postponed) entries.postpone(postponement);
      });
    },
    waiting: () => ({
      entries: entries.waiting(),
      unacknowledged: entries.unacknowledged(),
      nodes: entries.waitingFor(),
    }),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}
