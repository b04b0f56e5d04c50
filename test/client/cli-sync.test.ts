/** `origin sync`, against a real PostgreSQL. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import { writeOriginFiles } from "../support/origin-server.ts";
import {
  POSTGRES_START_MS,
  startPostgres,
  type TestPostgres,
} from "../support/postgres/postgres.ts";
import { command, errorOf, fileOf, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

let mesh: TestMesh;
let postgres: TestPostgres;
beforeAll(async () => {
  mesh = await startTestMesh(1, 1);
  postgres = await startPostgres();
  await postgres.sql(`
    CREATE TABLE outcomes (id int PRIMARY KEY, age int, given text, better boolean,
      changed_at timestamptz DEFAULT clock_timestamp());
    INSERT INTO outcomes SELECT i, i, 'rest', true FROM generate_series(1, 5) AS i;
    UPDATE outcomes SET age = 300 WHERE id = 5`);
}, POSTGRES_START_MS);
afterAll(async () => {
  await postgres?.stop();
  await mesh?.stop();
});

async function configured(): Promise<string> {
  const mapping = await fileOf(
    "columns.json",
    JSON.stringify({
      columns: {
        id: { to: "id" },
        age: { to: "profile.age", type: "number" },
        given: { to: "intervention.treatment" },
        better: { to: "result.recovered", type: "boolean" },
      },
    }),
  );
  const passwordFile = await fileOf("password", `${postgres.password}\n`);
  const registry = {
    kind: "postgresql",
    name: "registry",
    domain: "ward",
    url: postgres.url(),
    tls: "off",
    passwordFile,
    query: "SELECT * FROM outcomes",
    mapping,
    cursor: "changed_at",
  };
  const down = { ...registry, name: "down", url: "postgresql://mesh_reader@127.0.0.1:1/none" };
  return writeOriginFiles(mesh, { sources: [registry, down] });
}

test("loads the good rows, reports the others, and removes with --full what is gone", async () => {
  const config = await configured();
  const sync = ["origin", "sync", "--config", config, "--source", "registry"];
  const first = await command(sync);
  expect(first.code).toBe(3);
  expect(first.stdout).toBe(
    "registry: 5 rows read: 4 loaded, 0 updated, 0 removed, 0 unchanged, 1 rejected\n",
  );
  expect(first.stderr).toContain("registry: row 5: rejected 5: profile.age: ");
  await postgres.sql("DELETE FROM outcomes WHERE id IN (1, 5)");
  const second = await command([...sync, "--full", "--json"]);
  expect(second.code).toBe(0);
  expect(JSON.parse(second.stdout)).toMatchObject({
    sources: [{ source: "registry", removed: 1, unchanged: 3, isComplete: true }],
  });
});

test("ends with 4 where a source can not be read, after it read the others", async () => {
  const config = await configured();
  const { code, stdout, stderr } = await command(["origin", "sync", "--config", config]);
  expect(code).toBe(4);
  expect(stdout).toContain("registry: ");
  expect(stderr).toMatch(/^down: error: .*check that the database runs/m);
});

test("names the sources that there are, if it is told another", async () => {
  const args = ["origin", "sync", "--config", await configured(), "--source", "regsitry", "--json"];
  const run = await command(args);
  expect(run.code).toBe(2);
  expect(errorOf(run)).toMatchObject({ hint: "it has registry, down" });
});
