/** `domain key`, and what other commands do with a keyed domain. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { loadDomains, readOriginConfig } from "../../origin/index.ts";
import {
  commitmentTo,
  domainIdOf,
  domainSecretSchema,
  parseDomain,
  type Domain,
  type DomainSecret,
} from "../../protocol/index.ts";
import { smallDomain } from "../support/small-example.ts";
import {
  command,
  errorOf,
  fileOf,
  freshDirectory,
  PROCESS_TIMEOUT_MS,
  type Finished,
} from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

async function domainIn(file: string): Promise<Domain> {
  const parsed = parseDomain(await readFile(file, "utf8"));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

async function secretIn(file: string): Promise<DomainSecret> {
  return domainSecretSchema.parse((await readFile(file, "utf8")).trim());
}

let stem = "";
let first: Finished;
let second: Finished;
/** Files of the domain, by what they end with. */
const at = (ending: string): string => `${stem}${ending}`;

function check(document: string, ...more: string[]): Promise<Finished> {
  return command(["domain", "check", at(document), ...more]);
}

beforeAll(async () => {
  stem = (await fileOf("small.json", JSON.stringify(smallDomain))).replace(/\.json$/, "");
  first = await command(["domain", "key", at(".json"), "--json"]);
  second = await command(["domain", "key", at(".epoch-1.json")]);
});

describe("domain key", () => {
  test("writes epoch 1 and its secret, for its owner alone, and leaves the document as it is", async () => {
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    const [document, secretFile] = [at(".epoch-1.json"), at(".epoch-1.secret")];
    const keyed = await domainIn(document);
    const secret = await secretIn(secretFile);
    const id = domainIdOf(keyed);
    expect(JSON.parse(first.stdout)).toEqual({ id, epoch: 1, document, secretFile });
    expect(keyed.signature.key).toEqual({ epoch: 1, commitment: commitmentTo(secret) });
    expect({ ...keyed, signature: smallDomain.signature }).toEqual(smallDomain);
    expect((await stat(secretFile)).mode & 0o777).toBe(0o600);
    expect(await domainIn(at(".json"))).toEqual(smallDomain);
  });

  test("writes the next epoch with another secret beside the former, and says how members go over", async () => {
    expect(second.code).toBe(0);
    expect((await domainIn(at(".epoch-2.json"))).signature.key?.epoch).toBe(2);
    const secret = await secretIn(at(".epoch-2.secret"));
    expect(secret).not.toBe(await secretIn(at(".epoch-1.secret")));
    expect(second.stdout).toContain("wrangler secret put DOMAIN_SECRETS");
    expect(second.stdout).toContain("serve and ask the former domain too");
    expect(second.stdout).not.toContain(secret);
  });

  test("overwrites neither a document nor a secret", async () => {
    const before = await readFile(at(".epoch-1.secret"), "utf8");
    const again = await command(["domain", "key", at(".json"), "--json"]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("is there already");
    expect(await readFile(at(".epoch-1.secret"), "utf8")).toBe(before);
  });
});

describe("domain check of a keyed domain", () => {
  test("says the epoch, and that the secret was not checked, until it is", async () => {
    const plain = await check(".epoch-1.json");
    expect(plain.code).toBe(0);
    expect(plain.stdout).toMatch(/^keyed: .*epoch 1$/m);
    expect(plain.stdout).toContain("warning: signature.key: its secret was not checked");
    const secret = ["--domain-secret-file", at(".epoch-1.secret"), "--json"];
    const report: unknown = JSON.parse((await check(".epoch-1.json", ...secret)).stdout);
    expect(report).toMatchObject({ ok: true, keyed: true, epoch: 1, warnings: [] });
  });

  test("refuses a secret of another epoch, and one for a domain that takes none", async () => {
    const secret = ["--domain-secret-file", at(".epoch-1.secret"), "--json"];
    const other = await check(".epoch-2.json", ...secret);
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({
      problems: [{ path: "signature.key", message: expect.stringContaining("not of epoch 2") }],
    });
    const none = await check(".json", ...secret);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stdout)).toMatchObject({ problems: [{ path: "signature.key" }] });
  });

  test("refuses a file that holds no secret, without showing what it holds", async () => {
    const wrong = await fileOf("x.secret", "hunter2-hunter2\n");
    const run = await check(".epoch-1.json", "--domain-secret-file", wrong);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("holds no domain secret");
    expect(run.stderr + run.stdout).not.toContain("hunter2");
  });
});

test("origin init names the secret in the configuration, and the origin compiles the domain with it", async () => {
  const directory = await freshDirectory();
  const [key, charter] = [join(directory, "node.key"), join(directory, "charter.json")];
  await command(["key", "new", "--out", key]);
  const found = ["mesh", "found", "--name", "M", "--admission", "members:1", "--key", key];
  await command([...found, "--out", charter]);
  const place = [
    "--dir",
    directory,
    "--charter",
    charter,
    "--mesh-url",
    "https://mesh.example.org",
  ];
  const init = ["origin", "init", ...place, "--domain", at(".epoch-1.json"), "--json"];
  const without = await command(init);
  expect(without.code).toBe(2);
  expect(errorOf(without)).toMatchObject({
    hint: expect.stringContaining("--domain-secret-file"),
    issues: [{ path: "signature.key" }],
  });
  const run = await command([...init, "--domain-secret-file", at(".epoch-1.secret")]);
  expect(run.stderr).toBe("");
  const file = join(directory, "origin.jsonc");
  const { domains } = await loadDomains(await readOriginConfig(file, {}));
  expect(domains.map(({ id }) => id)).toEqual([domainIdOf(await domainIn(at(".epoch-1.json")))]);
  expect(await readFile(file, "utf8")).not.toContain(await secretIn(at(".epoch-1.secret")));
});

test("query takes a secret only where it computes the signature itself", async () => {
  const gateway = ["--gateway", "http://127.0.0.1:9", "--token", "0123456789abcdef"];
  const query = ["query", ...gateway, "--domain", at(".epoch-1.json"), "--profile", "{}"];
  const run = await command([...query, "--domain-secret-file", at(".epoch-1.secret")]);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("has no use without --private");
});
