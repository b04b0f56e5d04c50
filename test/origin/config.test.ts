import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ConfigError, loadDomains, readOriginConfig } from "../../origin/index.ts";
import { commitmentTo, contentId, domainSecretFrom, secretKeyFrom } from "../../protocol/index.ts";
import { domainDocument, ontologyBytes, temporaryDirectory } from "../support/origin-domain.ts";

const key = secretKeyFrom(randomBytes(32));
const good = {
  meshId: contentId(randomBytes(8)),
  meshUrl: "http://127.0.0.1:8787",
  database: "data/origin.sqlite",
  keyFile: "node.key",
  operatorTokenFile: "operator.token",
  domains: ["ward.json"],
  ontologies: ["small.omo"],
};
let directory = "";

beforeAll(async () => {
  directory = await temporaryDirectory();
  await writeFile(join(directory, "node.key"), `${key}\n`);
  await writeFile(join(directory, "operator.token"), "0123456789abcdef\n");
  await writeFile(join(directory, "ward.json"), JSON.stringify(domainDocument));
  await writeFile(join(directory, "small.omo"), ontologyBytes);
});

async function read(changes: object, environment: Record<string, string> = {}) {
  const file = join(directory, "origin.json");
  await writeFile(file, JSON.stringify({ ...good, ...changes }));
  return readOriginConfig(file, environment);
}

async function issuesOf(attempt: Promise<unknown>) {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`not a ConfigError: ${String(error)}`);
  for (const { path, message } of error.issues)
    expect(error.message).toContain(`${path}: ${message}`);
  return error.issues.map(({ path }) => path);
}

describe("the configuration", () => {
  test("resolves paths relative to its file, and has safe defaults", async () => {
    expect(await read({})).toMatchObject({
      key,
      operatorToken: "0123456789abcdef",
      database: join(directory, "data/origin.sqlite"),
      domains: [join(directory, "ward.json")],
      ontologies: [join(directory, "small.omo")],
      listen: { host: "127.0.0.1", port: 7100 },
      policy: { allowExclusion: false, minimumCount: 1, requestsPerMinute: 600 },
    });
  });

  test("takes the secrets from the environment before the files", async () => {
    const other = secretKeyFrom(randomBytes(32));
    const environment = {
      OUTCOME_MESH_NODE_KEY: other,
      OUTCOME_MESH_OPERATOR_TOKEN: "fedcba9876543210",
    };
    const withFiles = await read({}, environment);
    const without = await read({ keyFile: undefined, operatorTokenFile: undefined }, environment);
    for (const config of [withFiles, without]) {
      expect(config).toMatchObject({ key: other, operatorToken: "fedcba9876543210" });
    }
  });

  test.each([
    [{ meshId: "short" }, ["meshId"]],
    [{ meshUrl: "http://example.org" }, ["meshUrl"]],
    [{ listen: { host: "127.0.0.1", port: 65_536 } }, ["listen.port"]],
    [{ domains: [] }, ["domains"]],
    [{ policy: { minimumCount: 0 } }, ["policy.minimumCount"]],
    [{ policy: { requestsPerMinute: 0 } }, ["policy.requestsPerMinute"]],
    [{ keyFile: undefined }, ["keyFile"]],
    [{ keyFile: "none.key" }, ["keyFile"]],
    [{ keyFile: "operator.token" }, ["keyFile"]],
    [{ operatorTokenFile: "none.token" }, ["operatorTokenFile"]],
  ])("names the offending field of %j", async (changes, paths) => {
    expect(await issuesOf(read(changes))).toEqual(paths);
  });

  test("refuses an operator's token that can be guessed", async () => {
    const attempt = read({}, { OUTCOME_MESH_OPERATOR_TOKEN: "secret" });
    expect(await issuesOf(attempt)).toEqual(["OUTCOME_MESH_OPERATOR_TOKEN"]);
  });

  test("says so where it is not JSON or not there", async () => {
    const file = join(directory, "broken.json");
    await writeFile(file, "{");
    await expect(readOriginConfig(file, {})).rejects.toThrow(/is not JSON/);
    await expect(readOriginConfig(join(directory, "none.json"), {})).rejects.toThrow(
      /can not be read/,
    );
  });
});

describe("the secrets of keyed domains", () => {
  const secrets = [1, 2].map((fill) => domainSecretFrom(new Uint8Array(32).fill(fill)));
  const [one, two] = secrets;

  /** The ward, keyed by the first secret. */
  async function keyed(): Promise<object> {
    const signature = {
      ...domainDocument.signature,
      key: { epoch: 7, commitment: one ? commitmentTo(one) : "" },
    };
    await writeFile(
      join(directory, "keyed.json"),
      JSON.stringify({ ...domainDocument, signature }),
    );
    await writeFile(join(directory, "one.secret"), `${one}\n`);
    await writeFile(join(directory, "two.secret"), `${two}\n`);
    return { domains: ["keyed.json"] };
  }

  test("are read from files, or from the environment in their place, and each finds its domain", async () => {
    const domains = await keyed();
    const files = { domainSecretFiles: ["two.secret", "one.secret"] };
    const variable = { OUTCOME_MESH_DOMAIN_SECRETS: ` ${two}\n${one} ` };
    for (const config of [
      await read({ ...domains, ...files }),
      await read(domains, variable),
      await read({ ...domains, domainSecretFiles: ["none.secret"] }, variable),
    ]) {
      expect(config.domainSecrets).toEqual([two, one]);
      expect((await loadDomains(config)).domains).toHaveLength(1);
    }
  });

  test("a keyed domain is refused without its own, by file and field, with its epoch", async () => {
    const domains = await keyed();
    const lacking = await read({ ...domains, domainSecretFiles: ["two.secret"] });
    expect(await issuesOf(loadDomains(lacking))).toEqual(["signature.key"]);
    await expect(loadDomains(lacking)).rejects.toThrow(/keyed\.json.*[\s\S]*secret of epoch 7/);
  });

  test("a file without a secret, or one that is not there, is named, and its content is not shown", async () => {
    const domains = await keyed();
    for (const name of ["operator.token", "none.secret"]) {
      const attempt = read({ ...domains, domainSecretFiles: ["one.secret", name] });
      const [path] = await issuesOf(attempt);
      expect(path).toMatch(/^domainSecretFiles\.1/);
      await expect(attempt).rejects.not.toThrow(/0123456789abcdef/);
    }
    const attempt = read(domains, { OUTCOME_MESH_DOMAIN_SECRETS: `${one} x` });
    expect(await issuesOf(attempt)).toEqual(["OUTCOME_MESH_DOMAIN_SECRETS.1"]);
  });
});

describe("the domains of a configuration", () => {
  test("are compiled with their ontologies", async () => {
    const { domains, ontologies } = await loadDomains(await read({}));
    expect(domains.map(({ domain }) => domain.name)).toEqual(["ward"]);
    expect([...ontologies.keys()]).toEqual([contentId(ontologyBytes)]);
  });

  test("are refused with file and field where one can not work", async () => {
    const config = await read({});
    await mkdir(dirname(join(directory, "d/x.json")), { recursive: true });
    const bad = join(directory, "d/bad.json");
    const features = [{ name: "age", kind: "numeric", weight: 1, tolerance: 0 }];
    await writeFile(bad, JSON.stringify({ ...domainDocument, features }));
    expect(await issuesOf(loadDomains({ ...config, domains: [bad] }))).toEqual([
      "features.0.tolerance",
    ]);
    expect(await issuesOf(loadDomains({ ...config, ontologies: [] }))).toEqual([
      "features.2.ontology",
    ]);
    expect(
      await issuesOf(loadDomains({ ...config, domains: [join(directory, "none.json")] })),
    ).toEqual(["domains.0"]);
    await expect(loadDomains({ ...config, ontologies: [bad] })).rejects.toThrow(
      /not a compiled ontology/,
    );
    const [domain = ""] = config.domains;
    await expect(loadDomains({ ...config, domains: [domain, domain] })).rejects.toThrow(
      /configured twice/,
    );
  });
});
