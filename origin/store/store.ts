/**
 * The origin's database: records, the entries that follow from them, and the outbox. Every change of these
 * three is one transaction, so a crash at any moment loses nothing and publishes nothing twice.
 */
import { createSecretKey } from "node:crypto";
import { z } from "zod";
import {
  canonicalBytes,
  coarsenProfile,
  encodeKnown,
  randomise,
  type CompiledDomain,
  type DomainId,
  type Floors,
  type OutcomeRecord,
} from "../../protocol/index.ts";
import { auditTables, type AuditTables } from "../audit/tables.ts";
import type { FreeRecord, NewCohort } from "../policy/cohorts/form.ts";
import { cohortTable, type StoredCohort } from "./cohorts.ts";
import { openDatabase, readRow, transaction } from "./database.ts";
import { makeDecoys } from "./decoys.ts";
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
import { sourceStore, type SourceStore } from "./sources.ts";
import {
  HIDDEN,
  needsResigning,
  publicationSchema,
  publishedSignature,
  type Publication,
} from "./publication.ts";
import { quotaTable, type Quotas } from "./quotas.ts";

export interface StoreOptions {
  /** What the mesh may know. Defaults, by domain, to what the database was last opened with, at first everything. */
  readonly publications?: ReadonlyMap<DomainId, Publication>;
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
  /** The record's number, and the seq of its last change. */
  readonly record: number;
  readonly seq: number;
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

/** What the mesh is told of a domain: one entry. */
export interface Announcement {
  readonly signature: Uint8Array;
  readonly count: number;
  /** 0 behind a decoy. */
  readonly records: number;
}

export interface Store {
  /** In which this origin publishes. */
  readonly epoch: number;
  /** Of members' requests. */
  readonly floors: Floors;
  /** What happened here. Every change of records is in it, in the transaction that made it. */
  readonly audit: AuditTables;
  /** The systems that records come from, and what came from which. */
  readonly sources: SourceStore;
  readonly quotas: Quotas;
  /** Publishes in `epoch` from now on, and all anew: the mesh drops what was published in lower ones. False if it is none higher. */
  raiseEpoch(epoch: number): boolean;
  /** Stores records, new or changed, in one transaction. */
  put(domain: DomainId, records: readonly SignedRecord[], by?: "load" | "deposit"): PutOutcome[];
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
  /** How many records have each value, as text, of a field. */
  categories(
    domain: DomainId,
    part: "intervention" | "result",
    field: string,
  ): ReadonlyMap<string, number>;
  cohorts(domain: DomainId): readonly StoredCohort[];
  /** Records that are in no cohort. */
  freeRecords(domain: DomainId): readonly FreeRecord[];
  countFree(domain: DomainId): number;
  /** Stores cohorts; one of whose members has changed meanwhile is left out. Returns how many are new. */
  addCohorts(domain: DomainId, cohorts: readonly NewCohort[]): number;
  announcements(domain: DomainId): readonly Announcement[];
  totals(domain: DomainId): DomainTotals;
  /** Canonical JSON of a domain that is or was served. */
  domainDocument(domain: DomainId): string | undefined;
  /** Statements that are due, oldest first, to be sent now: from here on they may be known outside. */
  takeDue(now: number, limit: number): Pending[];
  /** Those about `entries` that wait, due or not, likewise. */
  takeWaiting(entries: readonly number[]): Pending[];
  /** How many of a domain's entries have a statement that waits. */
  countWaitingOf(domain: DomainId): number;
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
    /** When the oldest of them was made, in milliseconds since 1970; undefined for an empty outbox. */
    readonly oldestAt: number | undefined;
    readonly nodes: readonly { node: string; entries: number }[];
  };
  close(): void;
}

/** Profiles that decoys are put together from. */
const DECOY_SOURCES = 200;

const nodeSchema = z.object({
  epoch: z.int(),
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
  const audit = auditTables(db);
  const cohorts = cohortTable(db);
  const advance = db.prepare(
    "UPDATE node SET last_seq = max(last_seq + 1, ?) RETURNING last_seq AS seq",
  );
  const readNode = db.prepare("SELECT epoch, reference_secret FROM node");
  const lastSeq = db.prepare("SELECT last_seq AS seq FROM node");
  const document = db.prepare("SELECT document FROM domains WHERE id = ?");

  // Time where it is ahead, so that a lost database does not start below what peers have seen.
  const nextSeq = (): number => Number(advance.get(now())?.["seq"]);
  const readSettings = () => {
    const node = readRow(nodeSchema, readNode.get());
    if (!node) throw new Error(`${path} has no node row`);
    return node;
  };

  const { reference_secret: secret, ...settings } = readSettings();
  // As a key that is made once: making it costs four times as much as using it.
  const referenceSecret = createSecretKey(secret);
  let { epoch } = settings;
  /** As the mesh is shown it. What stands in the table of entries is this, and is what a tombstone names later. */
  const withNoise = ({ plan }: CompiledDomain, signature: Uint8Array): Uint8Array =>
    randomise(plan, signature, secret);

  const readPublication = db.prepare("SELECT publication FROM domains WHERE number = ?");
  const publicationOf = (number: number): Publication =>
    publicationSchema.parse(JSON.parse(String(readPublication.get(number)?.["publication"])));

  /** Takes over what policy says by now; where that asks for other signatures, every record is given its new one. */
  const adoptPublication = (number: number, compiled: CompiledDomain): void => {
    const before = publicationOf(number);
    const wanted = options.publications?.get(compiled.id) ?? before;
    db.prepare("UPDATE domains SET publication = ?, active = ? WHERE number = ?").run(
      JSON.stringify(wanted),
      wanted.publish ? 1 : 0,
      number,
    );
    if (needsResigning(before, wanted)) {
      for (const { number: record, entry, profile } of records.signable(number)) {
        const signature = withNoise(compiled, publishedSignature(compiled, wanted, profile));
        cohorts.move(record, null, entries.join(number, signature));
        entries.leave(entry);
      }
      for (const cohort of cohorts.list(number)) cohorts.drop(cohort.number);
      for (const decoy of entries.decoys(number)) entries.dropDecoy(decoy);
    }
    keepDecoys(number, compiled);
  };

  /** Makes as many decoys as policy wants, or drops those that are too many; the entries it touched. */
  const keepDecoys = (number: number, compiled: CompiledDomain): number[] => {
    const publication = publicationOf(number);
    const present = entries.decoys(number);
    const surplus = present.slice(publication.decoys);
    for (const entry of surplus) entries.dropDecoy(entry);
    const missing = publication.decoys - present.length;
    if (missing <= 0) return surplus;
    const sources =
      publication.groupSize > 1
        ? cohorts.list(number).map(({ centre }) => encodeKnown(compiled, centre))
        : records
            .sample(number, DECOY_SOURCES)
            .map((profile) =>
              coarsenProfile(compiled, encodeKnown(compiled, profile), publication.coarseness),
            );
    const decoys = makeDecoys(compiled, {
      publication,
      sources,
      secret,
      wanted: missing,
      withNoise: (signature) => withNoise(compiled, signature),
      isTaken: (signature) => entries.has(number, signature),
    });
    return decoys.map(({ signature, count }) => entries.addDecoy(number, signature, count));
  };

  const numbers = transaction(db, () => {
    db.exec("UPDATE domains SET active = 0");
    const upsert = db.prepare(
      `INSERT INTO domains (id, document, active) VALUES (?, ?, 0)
       ON CONFLICT (id) DO UPDATE SET document = excluded.document RETURNING number`,
    );
    const byId = new Map<DomainId, number>();
    for (const compiled of domains) {
      const text = new TextDecoder().decode(canonicalBytes(compiled.domain));
      const number = Number(upsert.get(compiled.id, text)?.["number"]);
      byId.set(compiled.id, number);
      adoptPublication(number, compiled);
    }
    if (audit.size() === 0) audit.append({ kind: "begin", records: records.totals() }, now());
    const wrong = entries.misstated();
    const seq = wrong.length > 0 ? nextSeq() : 0;
    for (const number of wrong) entries.restate(number, seq);
    return byId;
  });
  const compiledOf = (domain: DomainId): CompiledDomain => {
    const compiled = domains.find(({ id }) => id === domain);
    if (!compiled) throw new Error(`the store was not opened for the domain ${domain}`);
    return compiled;
  };
  const numberOf = (domain: DomainId): number => {
    const number = numbers.get(domain);
    if (number === undefined) throw new Error(`the store was not opened for the domain ${domain}`);
    return number;
  };

  /** What was told of a cohort holds no longer: its records wait for another. */
  const dissolve = (domain: number, cohort: number, touched: Set<number>): void => {
    for (const { number, entry } of cohorts.members(domain, cohort)) {
      cohorts.move(number, null, entries.join(domain, HIDDEN));
      entries.leave(entry);
      touched.add(entry);
    }
    cohorts.drop(cohort);
  };

  /** The record as it is stored, once it is out of its cohort. */
  const takeOut = (domain: number, id: string, touched: Set<number>) => {
    const stored = records.find({ domain, id });
    const cohort = stored && cohorts.of(stored.number);
    if (cohort === undefined) return stored;
    dissolve(domain, cohort, touched);
    return records.find({ domain, id });
  };

  const putOne = (
    domain: DomainId,
    { record, signature: exact }: SignedRecord,
    seq: () => number,
    touched: Set<number>,
  ): PutOutcome => {
    const at = numberOf(domain);
    const known = records.find({ domain: at, id: record.id });
    if (known && isSame(known, record)) {
      return { change: "unchanged", record: known.number, seq: known.seq, entries: [known.entry] };
    }
    const stored = takeOut(at, record.id, touched);
    const compiled = compiledOf(domain);
    const own = publishedSignature(compiled, publicationOf(at), record.profile, exact);
    const entry = entries.join(at, withNoise(compiled, own));
    if (!stored) {
      const reference = referenceOf(referenceSecret, domain, record.id);
      const number = records.insert(at, reference, record, entry, seq());
      return { change: "loaded", record: number, seq: seq(), entries: [entry] };
    }
    records.update(stored.number, record, entry, seq());
    entries.leave(stored.entry);
    return {
      change: "updated",
      record: stored.number,
      seq: seq(),
      entries: [...new Set([entry, stored.entry])],
    };
  };

  const logLoad = (domain: DomainId, changes: readonly { readonly change: string }[]): void => {
    const count = (wanted: string) => changes.filter(({ change }) => change === wanted).length;
    const [loaded, updated] = [count("loaded"), count("updated")];
    if (loaded + updated > 0) audit.append({ kind: "load", domain, loaded, updated }, now());
  };

  const logPut = (
    domain: DomainId,
    list: readonly SignedRecord[],
    outcomes: readonly PutOutcome[],
    by: "load" | "deposit",
  ): void => {
    if (by === "load") return logLoad(domain, outcomes);
    for (const [i, { record }] of list.entries()) {
      const change = outcomes[i]?.change;
      if (change === undefined || change === "unchanged") continue;
      const reference = referenceOf(referenceSecret, domain, record.id);
      audit.append({ kind: "deposit", domain, reference, change }, now());
    }
  };

  const removeOne = (
    domain: DomainId,
    id: string,
    seq: () => number,
    touched: Set<number>,
  ): boolean => {
    const at = numberOf(domain);
    const stored = takeOut(at, id, touched);
    if (!stored) return false;
    records.remove(at, stored.number, seq());
    entries.leave(stored.entry);
    touched.add(stored.entry);
    const reference = referenceOf(referenceSecret, domain, id);
    audit.append({ kind: "withdraw", domain, reference }, now());
    return true;
  };

  /** One seq a transaction keeps seq near the clock however many records a load has. */
  const change = <T>(work: (seq: () => number, touched: Set<number>) => T): T =>
    transaction(db, () => {
      let seq: number | undefined;
      const touched = new Set<number>();
      const value = work(() => (seq ??= nextSeq()), touched);
      if (seq === undefined) return value;
      for (const compiled of domains) {
        for (const entry of keepDecoys(numberOf(compiled.id), compiled)) touched.add(entry);
      }
      for (const entry of touched) entries.restate(entry, seq);
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
    audit,
    sources: sourceStore(db, { numberOf, change, putOne, removeOne, logLoad }),
    quotas: quotaTable(db),
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
    put: (domain, list, by = "load") =>
      change((seq, touched) => {
        const outcomes = list.map((item) => {
          const outcome = putOne(domain, item, seq, touched);
          if (outcome.change !== "unchanged") for (const e of outcome.entries) touched.add(e);
          return outcome;
        });
        logPut(domain, list, outcomes, by);
        return outcomes;
      }),
    remove: (domain, id) =>
      change((seq, touched) => (removeOne(domain, id, seq, touched) ? [...touched] : undefined)),
    lastSeq: () => Number(lastSeq.get()?.["seq"]),
    changedAfter: (domain, after, limit) => records.changedAfter(numberOf(domain), after, limit),
    removedSince: (domain, seq) => records.removedSince(numberOf(domain), seq),
    fingerprint: (domain) => records.fingerprint(numberOf(domain)),
    outcome: (record) => records.outcome(record),
    categories: (domain, part, field) => records.categories(numberOf(domain), part, field),
    cohorts: (domain) => cohorts.list(numberOf(domain)),
    freeRecords: (domain) => cohorts.free(numberOf(domain)),
    countFree: (domain) => cohorts.countFree(numberOf(domain)),
    addCohorts: (domain, list) =>
      change((seq, touched) => {
        const at = numberOf(domain);
        const compiled = compiledOf(domain);
        let added = 0;
        for (const cohort of list) {
          const members = cohort.members.flatMap((member) => cohorts.member(member) ?? []);
          if (members.length < cohort.members.length) continue;
          const number = cohorts.add(at, cohort);
          const signature = withNoise(compiled, cohort.signature);
          for (const member of members) {
            const entry = entries.join(at, signature);
            cohorts.move(member.number, number, entry);
            entries.leave(member.entry);
            touched.add(entry).add(member.entry);
          }
          seq();
          added += 1;
        }
        return added;
      }),
    announcements: (domain) => entries.announcements(numberOf(domain)),
    totals: (domain) => {
      const at = numberOf(domain);
      return { records: records.count(at), ...entries.totals(at) };
    },
    domainDocument: (domain) =>
      readRow(z.object({ document: z.string() }), document.get(domain))?.document,
    takeDue: (at, limit) => take(() => entries.due(at, limit)),
    takeWaiting: (list) => take(() => list.flatMap((entry) => entries.pending(entry) ?? [])),
    countWaitingOf: (domain) => entries.waitingOf(numberOf(domain)),
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
      oldestAt: entries.oldestAt(),
      nodes: entries.waitingFor(),
    }),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}
