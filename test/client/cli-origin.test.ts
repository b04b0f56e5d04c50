/** `origin load`, `origin start` and `origin status`. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadDomains, openStore, readOriginConfig } from "../../origin/index.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import { writeOriginFiles } from "../support/origin-server.ts";
import { command, errorOf, fileOf, PROCESS_TIMEOUT_MS, startCommand } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh(1, 1);
});
afterAll(() => mesh.stop());

function ndjson(rows: readonly unknown[]): Promise<string> {
  return fileOf("records.ndjson", rows.map((row) => JSON.stringify(row)).join("\n"));
}

async function storedRecords(config: string): Promise<number> {
  const read = await readOriginConfig(config, {});
  const { domains } = await loadDomains(read);
  const store = openStore(read.database, domains);
  try {
    return store.totals(ward.id).records;
  } finally {
    store.close();
  }
}

describe.concurrent("origin load", () => {
  test("loads good records, reports bad ones with line and reason, and ends with 3", async () => {
    const config = await writeOriginFiles(mesh);
    const file = await ndjson([
      wardRecord("a"),
      { ...wardRecord("b"), profile: { age: "old" } },
      wardRecord("c"),
      { ...wardRecord("d"), result: {} },
    ]);
    await writeFile(file, "\nnot json\n", { flag: "a" });
    const args = ["origin", "load", file, "--config", config, "--domain", "ward"];
    const { code, stdout, stderr } = await command(args);
    expect(code).toBe(3);
    expect(stdout).toBe("2 loaded, 0 updated, 0 unchanged, 3 rejected\n");
    expect(stderr).toContain(`${file}:2: rejected b: profile.age: `);
    expect(stderr).toContain(`${file}:4: rejected d: result.recovered: `);
    expect(stderr).toContain(`${file}:5: rejected: is not JSON`);
    expect(stderr).not.toContain("ExperimentalWarning");
    expect(await storedRecords(config)).toBe(2);
  });

  test("ends with 0 where all are good, whatever the domain is named by", async () => {
    const config = await writeOriginFiles(mesh);
    const document = await fileOf("copy.json", JSON.stringify(ward.domain));
    const file = await ndjson([wardRecord("a")]);
    const load = (domain: string) =>
      command(["origin", "load", file, "--config", config, "--domain", domain, "--json"]);
    const first = await load(ward.id);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ loaded: 1, unchanged: 0, rejected: [] });
    const second = await load(document);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ loaded: 0, unchanged: 1, rejected: [] });
  });

  test("reads CSV by its mapping", async () => {
    const config = await writeOriginFiles(mesh);
    const file = await fileOf("cases.csv", "case,years,given,better\n1,40,rest,yes\n2,x,rest,no\n");
    const mapping = await fileOf(
      "columns.json",
      JSON.stringify({
        columns: {
          case: { to: "id" },
          years: { to: "profile.age", type: "number" },
          given: { to: "intervention.treatment" },
          better: { to: "result.recovered", type: "boolean" },
        },
      }),
    );
    const args = ["origin", "load", file, "--config", config, "--domain", "ward", "--json"];
    const { code, stdout } = await command([...args, "--mapping", mapping]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ loaded: 1, rejected: [{ line: 3 }] });
  });

  test("names the domains that there are, if it is told another", async () => {
    const config = await writeOriginFiles(mesh);
    const file = await ndjson([wardRecord("a")]);
    const args = ["origin", "load", file, "--config", config, "--domain", "wrad", "--json"];
    const run = await command(args);
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ hint: `it has ward (${ward.id})` });
  });

  test("says that a key is missing, and how to make one", async () => {
    const config = await writeOriginFiles(mesh, { keyFile: "none.key" });
    const file = await ndjson([wardRecord("a")]);
    const { code, stderr } = await command([
      "origin",
      "load",
      file,
      "--config",
      config,
      "--domain",
      "ward",
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ {2}keyFile: can not be read/m);
    expect(stderr).toMatch(/^hint: .*outcome-mesh key new/m);
  });
});

describe.concurrent("origin start and status", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "runs until %s, and tells its operator how it is",
    async (signal) => {
      const config = await writeOriginFiles(mesh);
      const child = startCommand(["origin", "start", "--config", config, "--json"]);
      try {
        if (!child.stdout) throw new Error("no stdout");
        const [line] = await once(createInterface({ input: child.stdout }), "line");
        const started = JSON.parse(String(line));
        expect(started).toEqual({ event: "listening", url: expect.stringMatching(/^http:/) });
        const url = String(started.url);
        const ask = (environment?: Record<string, string>) =>
          command(["origin", "status", "--config", config, "--url", url, "--json"], environment);
        const status = await ask();
        expect(status.code).toBe(0);
        expect(JSON.parse(status.stdout)).toMatchObject({
          mesh: mesh.id,
          domains: [{ id: ward.id, records: 0 }],
          outbox: { waiting: 0 },
        });
        const refused = await ask({ OUTCOME_MESH_OPERATOR_TOKEN: "not-the-operators-token" });
        expect(refused.code).toBe(5);
        expect(errorOf(refused)).toMatchObject({ code: "refused" });
      } finally {
        child.kill(signal);
        await once(child, "exit");
      }
      expect({ code: child.exitCode, signal: child.signalCode }).toEqual({ code: 0, signal: null });
    },
  );

  test("status ends with 4 where no origin listens", async () => {
    const config = await writeOriginFiles(mesh);
    const args = ["origin", "status", "--config", config, "--url", "http://127.0.0.1:9"];
    const { code, stderr } = await command(args);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: the origin at http:\/\/127\.0\.0\.1:9 can not be reached/m);
    expect(stderr).toMatch(/^hint: .*origin start/m);
  });

  test("status asks for the address where the system chose the port", async () => {
    const config = await writeOriginFiles(mesh);
    const { code, stderr } = await command(["origin", "status", "--config", config]);
    expect(code).toBe(2);
    expect(stderr).toContain("--url");
  });
});
