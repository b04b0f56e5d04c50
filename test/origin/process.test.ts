import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadDomains, loadRecords, openStore, readOriginConfig } from "../../origin/index.ts";
import { toBase64Url, type OutcomeRecord } from "../../protocol/index.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import { asOperator, writeOriginFiles } from "../support/origin-server.ts";

vi.setConfig({ testTimeout: 60_000 });
/** On a machine that does other work; below the ten seconds that requests in hand are given. */
const WAIT_MS = 8_000;

const MAIN = join(import.meta.dirname, "../../client/cli/main.ts");
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function newMesh(size: number, replicas: number): Promise<TestMesh> {
  const mesh = await startTestMesh(size, replicas);
  cleanups.push(() => mesh.stop());
  return mesh;
}

function run(...options: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, "origin", "start", "--json", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanups.push(() => end(child, "SIGKILL"));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

async function startProcess(configFile: string): Promise<{ child: ChildProcess; url: string }> {
  const child = run("--config", configFile);
  if (!child.stdout) throw new Error("no stdout");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const message: unknown = JSON.parse(String(line));
  expect(message).toEqual({ event: "listening", url: expect.stringMatching(/^http:/) });
  return { child, url: String(Object(message).url) };
}

async function outputOf(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  return { code: child.exitCode, text };
}

const cases = (count: number): OutcomeRecord[] =>
  Array.from({ length: count }, (_, i) =>
    wardRecord(`case-${i}`, { profile: { age: i % 100, drugs: [`drug-${i}`], signs: ["T:fast"] } }),
  );

describe("the origin as a process", () => {
  test("says where it listens, and on SIGTERM finishes what it was asked before it ends", async () => {
    const mesh = await newMesh(1, 1);
    const { child, url } = await startProcess(await writeOriginFiles(mesh));
    const [own] = mesh.members;
    await vi.waitFor(() => expect(own.node.knows(ward)).toBe(true), WAIT_MS);
    own.node.mode = "lose";
    const deposit = asOperator(url, "POST", "/v1/outcomes", {
      domain: ward.id,
      record: wardRecord("a"),
    });
    await vi.waitFor(async () => {
      const status: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
      expect(status).toMatchObject({ outbox: { waiting: 1 } });
    }, WAIT_MS);
    child.kill("SIGTERM");
    await vi.waitFor(() => expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed"), WAIT_MS);
    own.node.mode = "answer";
    await own.node.stop();
    expect((await deposit).status).toBe(201);
    await once(child, "exit");
    expect(child.exitCode).toBe(0);
  });

  test("killed between database and mesh has lost nothing: restarted, it publishes all, and nothing twice", async () => {
    const mesh = await newMesh(3, 3);
    const configFile = await writeOriginFiles(mesh);
    const config = await readOriginConfig(configFile, {});
    const { domains } = await loadDomains(config);
    const records = cases(40);
    const store = openStore(config.database, domains);
    await loadRecords(
      store,
      ward,
      records.map((raw, i) => ({ line: i + 1, raw })),
    );
    store.close();
    // One node stores and does not say so, one loses what it was sent, one answers.
    const [first, second, third] = mesh.members;
    if (!second || !third) throw new Error("three nodes are needed");
    second.node.learn(ward);
    second.node.mode = "hang";
    third.node.mode = "lose";
    const { child } = await startProcess(configFile);
    await vi.waitFor(() => {
      expect(first.node.entries).toHaveLength(40);
      expect(second.node.entries).toHaveLength(40);
    }, 10_000);
    await end(child, "SIGKILL");
    expect(third.node.entries).toHaveLength(0);

    second.node.mode = "answer";
    third.node.mode = "answer";
    const again = await startProcess(configFile);
    await vi.waitFor(async () => {
      const status: unknown = await (await asOperator(again.url, "GET", "/v1/status")).json();
      expect(status).toMatchObject({ outbox: { waiting: 0 }, domains: [{ records: 40 }] });
    }, 20_000);
    for (const { node } of mesh.members) {
      expect(node.entries).toHaveLength(40);
      expect(node.entries.every(({ count }) => count === 1)).toBe(true);
      // The same statement again, not a second one about the same signature.
      const statements = node.received.map(
        ({ signature, seq }) => `${toBase64Url(signature)}/${seq}`,
      );
      expect(new Set(statements).size).toBe(40);
    }
    await end(again.child, "SIGTERM");
    const after = statementsOf(mesh);
    const { child: last } = await startProcess(configFile);
    await vi.waitFor(() => expect(first.node.membershipRequests).toBeGreaterThan(2));
    await end(last, "SIGTERM");
    expect(statementsOf(mesh)).toBe(after);
  });

  test("names what is wrong with its configuration, and ends with status 2", async () => {
    const mesh = await newMesh(1, 1);
    const configFile = await writeOriginFiles(mesh, { meshUrl: "ftp://x" });
    const wrong = await outputOf(run("--config", configFile));
    expect(wrong.code).toBe(2);
    expect(wrong.text).toContain('"path":"meshUrl","message":"must be an https URL');
    expect((await outputOf(run())).code).toBe(2);
  });

  test("ends with status 1 where it can not open its database or listen", async () => {
    const mesh = await newMesh(1, 1);
    const configFile = await writeOriginFiles(mesh);
    await writeFile(join(dirname(configFile), "origin.sqlite"), "no database ".repeat(1000));
    const unreadable = await outputOf(run("--config", configFile));
    expect(unreadable.code).toBe(1);
    expect(unreadable.text).toMatch(/not a database/);
    const port = Number(new URL(mesh.members[0].node.url).port);
    const taken = await writeOriginFiles(mesh, { listen: { host: "127.0.0.1", port } });
    const busy = await outputOf(run("--config", taken));
    expect(busy.code).toBe(1);
    expect(busy.text).toMatch(/EADDRINUSE/);
  });

  test("leaves a database that is whole when it ends", async () => {
    const mesh = await newMesh(1, 1);
    const configFile = await writeOriginFiles(mesh);
    const { child, url } = await startProcess(configFile);
    await asOperator(url, "POST", "/v1/outcomes", { domain: ward.id, record: wardRecord("a") });
    await end(child, "SIGTERM");
    const { database } = await readOriginConfig(configFile, {});
    const db = new DatabaseSync(database);
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    expect(db.prepare("SELECT count(*) AS n FROM records").get()).toEqual({ n: 1 });
    db.close();
  });
});

function statementsOf(mesh: TestMesh): number {
  return mesh.members.reduce((sum, { node }) => sum + node.received.length, 0);
}
