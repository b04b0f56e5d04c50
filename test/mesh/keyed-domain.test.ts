/**
 * A keyed domain in a mesh of real Workers: its members publish and find with the secret, a member without it routes
 * and stores for them and can ask nothing, and a new secret takes over without a gap.
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkSecrets } from "../../client/cli/doctor/check-secrets.ts";
import { Findings } from "../../client/cli/doctor/check.ts";
import type { LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import { createClient, DomainSecretError, ProblemError } from "../../client/index.ts";
import {
  loadRecords,
  openStore,
  statusReportSchema,
  type StatusReport,
} from "../../origin/index.ts";
import {
  commitmentTo,
  compileDomain,
  domainSecretFrom,
  encodeProfile,
  openIdentity,
  queryResponseSchema,
  secretKeyFrom,
  signatureOf,
  toBase64Url,
  type CompiledDomain,
  type DomainSecret,
} from "../../protocol/index.ts";
import { smallDomain, smallExample, smallQuery, smallRecord } from "../support/small-example.ts";
import { askGateway, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

const MEMBERS = ["ash", "birch"];
const OUTSIDER = "elm";
const POLL_MS = 50;
/** Workers and origins are started anew; a machine that does much else takes minutes. */
const START_TIMEOUT_MS = 300_000;

/** A domain of the mesh, and what its members have to compute signatures of it. */
interface Keyed {
  readonly epoch: number;
  readonly secret: DomainSecret;
  readonly compiled: CompiledDomain;
}

function keyed(epoch: number, fill: number): Keyed {
  const secret = domainSecretFrom(new Uint8Array(32).fill(fill));
  const key = { epoch, commitment: commitmentTo(secret) };
  const signature = { ...smallDomain.signature, key };
  const compiled = compileDomain({ ...smallDomain, signature }, new Map(), { secret });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return { epoch, secret, compiled: compiled.value };
}

const first = keyed(1, 1);
const second = keyed(2, 2);
const open = compileDomain(smallDomain);
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await startTestMesh(smallExample([...MEMBERS, OUTSIDER]), {
    separateWorkers: true,
    environment: { DOMAIN_SECRETS: `${first.secret}\n${second.secret}\n` },
  });
  await mesh.mesh.restartWorker(OUTSIDER, { DOMAIN_SECRETS: "" });
  await serve([first], first);
}, START_TIMEOUT_MS);

afterAll(() => mesh.stop());

/** Configures the members' origins for these keyed domains, loads the records into `loaded`, and waits until all is published. */
async function serve(domains: readonly Keyed[], loaded?: Keyed): Promise<void> {
  await Promise.all(
    MEMBERS.map(async (slug) => {
      const organisation = mesh.mesh.organisation(slug);
      await mesh.mesh.stopOrigin(slug);
      await configure(organisation, domains);
      if (loaded) await load(organisation, domains, loaded);
      await mesh.mesh.startOrigin(slug);
      while ((await statusOf(organisation)).outbox.waiting > 0) {
        await new Promise((ok) => setTimeout(ok, POLL_MS));
      }
    }),
  );
}

async function configure(
  { configFile }: LocalOrganisation,
  domains: readonly Keyed[],
): Promise<void> {
  const config: object = JSON.parse(await readFile(configFile, "utf8"));
  const named = domains.map(({ epoch }) => `small.epoch-${epoch}`);
  for (const [i, { secret, compiled }] of domains.entries()) {
    const stem = join(dirname(configFile), named[i] ?? "");
    await writeFile(`${stem}.json`, JSON.stringify(compiled.domain));
    await writeFile(`${stem}.secret`, `${secret}\n`);
  }
  const changes = {
    domains: ["small.json", ...named.map((name) => `${name}.json`)],
    domainSecretFiles: named.map((name) => `${name}.secret`),
  };
  await writeFile(configFile, JSON.stringify({ ...config, ...changes }));
}

async function load(
  { database, slug }: LocalOrganisation,
  domains: readonly Keyed[],
  { compiled }: Keyed,
): Promise<void> {
  const store = openStore(database, [mesh.compiled, ...domains.map((domain) => domain.compiled)]);
  const rows = Array.from({ length: 4 }, (_, i) => ({ line: i, raw: smallRecord(slug, i) }));
  const { rejected } = await loadRecords(store, compiled, rows);
  store.close();
  expect(rejected).toEqual([]);
}

async function statusOf({ originUrl, operatorToken }: LocalOrganisation): Promise<StatusReport> {
  const response = await fetch(`${originUrl}/v1/status`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  return statusReportSchema.parse(await response.json());
}

function clientOf(slug: string, ...domainSecrets: string[]) {
  const { meshUrl, requesterToken } = mesh.mesh.organisation(slug);
  return createClient({ gateway: meshUrl, token: requesterToken, domainSecrets });
}

/** Names of the organisations whose records a member's gateway ranks. */
async function foundThrough(slug: string, { compiled }: Keyed): Promise<Set<string>> {
  const { status, body } = await askGateway(mesh.mesh.organisation(slug), {
    domain: compiled.id,
    profile: smallQuery,
    k: 20,
    exhaustive: true,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  const { ranking } = queryResponseSchema.parse(body);
  return new Set(ranking.map(({ organisation }) => organisation));
}

const ALL = new Set(MEMBERS.map((slug) => `Organisation ${slug}`));

test("P-142: members with the secret find each other's records through their gateways", async () => {
  for (const slug of MEMBERS) expect(await foundThrough(slug, first)).toEqual(ALL);
});

test("a gateway without the secret refuses a query in the domain, says why, and what to do", async () => {
  const asked = { domain: first.compiled.id, profile: smallQuery };
  const { status, body } = await askGateway(mesh.mesh.organisation(OUTSIDER), asked);
  expect(status).toBe(503);
  expect(body).toMatchObject({
    type: "urn:outcome-mesh:problem:domain-secret-missing",
    detail: expect.stringMatching(/DOMAIN_SECRETS.*private mode/),
    errors: [{ path: "signature.key", message: expect.stringContaining("epoch 1") }],
  });
  const error = await clientOf(OUTSIDER)
    .query(asked)
    .response()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
});

test("doctor says of which domains a Worker lacks the secrets", async () => {
  const report = await statusOf(mesh.mesh.organisation("ash"));
  const lacking = `the Worker refuses queries in ${first.compiled.id}: it lacks the secret`;
  const expected = [
    { slug: "ash", status: "ok", message: "the Worker has those of 1 domain" },
    { slug: OUTSIDER, status: "warn", message: lacking },
  ];
  for (const { slug, ...found } of expected) {
    const { meshUrl, requesterToken } = mesh.mesh.organisation(slug);
    const findings = new Findings();
    await checkSecrets(findings, meshUrl, report, requesterToken);
    expect(findings.checks).toMatchObject([{ check: "domain-secrets", ...found }]);
  }
});

test("P-141: it routes for who has the secret all the same, and the client needs the secret to ask", async () => {
  const client = clientOf(OUTSIDER, first.secret);
  const domain = await client.compile(first.compiled.id);
  const run = client.queryPrivately({ domain, profile: smallQuery, k: 20, exhaustive: true });
  const { ranking, coverage } = await run.response();
  expect(coverage.slotsAnswered).toBe(coverage.slotsAsked);
  expect(new Set(ranking.map(({ organisation }) => organisation))).toEqual(ALL);
  const without = clientOf(OUTSIDER, second.secret).compile(first.compiled.id);
  await expect(without).rejects.toThrow(DomainSecretError);
  await expect(without).rejects.toThrow(/its secret of epoch 1 was not given/);
});

/** The best estimate that any origin has for `smallQuery`, its signature computed by the families of `by`. */
async function bestEstimate(by: CompiledDomain): Promise<number> {
  const { compiled } = first;
  const domain = { ...compiled, features: by.features };
  const checked = encodeProfile(domain, smallQuery);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  const { publicKey } = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  const { origins } = await clientOf(OUTSIDER).route({
    domain: compiled.id,
    signature: toBase64Url(signatureOf(domain, checked.value.values)),
    maxOrigins: 10,
    deadlineMs: 10_000,
    delegate: publicKey,
  });
  return Math.max(0, ...origins.map(({ estimate }) => estimate));
}

test("P-142: a signature with another secret, or with none, is like no entry of the domain", async () => {
  if (!open.ok) throw new Error(JSON.stringify(open.error));
  expect(await bestEstimate(first.compiled)).toBeGreaterThan(0.9);
  // 96 symbols: by chance some match, 1 in 255 each.
  expect(await bestEstimate(second.compiled)).toBeLessThan(0.15);
  expect(await bestEstimate(open.value)).toBeLessThan(0.15);
});

test(
  "P-145: a new secret: both domains are found while both are served, then the former is no more",
  async () => {
    await serve([first, second], second);
    for (const domain of [first, second]) expect(await foundThrough("ash", domain)).toEqual(ALL);
    await serve([second]);
    expect(await foundThrough("birch", second)).toEqual(ALL);
    expect(await foundThrough("birch", first)).toEqual(new Set());
  },
  START_TIMEOUT_MS,
);
