/** What must hold of an origin's database, its log, and the nodes' entries once all is quiet. */
import { createSecretKey } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { openAuditReader, type OriginConfig } from "../../../origin/index.ts";
import { verifyLog } from "../../../origin/audit/index.ts";
import { prepareRecord } from "../../../origin/prepare-record.ts";
import { referenceOf } from "../../../origin/store/records.ts";
import {
  canonicalBytes,
  openIdentity,
  receiptFault,
  slotsOf,
  toBase64Url,
  type Entry,
} from "../../../protocol/index.ts";
import { ward, wardRecord } from "../origin-domain.ts";
import type { TestMesh } from "../origin-mesh.ts";
import type { CrashLedger } from "./ledger.ts";

const json = z.string().transform((text): unknown => JSON.parse(text));
const rowSchema = z.object({
  id: z.string(),
  profile: json.pipe(z.record(z.string(), z.unknown())),
  intervention: json,
  result: json,
  cohort: z.int().nullable(),
  entry: z.int(),
  published: z.instanceof(Uint8Array),
});
const entrySchema = z.object({
  number: z.int(),
  signature: z.instanceof(Uint8Array),
  records: z.int(),
  announced: z.int(),
  seq: z.int(),
});

export interface StoreState {
  readonly rows: readonly z.infer<typeof rowSchema>[];
  readonly entries: readonly z.infer<typeof entrySchema>[];
  readonly waiting: number;
  readonly secret: Uint8Array;
}

export function readState(path: string): StoreState {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    db.exec("BEGIN");
    return {
      rows: db
        .prepare(
          `SELECT id, profile, intervention, result, cohort, entry, signature AS published
           FROM records JOIN entries ON entries.number = entry`,
        )
        .all()
        .map((row) => rowSchema.parse(row)),
      entries: db
        .prepare("SELECT number, signature, records, announced, seq FROM entries")
        .all()
        .map((row) => entrySchema.parse(row)),
      waiting: Number(db.prepare("SELECT count(*) AS n FROM outbox").get()?.["n"]),
      secret: z
        .instanceof(Uint8Array)
        .parse(db.prepare("SELECT reference_secret AS s FROM node").get()?.["s"]),
    };
  } finally {
    db.close();
  }
}

export function storedContents({ rows }: StoreState): Map<string, string> {
  return new Map(
    rows.map(({ id, profile, intervention, result }) => [
      id,
      new TextDecoder().decode(canonicalBytes({ profile, intervention, result })),
    ]),
  );
}

const signatures = new Map<string, Uint8Array>();

/** Of a profile, as the protocol makes it; remembered, as few differ. */
function signatureOfProfile(profile: Readonly<Record<string, unknown>>): Uint8Array {
  const name = JSON.stringify(profile);
  const known = signatures.get(name);
  if (known) return known;
  const prepared = prepareRecord(ward, wardRecord("any", { profile: { ...profile } }));
  if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
  signatures.set(name, prepared.value.signature);
  return prepared.value.signature;
}

/** By signature, the count that the mesh must have: from the records alone, by what policy says. */
function expectedEntries({ rows }: StoreState, groupSize: number): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (signature: Uint8Array): void => {
    const name = toBase64Url(signature);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const { profile, cohort, published } of rows) {
    if (groupSize === 1) count(signatureOfProfile(profile));
    else if (cohort !== null) count(published);
  }
  return counts;
}

/** What is amiss between the store, its policy and the nodes. */
export function checkMesh(mesh: TestMesh, state: StoreState, groupSize: number): string[] {
  const amiss: string[] = [];
  const expected = expectedEntries(state, groupSize);
  const announced = new Map(
    state.entries
      .filter((entry) => entry.announced > 0)
      .map((entry) => [toBase64Url(entry.signature), entry]),
  );
  for (const [name, count] of expected) {
    const entry = announced.get(name);
    if (entry?.announced !== count) {
      amiss.push(`${name} is of ${count} records, and announced as ${entry?.announced ?? 0}`);
    }
  }
  for (const name of announced.keys()) {
    if (!expected.has(name)) amiss.push(`${name} is announced without a record`);
  }
  if (groupSize > 1) amiss.push(...checkCohorts(state, groupSize));
  const view = mesh.view();
  for (const { identity, node } of mesh.members) {
    const held = new Map(node.entries.map((entry) => [toBase64Url(entry.signature), entry]));
    if (held.size !== node.entries.length) amiss.push("a signature is held twice");
    for (const [name, { signature, announced: count, seq }] of announced) {
      const isPlace = slotsOf(ward.plan, signature).some(
        (slot) => slot !== undefined && view.placement.replicasOf(slot).includes(identity.node),
      );
      const entry = held.get(name);
      if (isPlace && (entry?.count !== count || entry.seq !== seq)) {
        amiss.push(
          `${name}: a node has ${entry?.count ?? 0}@${entry?.seq ?? 0}, not ${count}@${seq}`,
        );
      }
    }
    for (const name of held.keys()) if (!announced.has(name)) amiss.push(`${name} was left behind`);
    amiss.push(...checkStatements(node.received));
  }
  return amiss;
}

function checkCohorts({ rows }: StoreState, groupSize: number): string[] {
  const cohorts = Map.groupBy(
    rows.filter(({ cohort }) => cohort !== null),
    ({ cohort }) => cohort,
  );
  return [...cohorts].flatMap(([number, members]) => [
    ...(members.length < groupSize ? [`cohort ${number} has ${members.length} records`] : []),
    ...(new Set(members.map(({ entry }) => entry)).size > 1
      ? [`cohort ${number} is under several entries`]
      : []),
  ]);
}

/** Statements about one signature: never two of one seq that differ, and none older than one before. */
function checkStatements(received: readonly Entry[]): string[] {
  const last = new Map<string, Entry>();
  return received.flatMap((entry) => {
    const name = toBase64Url(entry.signature);
    const before = last.get(name);
    last.set(name, entry);
    if (!before || entry.seq > before.seq) return [];
    if (entry.seq < before.seq) return [`${name}: ${entry.seq} came after ${before.seq}`];
    return entry.count === before.count ? [] : [`${name}: two statements with seq ${entry.seq}`];
  });
}

/** What is amiss with the log, and between it and what was acknowledged. */
export async function checkAudit(
  { database, key, meshId }: OriginConfig,
  state: StoreState,
  ledger: CrashLedger,
): Promise<string[]> {
  const { publicKey } = await openIdentity(key);
  const reader = openAuditReader(database);
  try {
    const report = await verifyLog(reader.tables, {
      owner: { mesh: meshId, key: publicKey },
      given: ledger.receipts.map(({ checkpoint }, i) => ({
        signed: checkpoint,
        from: `receipt ${i}`,
      })),
      records: reader.records,
    });
    const amiss = report.faults.map(({ message }) => message);
    const entries = [...reader.tables.entries(0, reader.tables.size())].map(
      ({ document }) => document,
    );
    for (const receipt of ledger.receipts) {
      const fault = await receiptFault(receipt);
      if (fault) amiss.push(`a receipt: ${fault}`);
      const logged = entries[receipt.entry.index];
      if (logged !== new TextDecoder().decode(canonicalBytes(receipt.entry))) {
        amiss.push(`the log lacks entry ${receipt.entry.index}, of which there is a receipt`);
      }
    }
    const counted = new Map<string, { deposits: number; withdrawals: number }>();
    for (const document of entries) {
      const { kind, reference } = noteSchema.parse(JSON.parse(document));
      if (reference === undefined) continue;
      const counts = counted.get(reference) ?? { deposits: 0, withdrawals: 0 };
      counted.set(reference, counts);
      counts[kind === "deposit" ? "deposits" : "withdrawals"] += 1;
    }
    for (const [id, wanted] of ledger.logged) {
      const reference = referenceOf(createSecretKey(state.secret), ward.id, id);
      const found = counted.get(reference) ?? { deposits: 0, withdrawals: 0 };
      if (found.deposits !== wanted.deposits || found.withdrawals !== wanted.withdrawals) {
        amiss.push(`${id}: ${JSON.stringify(wanted)}, and logged ${JSON.stringify(found)}`);
      }
    }
    return amiss;
  } finally {
    reader.close();
  }
}

const noteSchema = z.object({ kind: z.string(), reference: z.string().optional() });
