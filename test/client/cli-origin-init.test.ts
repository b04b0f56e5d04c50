/** `origin init` and `origin backup`. */
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { loadDomains, openStore, readOriginConfig } from "../../origin/index.ts";
import { domainDocument, ontologyBytes, ward, wardRecord } from "../support/origin-domain.ts";
import { command, errorOf, freshDirectory, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

let sources = "";
let charter = "";
let key = "";
beforeAll(async () => {
  sources = await freshDirectory();
  charter = join(sources, "charter.json");
  key = join(sources, "node.key");
  await writeFile(join(sources, "ward.json"), JSON.stringify(domainDocument));
  await writeFile(join(sources, "small.omo"), ontologyBytes);
  await command(["key", "new", "--out", key]);
  const found = ["mesh", "found", "--name", "M", "--admission", "members:1", "--key", key];
  await command([...found, "--out", charter]);
});

function initArgs(directory: string, ...more: string[]): string[] {
  const meshUrl = "https://mesh.example.org";
  const named = ["--mesh-url", meshUrl, "--charter", charter];
  const domain = ["--domain", join(sources, "ward.json"), "--ontology", join(sources, "small.omo")];
  return ["origin", "init", "--json", "--dir", directory, ...named, ...domain, ...more];
}

describe.concurrent("origin init", () => {
  test("writes all that `origin start` reads, the secrets for their owner alone", async () => {
    const directory = join(await freshDirectory(), "new", "origin");
    const run = await command(initArgs(directory, "--set", "policy.minimumCount=5"));
    expect(run.stderr).toBe("");
    expect(run.code).toBe(0);
    const report = JSON.parse(run.stdout);
    const config = await readOriginConfig(join(directory, "origin.jsonc"), {});
    expect(config).toMatchObject({
      meshId: report.mesh,
      database: join(directory, "origin.sqlite"),
      policy: { minimumCount: 5 },
      listen: { host: "127.0.0.1", port: 7100 },
    });
    expect((await loadDomains(config)).domains.map(({ id }) => id)).toEqual([ward.id]);
    for (const name of ["node.key", "operator.token"]) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
    const text = await readFile(join(directory, "origin.jsonc"), "utf8");
    expect(text).not.toContain((await readFile(join(directory, "node.key"), "utf8")).trim());
    expect(text).not.toContain(config.operatorToken);
    expect(report.next.join("\n")).toContain("outcome-mesh origin start --config");
  });

  test("refers to a key that is named, and lets it be", async () => {
    const directory = await freshDirectory();
    const before = await readFile(key, "utf8");
    const run = await command(initArgs(directory, "--key", key));
    expect(run.code).toBe(0);
    expect((await readdir(directory)).toSorted()).toEqual([
      "operator.token",
      "origin.jsonc",
      "small.omo",
      "ward.json",
    ]);
    expect((await readOriginConfig(join(directory, "origin.jsonc"), {})).key).toBe(before.trim());
    expect(await readFile(key, "utf8")).toBe(before);
  });

  test("overwrites nothing, and writes nothing where something stands in its way", async () => {
    const directory = await freshDirectory();
    await writeFile(join(directory, "ward.json"), "another");
    const run = await command(initArgs(directory));
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ message: expect.stringMatching(/ward\.json is there/) });
    expect(await readdir(directory)).toEqual(["ward.json"]);
    expect(await readFile(join(directory, "ward.json"), "utf8")).toBe("another");
  });

  test("keeps secrets that are there", async () => {
    const directory = await freshDirectory();
    await writeFile(join(directory, "operator.token"), "a-token-of-the-operator\n");
    expect((await command(initArgs(directory))).code).toBe(0);
    const { operatorToken } = await readOriginConfig(join(directory, "origin.jsonc"), {});
    expect(operatorToken).toBe("a-token-of-the-operator");
  });

  test("names a field that is set wrongly, and writes nothing", async () => {
    const directory = await freshDirectory();
    const run = await command(initArgs(directory, "--set", "listen.port=x", "--set", "nothing=1"));
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ issues: [{ path: "listen.port" }, {}] });
    expect(await readdir(directory)).toEqual([]);
  });

  test("needs the ontology of its domain", async () => {
    const directory = await freshDirectory();
    const args = initArgs(directory).filter((word) => !/ontology|small/.test(word));
    expect((await command(args)).code).toBe(2);
    expect(await readdir(directory)).toEqual([]);
  });
});

test("origin backup copies a database that is in use, for its owner alone, and overwrites nothing", async () => {
  const directory = await freshDirectory();
  await command(initArgs(directory));
  const configFile = join(directory, "origin.jsonc");
  const config = await readOriginConfig(configFile, {});
  const { domains } = await loadDomains(config);
  const store = openStore(config.database, domains);
  const signature = new Uint8Array(64).fill(1);
  store.put(ward.id, [{ record: wardRecord("a"), signature }]);
  const copy = join(directory, "copy.sqlite");
  const args = ["origin", "backup", copy, "--config", configFile];
  const run = await command(args);
  expect(run.code).toBe(0);
  store.put(ward.id, [{ record: wardRecord("b"), signature }]);
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  const opened = openStore(copy, domains);
  expect(opened.totals(ward.id).records).toBe(1);
  opened.close();
  store.close();
  expect((await command(args)).code).toBe(2);
});
