/** docs/walk-through.md, command by command: from an empty machine to being found by another organisation. */
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePorts } from "../../client/cli/local-mesh/state.ts";
import { linkedOriginUrl, meshIdSchema } from "../../protocol/index.ts";
import { lendDirectory } from "../support/lend-directory.ts";
import { done, Operators } from "../support/operators.ts";
import {
  POSTGRES_START_MS,
  startPostgres,
  type TestPostgres,
} from "../support/postgres/postgres.ts";
import { commandBlocks, walk } from "./walk-through.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MAIN = join(ROOT, "client", "cli", "main.ts");
/** Of the mesh that the maker of pumps joins. */
const FOUNDERS = ["ash", "birch", "cedar"] as const;
const NEWCOMER = "pumps";

let postgres: TestPostgres;
let operators: Operators;
let directory: string;

beforeAll(async () => {
  const state = await lendDirectory("walk-mesh");
  directory = await lendDirectory("walk");
  [postgres, operators] = await Promise.all([
    startPostgres(),
    Operators.prepare([...FOUNDERS, NEWCOMER], state, [NEWCOMER]),
  ]);
  await foundMesh(state);
}, POSTGRES_START_MS);

afterAll(async () => {
  await operators?.stop();
  await postgres?.stop();
});

/** The mesh as it is before the page begins: three members, and a fourth that is invited and has deployed its Worker. */
async function foundMesh(state: string): Promise<void> {
  const [first, ...others] = FOUNDERS;
  const charter = join(state, "charter.json");
  const { keyFile, publicKey } = operators.the(NEWCOMER);
  const founded = await done(
    ["mesh", "found", "--name", "Pump mesh", "--key", operators.the(first).keyFile],
    others.flatMap((name) => ["--founder", operators.the(name).publicKey]),
    ["--admission", "members:1", "--replicas", "3", "--out", charter],
  );
  for (const name of others) {
    await done("mesh", "sign", charter, "--key", operators.the(name).keyFile);
  }
  await operators.startNodes(meshIdSchema.parse(founded["mesh"]), ...FOUNDERS, NEWCOMER);
  for (const name of FOUNDERS) {
    await done(
      ["mesh", "join", "--charter", charter, "--key", operators.the(name).keyFile],
      ["--mesh-url", operators.the(name).meshUrl],
      name === first ? [] : ["--peer", operators.the(first).meshUrl],
    );
  }
  await done(
    ["mesh", "invite", ...operators.own(first), "--for", publicKey],
    ["--out", join(directory, "invitation.json")],
  );
  await copyFile(keyFile, join(directory, "node.key"));
}

/** What the page asks its reader to have. */
async function environment(): Promise<Record<string, string>> {
  const programs = join(directory, "bin");
  await mkdir(programs);
  const command = join(programs, "outcome-mesh");
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  await chmod(command, 0o755);
  const [port] = await freePorts(1);
  const asker = operators.the(FOUNDERS[0]);
  return {
    ...postgres.environment,
    PATH: `${programs}:${postgres.environment["PATH"]}`,
    MESH_URL: operators.the(NEWCOMER).meshUrl,
    LISTEN_PORT: String(port),
    PGHOST: "127.0.0.1",
    PGPORT: String(postgres.port),
    PGDATABASE: "postgres",
    PGUSER: "admin",
    PGPASSWORD: postgres.password,
    ASKER: asker.name,
    GATEWAY: asker.meshUrl,
    OUTCOME_MESH_TOKEN: asker.token,
  };
}

test("100,000 records of a PostgreSQL are published, and found by another organisation over the link", async () => {
  const page = await readFile(join(ROOT, "docs", "walk-through.md"), "utf8");
  const steps = await walk(commandBlocks(page), { directory, environment: await environment() });
  for (const { heading, seconds } of steps) process.stdout.write(`${seconds} s  ${heading}\n`);
  const outputOf = (number: number) =>
    steps
      .flatMap(({ heading, output }) => (heading.startsWith(`${number}.`) ? [output] : []))
      .join("");
  const loaded = "100000 loaded, 0 updated, 0 removed, 0 unchanged, 0 rejected";
  expect(outputOf(3)).toContain(`registry: 100000 rows read: ${loaded}`);
  expect(outputOf(4)).toMatch(/^As ash: aggregate$/m);
  const { meshUrl } = operators.the(NEWCOMER);
  expect(outputOf(5)).toContain(`they are told ${linkedOriginUrl(meshUrl)}`);
  // Of single repairs the mesh hears nothing, so there are fewer entries than records: but there are some.
  expect(outputOf(5)).toMatch(/^pump-faults +\S+ +100000 +[1-9]\d* +0 +0$/m);
  expect(outputOf(6)).toMatch(/^pumps +\S+ +answered /m);
  // The best group is of pumps like this, and has the size that the policy asks for.
  expect(outputOf(6)).toMatch(/^ *(?:1\.00|0\.9\d) +pumps +[2-9]\d +new \w+ +(?:yes|no) \d+ %/m);
  expect(outputOf(6)).toMatch(/^receipts\/\S+ holds:$/m);
  expect(outputOf(7)).toMatch(/^The audit log holds: /m);
});
