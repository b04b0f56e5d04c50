/** An audit log of many kinds of entries, in a database of its own, and the means to tamper with it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { recordTable } from "../../origin/store/records.ts";
import {
  AuditLog,
  auditTables,
  openAuditReader,
  verifyLog,
  type AuditReport,
} from "../../origin/audit/index.ts";
import type { GivenCheckpoint, QueryFacts } from "../../origin/audit/index.ts";
import { auditConfigSchema } from "../../origin/audit/config.ts";
import { prepareRecord } from "../../origin/prepare-record.ts";
import { openStore, type Store } from "../../origin/index.ts";
import { contentDigest, type Receipt } from "../../protocol/index.ts";
import { alice, bob, mesh } from "../unit/support/identities.ts";
import { temporaryDirectory, ward, wardRecord } from "./origin-domain.ts";

/** Whose log it is. */
export const OWNER = { mesh, key: bob.publicKey };
const START = Date.UTC(2026, 0, 2);

export interface TestLog {
  readonly path: string;
  readonly store: Store;
  readonly log: AuditLog;
  /** Logs an answer to a query that is told from others by `name`. */
  readonly ask: (name: string, changes?: Partial<QueryFacts>) => Promise<Receipt>;
  /** As an orderly stop does. */
  readonly close: () => Promise<void>;
}

export async function newLog(config: Record<string, unknown> = {}): Promise<TestLog> {
  const path = join(await temporaryDirectory(), "origin.sqlite");
  return openLog(path, config);
}

export async function openLog(
  path: string,
  config: Record<string, unknown> = {},
): Promise<TestLog> {
  let now = START;
  const store = openStore(path, [ward], { now: () => now });
  const log = new AuditLog({
    tables: store.audit,
    identity: bob,
    mesh,
    config: auditConfigSchema.parse(config),
    now: () => (now += 1000),
    onFailure: (error) => {
      throw error;
    },
  });
  await log.start({ policy: { requestsPerMinute: 600 } });
  return {
    path,
    store,
    log,
    ask: (name, changes = {}) => {
      now += 1000;
      return log.append({
        asker: alice.node,
        domain: ward.id,
        queryDigest: digestOf(name),
        decision: { outcome: "released", reasons: [] },
        released: { count: 1, references: [`reference of ${name}`] },
        answerDigest: ward.id,
        answeredAt: now,
        ...changes,
      });
    },
    close: async () => {
      await log.close();
      store.close();
    },
  };
}

export const digestOf = (name: string): string => contentDigest(Buffer.from(name));

export function putRecords(store: Store, by: "load" | "deposit", ...ids: string[]): void {
  const prepared = ids.map((id) => {
    const record = prepareRecord(ward, wardRecord(id));
    if (!record.ok) throw new Error(JSON.stringify(record.error));
    return record.value;
  });
  store.put(ward.id, prepared, by);
}

/** A log with every kind of entry, closed: path, and a receipt of one of its queries. */
export async function fullLog(): Promise<{ readonly path: string; readonly receipt: Receipt }> {
  const test = await newLog({ checkpointEntries: 4 });
  putRecords(test.store, "load", "a", "b", "c");
  putRecords(test.store, "deposit", "d");
  const receipt = await test.ask("first", { purpose: "care" });
  await test.log.refuse({
    asker: alice.node,
    queryDigest: digestOf("refused"),
    decision: { outcome: "refused", reasons: ["forbidden"], rule: "policy.members" },
    released: { count: 0, references: [] },
    trace: randomBytes(16).toString("hex"),
    answeredAt: START,
  });
  test.store.remove(ward.id, "b");
  for (let i = 0; i < 9; i++) await test.ask(`query ${i}`);
  await test.close();
  return { path: test.path, receipt };
}

/** What the verification of the database at `path` says. */
export async function verifyAt(path: string): Promise<AuditReport> {
  const reader = openAuditReader(path);
  try {
    return await verifyLog(reader.tables, { owner: OWNER, records: reader.records });
  } finally {
    reader.close();
  }
}

/** Opens the database as someone who means to change what was logged. */
export function tamperWith(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  for (const table of ["audit_entries", "audit_nodes", "audit_checkpoints"]) {
    for (const change of ["update", "delete"]) db.exec(`DROP TRIGGER ${table}_no_${change}`);
  }
  // They could not hold what is no JSON.
  db.exec("DROP INDEX audit_by_query; DROP INDEX audit_by_trace");
  return db;
}

/** What the verification says after `change`, which is undone again. */
export async function verifyAfter(
  db: DatabaseSync,
  change: () => void,
  given: readonly GivenCheckpoint[] = [],
): Promise<AuditReport> {
  db.exec("BEGIN");
  try {
    change();
    const totals = recordTable(db).totals();
    const records = new Map(totals.map(({ domain, count }) => [domain, count]));
    return await verifyLog(auditTables(db), { owner: OWNER, given, records });
  } finally {
    db.exec("ROLLBACK");
  }
}
