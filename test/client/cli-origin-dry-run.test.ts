/** `origin dry-run`: before anything is live. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readOriginConfig } from "../../origin/index.ts";
import { wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import { writeOriginFiles } from "../support/origin-server.ts";
import { command, fileOf, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

let mesh: TestMesh;
let config = "";
let query = "";
let database = "";

beforeAll(async () => {
  mesh = await startTestMesh(1, 1);
  config = await writeOriginFiles(mesh, {
    policy: {
      minimumGroupSize: 5,
      rules: [{ effect: "allow", members: ["Hospital"], purposes: ["treatment"] }],
    },
  });
  query = await fileOf("case.json", JSON.stringify({ profile: { age: 40, sex: "female" } }));
  const records = Array.from({ length: 5 }, (_, i) => wardRecord(`patient-${i}`));
  const file = await fileOf("records.ndjson", records.map((r) => JSON.stringify(r)).join("\n"));
  await command(["origin", "load", file, "--config", config, "--domain", "ward"]);
  ({ database } = await readOriginConfig(config, {}));
});
afterAll(() => mesh.stop());

const dryRun = (...args: string[]) =>
  command(["origin", "dry-run", query, "--config", config, "--domain", "ward", ...args]);

/** Of the database's main file, after all that was in the WAL. */
async function digest(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(database))
    .digest("hex");
}

test("shows the answer, why, and what the mesh would hold, and changes nothing", async () => {
  const before = await digest();
  const { code, stdout } = await dryRun("--as", "Hospital", "--purpose", "treatment");
  expect(code).toBe(0);
  expect(stdout).toContain("As Hospital: aggregate");
  expect(stdout).toMatch(/this origin\s+5\s+rest\s+yes 100 %/);
  expect(stdout).toMatch(/ward\s+1\s+5\s+5\s+0/);
  expect(await digest()).toBe(before);
  const again = await dryRun("--as", "Hospital", "--purpose", "treatment", "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({
    answer: {
      decision: { outcome: "aggregate" },
      results: [],
      aggregate: { minimumGroupSize: 5, cells: [{ individuals: 5 }] },
      usedToday: 0,
    },
    published: [{ name: "ward", records: 5, entries: [{ count: 5, isDecoy: false }] }],
  });
});

test("shows a refusal, and ends with 1", async () => {
  const { code, stdout } = await dryRun("--as", "Hospital", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    answer: { decision: { outcome: "refused", rule: "purpose" }, results: [] },
  });
});

test("says what is wrong with the question", async () => {
  query = await fileOf("bad.json", JSON.stringify({ profile: { age: "old" } }));
  const { code, stderr } = await dryRun("--as", "Hospital", "--purpose", "treatment");
  expect(code).toBe(2);
  expect(stderr).toContain("age");
});
