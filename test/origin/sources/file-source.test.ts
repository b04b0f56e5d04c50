/** Files as sources, and how the running origin keeps to its sources. */
import { appendFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  openSources,
  openStore,
  openSyncLock,
  readOriginConfig,
  syncSource,
} from "../../../origin/index.ts";
import { createSourceRunner, sourcePart } from "../../../origin/sources/index.ts";
import { secretKeyFrom, contentId } from "../../../protocol/index.ts";
import {
  domainDocument,
  ontologyBytes,
  temporaryDirectory,
  ward,
  wardRecord,
} from "../../support/origin-domain.ts";

async function setUp(sources?: unknown) {
  const directory = await temporaryDirectory();
  const path = join(directory, "cases.ndjson");
  await writeFile(join(directory, "ward.json"), JSON.stringify(domainDocument));
  await writeFile(join(directory, "small.omo"), ontologyBytes);
  const file = join(directory, "origin.json");
  await writeFile(
    file,
    JSON.stringify({
      meshId: contentId(new Uint8Array(8)),
      meshUrl: "http://127.0.0.1:8787",
      database: "origin.sqlite",
      domains: ["ward.json"],
      ontologies: ["small.omo"],
      sources: sources ?? [
        { kind: "file", name: "cases", domain: "ward", path: "cases.ndjson", everySeconds: 1 },
      ],
    }),
  );
  const config = await readOriginConfig(file, {
    OUTCOME_MESH_NODE_KEY: secretKeyFrom(new Uint8Array(32).fill(7)),
    OUTCOME_MESH_OPERATOR_TOKEN: "operator-token-of-the-tests",
    OUTCOME_MESH_SOURCE_PASSWORD_MY_TABLE: "from the environment",
  });
  return { directory, path, config };
}

async function openAll() {
  const { path, config } = await setUp();
  const [source] = await openSources(config, [ward]);
  if (!source) throw new Error("no source");
  return { path, config, source, store: openStore(config.database, [ward]) };
}

function write(path: string, ...ids: string[]): Promise<void> {
  return writeFile(path, ids.map((id) => JSON.stringify(wardRecord(id))).join("\n"));
}

describe("a file", () => {
  test("is read again when it has changed, and what is gone from it is removed", async () => {
    const { path, source, store } = await openAll();
    await write(path, "a", "b", "c");
    expect(await syncSource(store, source)).toMatchObject({ loaded: 3, isComplete: true });
    expect(await syncSource(store, source)).toMatchObject({ read: 0, removed: 0 });
    await write(`${path}.new`, "a", "c", "d");
    await rename(`${path}.new`, path);
    expect(await syncSource(store, source)).toMatchObject({ loaded: 1, unchanged: 2, removed: 1 });
    expect(await syncSource(store, source, { isFull: true })).toMatchObject({ read: 3 });
  });

  test("removes nothing where a line can not be read, or while it is still written", async () => {
    const { path, source, store } = await openAll();
    await write(path, "a", "b");
    await syncSource(store, source);
    await writeFile(path, `${JSON.stringify(wardRecord("a"))}\n{"id":"b","prof`);
    expect(await syncSource(store, source)).toMatchObject({ removed: 0, rejected: 1 });
    await write(path, "a");
    const growing = syncSource(store, source, {
      onProgress: () => appendFileSync(path, `\n${JSON.stringify(wardRecord("c"))}`),
    });
    await expect(growing).rejects.toMatchObject({ code: "changed" });
    expect(store.totals(ward.id).records).toBe(2);
    expect(await syncSource(store, source)).toMatchObject({ loaded: 1, removed: 1 });
    expect(store.totals(ward.id).records).toBe(2);
  });

  test("that is not there is an error, and removes nothing", async () => {
    const { path, source, store } = await openAll();
    await write(path, "a");
    await syncSource(store, source);
    await rm(path);
    await expect(syncSource(store, source)).rejects.toMatchObject({ code: "ENOENT" });
    expect(store.totals(ward.id).records).toBe(1);
    expect(sourcePart(store, source).report()).toMatchObject({
      name: "source cases",
      state: "failing",
      details: { domain: "ward", records: 1, error: expect.any(String) },
    });
  });
});

describe("the running origin", () => {
  test("reads its sources in their rhythm, and once `origin sync` has let go of them", async () => {
    const { path, config, source, store } = await openAll();
    await write(path, "a");
    const { database } = config;
    const lock = openSyncLock(database);
    expect(lock.take()).toBe(true);
    const runner = createSourceRunner({ store, sources: [source], database });
    runner.start();
    const records = () => store.totals(ward.id).records;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(records()).toBe(0);
    lock.release();
    await vi.waitFor(() => expect(records()).toBe(1), 20_000);
    await write(path, "a", "b");
    await vi.waitFor(() => expect(records()).toBe(2), 20_000);
    await runner.stop();
    expect(lock.take()).toBe(true);
    lock.close();
    store.close();
  }, 60_000);
});

describe("the configuration of sources", () => {
  const table = {
    kind: "postgresql",
    name: "my-table",
    domain: "ward",
    url: "postgresql://mesh_reader@db.example.org/registry",
    query: "SELECT * FROM outcomes",
    mapping: "columns.json",
  };

  test("takes passwords from the environment, and has safe defaults", async () => {
    const { config, directory } = await setUp([table]);
    expect(config.sources).toMatchObject([
      {
        password: "from the environment",
        tls: "verify",
        mapping: join(directory, "columns.json"),
        overlapSeconds: 300,
      },
    ]);
  });

  test.each([
    [{ url: "postgresql://u:secret@db.example.org/r" }, /sources\.0\.url: must have no password/],
    [{ url: "postgresql://db.example.org/r" }, /must name the user/],
    [{ url: "mysql://u@db.example.org/r" }, /must be a URL such as postgresql/],
    [{ query: "SELECT 1;" }, /without a semicolon/],
    [{ passwordFile: "none" }, /OK/],
    [{ name: "My Table" }, /sources\.0\.name/],
    [{ tls: "prefer" }, /sources\.0\.tls/],
  ])("refuses %o", async (changes, message) => {
    const attempt = setUp([{ ...table, ...changes }]).then(() => "OK", String);
    expect(await attempt).toMatch(message);
  });

  test("refuses two sources of one name, and a domain that is not served", async () => {
    await expect(setUp([table, table])).rejects.toThrow(/sources\.1\.name: my-table is the name/);
    const { config } = await setUp([{ ...table, domain: "other" }]);
    await expect(openSources(config, [ward])).rejects.toThrow(/domain: must be one of ward/);
  });

  test("refuses a CSV file without a mapping", async () => {
    const file = { kind: "file", name: "f", domain: "ward", path: "f.csv" };
    const { config } = await setUp([file]);
    await expect(openSources(config, [ward])).rejects.toThrow(/mapping: is needed for csv/);
  });
});
