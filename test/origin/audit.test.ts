/** The audit log of a running origin. */
import { copyFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEntries, openAuditReader, readEntry } from "../../origin/audit/index.ts";
import { openStore } from "../../origin/index.ts";
import {
  answerDigest,
  auditEntrySchema,
  consistencyProof,
  contentDigest,
  fromBase64Url,
  isReceiptFor,
  receiptFault,
  signedAnswerSchema,
  verifyConsistency,
  type Answer,
  type AuditEntry,
  type Receipt,
} from "../../protocol/index.ts";
import {
  digestOf,
  newLog,
  openLog,
  OWNER,
  putRecords,
  verifyAt,
} from "../support/audit-entries.ts";
import { temporaryDirectory, ward, wardRecord } from "../support/origin-domain.ts";
import { fileOfVersion2 } from "../support/origin-schema-v2.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  postQuery,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
  type TestOrigin,
} from "../support/origin-server.ts";
import { alice } from "../unit/support/identities.ts";

const SECRET_SIGN = "T:cough";
const profile = { age: 41, sex: "female", signs: [SECRET_SIGN] };
const query = { domain: ward.id, profile, k: 10 };

let mesh: TestMesh;
let started: TestOrigin;
let member: QuerySender;
beforeAll(async () => {
  mesh = await startTestMesh(2);
  started = await startTestOrigin(await writeOriginFiles(mesh));
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  for (const id of ["a", "b"]) {
    const record = wardRecord(id);
    await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
  }
});
afterAll(async () => {
  await started.origin.close();
  await mesh.stop();
});

async function ask(
  body: unknown = query,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly answer?: Answer; readonly body: Uint8Array }> {
  const request = await signedQuery(started.url, body, member);
  const response = await postQuery(started.url, {
    ...request,
    headers: { ...request.headers, ...headers },
  });
  if (response.status !== 200) return { status: response.status, body: request.body };
  const { answer } = signedAnswerSchema.parse(await response.json());
  return { status: 200, answer, body: request.body };
}

/** Entries from `from` on. */
function entriesOf(path: string, from = 0): AuditEntry[] {
  const reader = openAuditReader(path);
  try {
    return [...reader.tables.entries(from, Infinity)].map(({ document }) =>
      auditEntrySchema.parse(JSON.parse(document)),
    );
  } finally {
    reader.close();
  }
}

const logged = (from = 0): AuditEntry[] => entriesOf(started.config.database, from);

describe("P-111: what happens at an origin is in its log", () => {
  test("its start with its settings, deposits, corrections and withdrawals", async () => {
    const begin = logged().slice(0, 4);
    expect(begin).toMatchObject([
      { kind: "begin", records: [] },
      { kind: "start", settings: { policy: { requestsPerMinute: 600 }, domains: [ward.id] } },
      { kind: "deposit", change: "loaded", domain: ward.id },
      { kind: "deposit", change: "loaded", domain: ward.id },
    ]);
    const from = logged().length;
    const record = wardRecord("new");
    const deposit = (body: unknown) => asOperator(started.url, "POST", "/v1/outcomes", body);
    await deposit({ domain: ward.id, record });
    await deposit({ domain: ward.id, record });
    await deposit({ domain: ward.id, record: { ...record, result: { recovered: false } } });
    await asOperator(started.url, "DELETE", `/v1/outcomes/${ward.id}/new`);
    const changes = logged(from);
    expect(changes).toMatchObject([
      { kind: "deposit", change: "loaded" },
      { kind: "deposit", change: "updated" },
      { kind: "withdraw" },
    ]);
    expect(JSON.stringify(changes)).not.toContain('"new"');
  });

  test("a query with who asked, what was decided, and what left", async () => {
    const from = logged().length;
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    const { answer } = await ask(query, { traceparent });
    expect(logged(from)).toMatchObject([
      {
        kind: "query",
        asker: member.identity.node,
        domain: ward.id,
        at: answer?.answeredAt,
        trace: "ab".repeat(16),
        decision: { outcome: "released", reasons: ["the policy gives single cases"] },
        released: { count: 2, references: answer?.results.map(({ reference }) => reference) },
      },
    ]);
  });

  test("every refusal of a member's query, by its reason, and none of a stranger's", async () => {
    const from = logged().length;
    const { status } = await ask({ ...query, domain: member.to });
    await ask({ ...query, profile: { age: "old" } });
    await ask("no json");
    await postQuery(started.url, { headers: {}, body: new Uint8Array() });
    expect(status).toBe(404);
    const refused = (reason: string) => ({
      kind: "query",
      asker: member.identity.node,
      decision: { outcome: "refused", reasons: [reason] },
      released: { count: 0, references: [] },
    });
    expect(logged(from)).toMatchObject([
      refused("unknown-domain"),
      refused("bad-profile"),
      refused("bad-request"),
    ]);
    expect(logged(from).every((entry) => !("answer" in entry))).toBe(true);
  });

  test("a replay, but once a minute: a member can not fill the disk", async () => {
    const from = logged().length;
    const request = await signedQuery(started.url, query, member);
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await postQuery(started.url, request)).status);
    expect(statuses).toEqual([200, 401, 401, 401]);
    expect(logged(from)).toMatchObject([
      { decision: { outcome: "released" } },
      { decision: { outcome: "refused", reasons: ["unauthorized"] } },
    ]);
  });

  test("no profile value, in any byte of the log", async () => {
    await ask();
    const text = JSON.stringify(logged());
    expect(text).not.toContain(SECRET_SIGN);
    expect(text).not.toMatch(/"age"|"profile"/);
  });

  test("a failed change of records leaves nothing in the log either", async () => {
    const { store, close } = await newLog();
    const before = store.audit.size();
    const good = { record: wardRecord("x"), signature: new Uint8Array(64) };
    const bad = {
      signature: new Uint8Array(64),
      get record(): never {
        throw new Error("stop");
      },
    };
    expect(() => store.put(ward.id, [good, bad])).toThrow("stop");
    expect(store.audit.size()).toBe(before);
    expect(store.totals(ward.id).records).toBe(0);
    await close();
  });

  test("a load is one entry a transaction, with its counts, and nothing where nothing changed", async () => {
    const { store, path, close } = await newLog();
    const from = store.audit.size();
    putRecords(store, "load", "a", "b");
    putRecords(store, "load", "a", "b");
    putRecords(store, "load", "b", "c");
    await close();
    expect(entriesOf(path, from)).toMatchObject([
      { kind: "load", domain: ward.id, loaded: 2, updated: 0 },
      { kind: "load", domain: ward.id, loaded: 1, updated: 0 },
    ]);
  });
});

describe("P-113: a requester's receipt", () => {
  test("proves, without the origin, that the query and the answer are in its log", async () => {
    const { answer, body } = await ask();
    if (!answer?.receipt) throw new Error("no receipt");
    const context = {
      mesh: mesh.id,
      key: mesh.members[0].identity.publicKey,
      asker: member.identity.node,
      domain: ward.id,
      query: contentDigest(body),
      answer: answerDigest(answer),
      references: answer.results.map(({ reference }) => reference),
    };
    expect(await isReceiptFor(answer.receipt, context)).toBe(true);
    expect(await isReceiptFor(answer.receipt, { ...context, query: digestOf("other") })).toBe(
      false,
    );
  });

  test("comes with each of many answers at once, which share few checkpoints", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask()));
    const receipts = answers.flatMap(({ answer }) => answer?.receipt ?? []);
    expect(receipts).toHaveLength(40);
    expect(new Set(receipts.map(({ entry }) => entry.index)).size).toBe(40);
    const faults = await Promise.all(receipts.map(receiptFault));
    expect(faults.every((fault) => fault === undefined)).toBe(true);
    const sizes = new Set(receipts.map(({ checkpoint }) => checkpoint.checkpoint.size));
    expect(sizes.size).toBeLessThan(40);
  });

  test("opens what was logged of this query, and of no other", async () => {
    const { ask: append, close } = await newLog();
    const first = await append("first");
    const again = await append("first");
    const other = await append("other");
    expect(again.opening.key).toBe(first.opening.key);
    expect(other.opening.key).not.toBe(first.opening.key);
    expect(await receiptFault({ ...other, opening: first.opening })).toBe("bad-opening");
    await close();
  });

  test("of a later time is consistent with one of an earlier", async () => {
    const { ask: append, close, store } = await newLog();
    const receipts: Receipt[] = [];
    for (let i = 0; i < 9; i++) receipts.push(await append(`query ${i}`));
    const heads = receipts.map(({ checkpoint: { checkpoint } }) => ({
      size: checkpoint.size,
      root: fromBase64Url(checkpoint.root),
    }));
    for (const [i, earlier] of heads.entries()) {
      for (const later of heads.slice(i)) {
        const proof = consistencyProof(earlier.size, later.size, store.audit.node);
        expect(verifyConsistency(earlier, later, proof)).toBe(true);
      }
    }
    await close();
  });
});

describe("the log keeps", () => {
  test("the query itself where the configuration says so", async () => {
    const { ask: append, path, close } = await newLog({ queries: "full" });
    const { entry } = await append("query", { content: { ...query } });
    expect(entry.content).toEqual(query);
    await close();
    expect(entriesOf(path).at(-1)).toMatchObject({ content: query });
  });

  test("a checkpoint at the start, after as many entries as configured, and at the end", async () => {
    const { ask: append, path, close, store } = await newLog({ checkpointEntries: 3 });
    const sizes = () => store.audit.checkpoints().map(({ size }) => size);
    expect(sizes()).toEqual([2]);
    await append("1");
    await append("2");
    expect(sizes()).toEqual([2]);
    await append("3");
    expect(sizes()).toEqual([2, 5]);
    await append("4");
    await close();
    expect(await verifyAt(path)).toMatchObject({ checkpoints: 3, vouchedFor: 6, faults: [] });
  });

  test("what was logged before the process was killed, and goes on from there", async () => {
    const { ask: append, path, close } = await newLog();
    const { entry, checkpoint } = await append("answered, or so it was meant");
    // The process is gone: the file and its WAL are all that is left, and no answer has left.
    const killed = join(await temporaryDirectory(), "killed.sqlite");
    await copyFile(path, killed);
    await copyFile(`${path}-wal`, `${killed}-wal`);
    await close();
    const again = await openLog(killed);
    const next = await again.ask("next");
    await again.close();
    expect(entriesOf(killed)[entry.index]).toEqual(JSON.parse(JSON.stringify(entry)));
    expect(next.entry.index).toBeGreaterThan(entry.index);
    expect(await verifyAt(killed)).toMatchObject({ faults: [] });
    expect(checkpoint.checkpoint.key).toBe(OWNER.key);
  });

  test("no answer leaves whose entry can not be written", async () => {
    const { log, store, path, close } = await newLog();
    const blocker = new DatabaseSync(path);
    blocker.exec(
      "CREATE TRIGGER full BEFORE INSERT ON audit_nodes BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    const facts = {
      asker: alice.node,
      queryDigest: digestOf("query"),
      decision: { outcome: "released" as const, reasons: [] },
      released: { count: 0, references: [] },
      answerDigest: ward.id,
      answeredAt: 1,
    };
    await expect(log.append(facts)).rejects.toThrow("disk full");
    blocker.exec("DROP TRIGGER full");
    blocker.close();
    expect(await log.append(facts)).toMatchObject({ entry: { index: store.audit.size() - 1 } });
    await close();
    expect(await verifyAt(path)).toMatchObject({ faults: [] });
  });

  test("a database of version 2 begins its log with what it held", async () => {
    const directory = await temporaryDirectory();
    const { path, db } = await fileOfVersion2(join(directory, "origin.sqlite"));
    db.close();
    const upgraded = openStore(path, [ward]);
    putRecords(upgraded, "deposit", "d");
    upgraded.close();
    expect(entriesOf(path)).toMatchObject([
      { kind: "begin", records: [{ domain: ward.id, count: 1 }] },
      { kind: "deposit" },
    ]);
    expect(await verifyAt(path)).toMatchObject({ faults: [], vouchedFor: 0 });
  });
});

describe("an entry is found", () => {
  test("by its index, its query's digest, its trace id or traceparent, and by nothing else", async () => {
    const { ask: append, store, close } = await newLog();
    const trace = "ab".repeat(16);
    const { entry } = await append("wanted", { trace });
    await append("other");
    const found = (id: string) =>
      findEntries(store.audit, id)?.map(({ document }) => {
        const read = readEntry(document);
        return read.ok ? read.value.index : undefined;
      });
    expect(found(String(entry.index))).toEqual([entry.index]);
    expect(found(digestOf("wanted"))).toEqual([entry.index]);
    expect(found(trace)).toEqual([entry.index]);
    expect(found(`00-${trace}-${"cd".repeat(8)}-01`)).toEqual([entry.index]);
    expect(found("1000")).toEqual([]);
    expect(found(digestOf("never asked"))).toEqual([]);
    expect(found("something")).toBeUndefined();
    await close();
  });
});
