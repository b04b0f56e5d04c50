/** SQL of entries and their outbox: what was said to the mesh about each signature, and what still has to be. */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { domainIdSchema } from "../../protocol/index.ts";
import { readRow } from "./database.ts";

/** An entry's count is 32 bits on the wire. */
const COUNT_MAX = 0xffff_ffff;

const stateSchema = z.object({
  number: z.int(),
  records: z.int(),
  announced: z.int(),
  offered: z.int(),
  active: z.int(),
  decoy: z.int(),
  minimum: z.int(),
  isHidden: z.int().transform(Boolean),
});
type EntryState = z.infer<typeof stateSchema>;

const announcementSchema = z.object({
  signature: z.instanceof(Uint8Array),
  count: z.int(),
  records: z.int(),
});

const pendingSchema = z.object({
  entry: z.int(),
  seq: z.int(),
  attempts: z.int(),
  placement: z.string().nullable(),
  missing: z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : z.array(z.string()).parse(JSON.parse(text)))),
  /** 1 once a majority of every slot's replicas stored it. */
  acknowledged: z.int(),
  domain: domainIdSchema,
  count: z.int(),
  signature: z.instanceof(Uint8Array),
});
/** A statement of the outbox: publish the signature with this count, or withdraw it where that is 0. */
export type Pending = Readonly<z.infer<typeof pendingSchema>>;

/** What one attempt left undone of a statement. */
export interface Postponement {
  readonly entry: number;
  readonly seq: number;
  readonly nextAt: number;
  readonly placement: string | null;
  /** Nodes that did not store it; null if that is not known. */
  readonly missing: readonly string[] | null;
  /** A majority of every slot's replicas stored it. */
  readonly isAcknowledged: boolean;
}

/** Of the domain beside the entry. */
const MINIMUM = "json_extract(publication, '$.minimumCount')";

const PENDING = `
  SELECT outbox.entry, outbox.seq, attempts, placement, missing, acknowledged,
         domains.id AS domain, announced AS count, signature
  FROM outbox
  JOIN entries ON entries.number = outbox.entry
  JOIN domains ON domains.number = entries.domain`;

export function entryTable(db: DatabaseSync) {
  const add = db.prepare(
    `INSERT INTO entries (domain, signature, records) VALUES (?, ?, 1)
     ON CONFLICT (domain, signature) DO UPDATE SET records = records + 1 RETURNING number`,
  );
  const leave = db.prepare("UPDATE entries SET records = records - 1 WHERE number = ?");
  const state = db.prepare(
    `SELECT entries.number, records, announced, offered, active, decoy, ${MINIMUM} AS minimum,
       length(signature) = 0 AS isHidden
     FROM entries JOIN domains ON domains.number = entries.domain WHERE entries.number = ?`,
  );
  const misstated = db.prepare(
    `SELECT entries.number FROM entries JOIN domains ON domains.number = entries.domain
     WHERE announced <> CASE
       WHEN active = 0 OR length(signature) = 0 THEN 0
       WHEN records >= ${MINIMUM} THEN min(records, ${COUNT_MAX})
       ELSE decoy END`,
  );
  const announce = db.prepare("UPDATE entries SET announced = ?, seq = ? WHERE number = ?");
  const drop = db.prepare(
    `DELETE FROM entries WHERE number = ? AND records = 0 AND announced = 0 AND offered = 0`,
  );
  const offer = db.prepare("UPDATE entries SET offered = 1 WHERE number = ? AND offered = 0");
  const withdrawn = db.prepare("UPDATE entries SET offered = 0 WHERE number = ? AND announced = 0");
  const queue = db.prepare(
    `INSERT INTO outbox (entry, seq) VALUES (?, ?) ON CONFLICT (entry) DO UPDATE
     SET seq = excluded.seq, attempts = 0, next_at = 0, placement = NULL, missing = NULL, acknowledged = 0`,
  );
  const unqueue = db.prepare("DELETE FROM outbox WHERE entry = ?");
  const settle = db.prepare("DELETE FROM outbox WHERE entry = ? AND seq = ?");
  const postpone = db.prepare(
    `UPDATE outbox SET attempts = attempts + 1, next_at = ?, placement = ?, missing = ?,
     acknowledged = max(acknowledged, ?) WHERE entry = ? AND seq = ?`,
  );
  const due = db.prepare(`${PENDING} WHERE next_at <= ? ORDER BY next_at, outbox.entry LIMIT ?`);
  const one = db.prepare(`${PENDING} WHERE outbox.entry = ?`);
  const nextAt = db.prepare("SELECT min(next_at) AS at FROM outbox");
  const totals = db.prepare(
    `SELECT count(*) AS entries, count(*) FILTER (WHERE announced > 0) AS announced
     FROM entries WHERE domain = ? AND records > 0 AND length(signature) > 0`,
  );
  const waiting = db.prepare("SELECT count(*) AS n FROM outbox");
  const unacknowledged = db.prepare("SELECT count(*) AS n FROM outbox WHERE acknowledged = 0");
  const waitingOf = db.prepare(
    "SELECT count(*) AS n FROM outbox JOIN entries ON entries.number = outbox.entry WHERE domain = ?",
  );
  const oldest = db.prepare("SELECT min(seq) AS at FROM outbox");
  const forgetWithdrawals = db.prepare(
    "DELETE FROM outbox WHERE entry IN (SELECT number FROM entries WHERE announced = 0)",
  );
  const dropWithdrawn = db.prepare("UPDATE entries SET offered = 0 WHERE announced = 0");
  const dropUnused = db.prepare("DELETE FROM entries WHERE records = 0 AND announced = 0");
  const requeueAll = db.prepare(
    `INSERT INTO outbox (entry, seq) SELECT number, seq FROM entries WHERE announced > 0
     ON CONFLICT (entry) DO UPDATE
     SET attempts = 0, next_at = 0, placement = NULL, missing = NULL, acknowledged = 0`,
  );
  const missing = db.prepare(
    `SELECT nodes.value AS node, count(*) AS entries
     FROM outbox, json_each(outbox.missing) AS nodes GROUP BY nodes.value ORDER BY nodes.value`,
  );

  /** Makes the outbox say what the entry should say by now, if that differs from what was said last. */
  const restate = (number: number, seq: number): void => {
    const entry = readRow(stateSchema, state.get(number));
    if (!entry) return;
    const wanted = wantedCount(entry);
    if (wanted !== entry.announced) {
      announce.run(wanted, seq, number);
      // A signature that never left this machine needs no withdrawal; sending one would disclose it.
      if (wanted === 0 && entry.offered === 0) unqueue.run(number);
      else queue.run(number, seq);
    }
    drop.run(number);
  };

  const decoys = db.prepare(
    "SELECT number FROM entries WHERE domain = ? AND decoy > 0 ORDER BY number",
  );
  const addDecoy = db.prepare(
    `INSERT INTO entries (domain, signature, decoy) VALUES (?, ?, ?)
     ON CONFLICT (domain, signature) DO UPDATE SET decoy = excluded.decoy RETURNING number`,
  );
  const has = db.prepare("SELECT 1 FROM entries WHERE domain = ? AND signature = ?");
  const dropDecoy = db.prepare("UPDATE entries SET decoy = 0 WHERE number = ?");

  const announcements = db.prepare(
    `SELECT signature, announced AS count, records FROM entries
     WHERE domain = ? AND announced > 0 ORDER BY number`,
  );

  return {
    announcements: (domain: number) =>
      announcements.all(domain).map((row) => announcementSchema.parse(row)),
    /** Entries that are, or would be, announced without records. */
    decoys: (domain: number): number[] => decoys.all(domain).map(({ number }) => Number(number)),
    addDecoy: (domain: number, signature: Uint8Array, count: number): number =>
      Number(addDecoy.get(domain, signature, count)?.["number"]),
    has: (domain: number, signature: Uint8Array): boolean =>
      has.get(domain, signature) !== undefined,
    dropDecoy: (number: number) => dropDecoy.run(number),
    /** Counts one more record with this signature; returns the entry's number. */
    join: (domain: number, signature: Uint8Array): number =>
      Number(add.get(domain, signature)?.["number"]),
    /** Counts one record less. */
    leave: (number: number) => leave.run(number),
    restate,
    /** Entries whose last statement a change of policy or of the served domains has made wrong. */
    misstated: (): number[] => misstated.all().map(({ number }) => Number(number)),
    markOffered: (number: number) => offer.run(number),
    /** Every replica stored this statement: forget it, unless there is a newer one. */
    settle: (number: number, seq: number) => {
      if (Number(settle.run(number, seq).changes) === 0) return;
      withdrawn.run(number);
      drop.run(number);
    },
    postpone: ({ entry, seq, nextAt: at, placement, missing: nodes, ...rest }: Postponement) => {
      const list = nodes === null ? null : JSON.stringify(nodes);
      postpone.run(at, placement, list, rest.isAcknowledged ? 1 : 0, entry, seq);
    },
    /** Everything that the mesh is to know, once more: it dropped what was said before. */
    requeueAll: () => {
      // What was withdrawn is gone with all else, and needs no tombstone.
      forgetWithdrawals.run();
      dropWithdrawn.run();
      dropUnused.run();
      requeueAll.run();
    },
    due: (now: number, limit: number): Pending[] =>
      due.all(now, limit).map((row) => pendingSchema.parse(row)),
    pending: (number: number): Pending | undefined => readRow(pendingSchema, one.get(number)),
    /** When the next statement is due; undefined for an empty outbox. */
    nextAt: (): number | undefined => {
      const at = nextAt.get()?.["at"];
      return typeof at === "number" ? at : undefined;
    },
    totals: (domain: number): { entries: number; announced: number } => {
      const row = totals.get(domain);
      return { entries: Number(row?.["entries"]), announced: Number(row?.["announced"]) };
    },
    waiting: (): number => Number(waiting.get()?.["n"]),
    unacknowledged: (): number => Number(unacknowledged.get()?.["n"]),
    waitingOf: (domain: number): number => Number(waitingOf.get(domain)?.["n"]),
    /** A statement's seq is the time when it was made, or just after. */
    oldestAt: (): number | undefined => {
      const at = oldest.get()?.["at"];
      return typeof at === "number" ? at : undefined;
    },
    waitingFor: (): { node: string; entries: number }[] =>
      missing.all().map((row) => z.object({ node: z.string(), entries: z.int() }).parse(row)),
  };
}

function wantedCount(entry: EntryState): number {
  if (entry.active === 0 || entry.isHidden) return 0;
  return entry.records >= entry.minimum ? Math.min(entry.records, COUNT_MAX) : entry.decoy;
}
