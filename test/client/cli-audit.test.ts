/** `origin audit verify|export|explain`, `receipt verify`, and what `query --receipts` keeps. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { receiptSchema, signedAnswerSchema, type Receipt } from "../../protocol/index.ts";
import { tamperWith } from "../support/audit-entries.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  postQuery,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
} from "../support/origin-server.ts";
import { command, errorOf, fileOf, freshDirectory, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

const TRACE = "ab".repeat(16);

let mesh: TestMesh;
let config: string;
let database: string;
let receipt: Receipt;
let receiptFile: string;
beforeAll(async () => {
  mesh = await startTestMesh(2);
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  config = await writeOriginFiles(mesh);
  const started = await startTestOrigin(config);
  database = started.config.database;
  const record = wardRecord("patient-17");
  await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
  const query = { domain: ward.id, profile: { age: 40, sex: "female" }, k: 3 };
  const sender = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  const { headers, body } = await signedQuery(started.url, query, sender);
  const traceparent = `00-${TRACE}-${"cd".repeat(8)}-01`;
  const response = await postQuery(started.url, { headers: { ...headers, traceparent }, body });
  const { answer } = signedAnswerSchema.parse(await response.json());
  receipt = receiptSchema.parse(answer.receipt);
  receiptFile = await fileOf("receipt.json", JSON.stringify(receipt));
  await started.origin.close();
});
afterAll(() => mesh.stop());

describe("origin audit", () => {
  test("verify ends with 0 where all holds, also with the receipts that were given", async () => {
    const run = await command([
      "origin",
      "audit",
      "verify",
      "--config",
      config,
      "--receipt",
      receiptFile,
      "--json",
    ]);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, entries: 4, faults: [] });
    expect(run.stderr).toContain("verifying entries");
  });

  test("export writes what verify --file takes, and in which it finds a change", async () => {
    const out = join(await freshDirectory(), "audit.ndjson");
    const exported = await command(["origin", "audit", "export", "--config", config, "--out", out]);
    expect(exported.code).toBe(0);
    const whole = await command(["origin", "audit", "verify", "--file", out]);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toMatch(/all of 4 entries[^]*The audit log holds: 4 entries/);
    const lines = (await readFile(out, "utf8")).replace('"count":1', '"count":0');
    await writeFile(out, lines);
    const changed = await command(["origin", "audit", "verify", "--file", out]);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain("entry 3 is not the one that was logged");
  });

  test("explain says who asked, what was decided and what left, for a trace id", async () => {
    const run = await command(["origin", "audit", "explain", TRACE, "--config", config]);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`node ${receipt.entry.asker} asked about domain ward`);
    expect(run.stdout).toContain(
      "The origin answered with single cases, because: the policy gives single cases.",
    );
    expect(run.stdout).toContain("  patient-17 (told as ");
    const byDigest = await command([
      "origin",
      "audit",
      "explain",
      receipt.opening.query,
      "--config",
      config,
      "--json",
    ]);
    expect(JSON.parse(byDigest.stdout)).toMatchObject({ entries: [{ index: 3, kind: "query" }] });
  });

  test("explain tells an entry that is not there from an id that is none", async () => {
    const [missing, none] = await Promise.all(
      ["99", "x"].map((id) =>
        command(["origin", "audit", "explain", id, "--config", config, "--json"]),
      ),
    );
    expect([missing?.code, none?.code]).toEqual([1, 2]);
    expect(none && errorOf(none)).toMatchObject({ hint: expect.stringContaining("trace id") });
  });

  test("verify says which log is meant, and that there is none yet", async () => {
    const other = await writeOriginFiles(mesh);
    const [none, run] = await Promise.all([
      command(["origin", "audit", "verify"]),
      command(["origin", "audit", "verify", "--config", other]),
    ]);
    expect([none.code, run.code]).toEqual([2, 2]);
    expect(run.stderr).toMatch(/there is no database/);
  });
});

describe("receipt verify", () => {
  test("verifies offline, against the charter and the origin's key", async () => {
    const charter = await fileOf("charter.json", JSON.stringify(mesh.charter));
    const key = mesh.members[0].identity.publicKey;
    const run = await command([
      "receipt",
      "verify",
      receiptFile,
      "--mesh",
      charter,
      "--key",
      key,
      "--json",
    ]);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      ok: true,
      receipts: [{ node: mesh.members[0].identity.node, mesh: mesh.id, index: 3 }],
    });
  });

  test("says why a receipt does not hold, and ends with 1", async () => {
    const { entry } = receipt;
    const forged = { ...receipt, entry: { ...entry, released: { count: 0, references: [] } } };
    const other = mesh.members[1]?.identity.publicKey ?? "";
    const [run, byOther] = await Promise.all([
      command(["receipt", "verify", await fileOf("r", JSON.stringify(forged))]),
      command(["receipt", "verify", receiptFile, "--key", other]),
    ]);
    expect([run.code, byOther.code]).toEqual([1, 1]);
    expect(run.stdout).toContain("does not have this entry");
    expect(byOther.stdout).toContain("of another node");
  });
});

test("origin audit verify ends with 1 and names the entry that was changed", async () => {
  const db = tamperWith(database);
  db.exec(
    `UPDATE audit_entries SET document = replace(document, '"count":1', '"count":0') WHERE number = 3`,
  );
  db.close();
  const run = await command(["origin", "audit", "verify", "--config", config]);
  expect(run.code).toBe(1);
  expect(run.stdout).toContain("The audit log was changed: 1 fault.");
  expect(run.stdout).toContain("entry 3 was changed");
});
