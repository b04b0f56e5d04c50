/** The flows that users rely on, from a record at an origin to an answer elsewhere. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../../client/index.ts";
import {
  createView,
  decodeEntry,
  encodeProfile,
  fromBase64Url,
  lookupResponseSchema,
  membersSchema,
  queryEventSchema,
  queryResponseSchema,
  signatureOf,
  signedFetch,
  slotsOf,
  toBase64Url,
  utf8Bytes,
  type Entry,
  type MembershipView,
  type NodeId,
  type QueryResponse,
} from "../../protocol/index.ts";
import { findTraces } from "../support/traces.ts";
import { smallExample, smallQuery, smallRecord } from "../support/small-example.ts";
import {
  askGateway,
  postJson,
  Recorder,
  startTestMesh,
  type TestMesh,
} from "../support/test-mesh.ts";
import { testCaller } from "../support/test-caller.ts";

const SLUGS = ["ash", "birch", "cedar", "elm", "fir", "gorse"];
const recorder = new Recorder();
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await startTestMesh(smallExample(SLUGS), { interpose: recorder.interpose });
});

afterAll(async () => {
  await mesh.stop();
  await recorder.close();
});

async function ask(
  slug: string,
  profile: object = smallQuery,
  more: object = {},
): Promise<QueryResponse> {
  const body = { domain: mesh.compiled.id, profile, k: 10, ...more };
  const answer = await askGateway(mesh.mesh.organisation(slug), body);
  expect(answer).toMatchObject({ status: 200 });
  return queryResponseSchema.parse(answer.body);
}

function deposit(slug: string, record: object) {
  const { originUrl, operatorToken } = mesh.mesh.organisation(slug);
  return postJson(`${originUrl}/v1/outcomes`, operatorToken, { domain: mesh.compiled.id, record });
}

test("every organisation gets the same ranking for the same query", async () => {
  const [first, ...others] = await Promise.all(SLUGS.map((slug) => ask(slug)));
  expect(first?.ranking).toHaveLength(10);
  for (const other of others) expect(other.ranking).toEqual(first?.ranking);
});

test("the ranking is the exact one over all records of all organisations", async () => {
  const { ranking } = await ask("fir", smallQuery, { k: 24 });
  expect(ranking).toHaveLength(24);
  const scores = ranking.map(({ score }) => score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(ranking.slice(0, 6).every(({ score }) => score === 1)).toBe(true);
});

test("an outcome is found across the mesh when its deposit returns, and no more once it is withdrawn", async () => {
  const profile = { age: 12, site: "harbour", signs: ["rash"] };
  expect((await ask("ash", profile)).ranking.some(({ score }) => score > 0.9)).toBe(false);
  const record = { ...smallRecord("gorse", 0), id: "deposited", profile };
  const deposited = await deposit("gorse", record);
  expect(deposited).toMatchObject({
    status: 201,
    body: { id: "deposited", publication: { missing: [] } },
  });
  const found = await ask("ash", profile);
  expect(found.ranking[0]).toMatchObject({ score: 1, organisation: "Organisation gorse" });

  const { originUrl, operatorToken } = mesh.mesh.organisation("gorse");
  const withdrawn = await fetch(`${originUrl}/v1/outcomes/${mesh.compiled.id}/deposited`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  expect(withdrawn.status).toBe(200);
  expect((await ask("ash", profile)).ranking.some(({ score }) => score > 0.9)).toBe(false);
});

test("a stream gives the route first, every origin as it answers, and the whole response last", async () => {
  const { meshUrl, requesterToken } = mesh.mesh.organisation("birch");
  const response = await fetch(`${meshUrl}/v1/query`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${requesterToken}`,
      "content-type": "application/json",
      accept: "application/x-ndjson",
    },
    body: JSON.stringify({ domain: mesh.compiled.id, profile: smallQuery, k: 10 }),
  });
  const lines = (await response.text()).trim().split("\n");
  const events = lines.map((line) => queryEventSchema.parse(JSON.parse(line)));
  const types = events.map(({ type }) => type);
  expect(types[0]).toBe("route");
  expect(types.at(-1)).toBe("done");
  expect(types.slice(1, -1).every((type) => type === "origin")).toBe(true);
  const last = events.at(-1);
  expect(last?.type === "done" && last.response.ranking).toEqual((await ask("birch")).ranking);
});

test("a private query gives the same ranking, and its profile never reaches the own gateway", async () => {
  const slug = "cedar";
  const profile = { age: 50.123456, site: "canary-site", signs: ["fever", "canary-sign"] };
  const { requesterToken } = mesh.mesh.organisation(slug);
  const gateway = recorder.of("mesh", slug);
  const before = gateway.exchanges.length;
  const client = createClient({ gateway: gateway.url, token: requesterToken });
  const response = await client
    .queryPrivately({ domain: await client.compile(mesh.compiled.id), profile, k: 10 })
    .response();
  const seen = gateway.exchanges.slice(before);
  expect(seen.map(({ path }) => path)).toContain("/v1/route");
  const bytes = Buffer.concat(seen.flatMap((e) => [e.requestBody, e.responseBody]));
  expect(findTraces(bytes, [50.123456, "canary-site", "canary-sign"])).toEqual([]);
  expect(response.ranking).toEqual((await ask(slug, profile)).ranking);
  expect(response.ranking.length).toBeGreaterThan(0);
});

test("an entry is held by all R nodes of each of its slots", async () => {
  const birch = mesh.mesh.organisation("birch").identity.node;
  // The signature of the organisation's first record: its profile is the small query's.
  const signature = signatureOfQuery();
  const { placement } = await viewOf("ash");
  const slots = slotsOf(mesh.compiled.plan, signature);
  for (const [tree, slot] of slots.entries()) {
    if (slot === undefined) throw new Error("the query has all features, so every tree has a slot");
    const replicas = placement.replicasOf(slot);
    expect(replicas).toHaveLength(3);
    for (const { slug } of mesh.mesh.organisations.filter((o) =>
      replicas.includes(o.identity.node),
    )) {
      const held = (await entriesAt(slug, tree)).filter(({ node }) => node === birch);
      expect(held.map((entry) => toBase64Url(entry.signature))).toEqual([toBase64Url(signature)]);
    }
  }
});

test("a lookup asks about as few nodes as can cover its slots", async () => {
  const self = mesh.mesh.organisation("elm").identity.node;
  const { placement } = await viewOf("elm");
  const slots = slotsOf(mesh.compiled.plan, signatureOfQuery()).filter(
    (slot) => slot !== undefined,
  );
  const others = mesh.mesh.organisations
    .map((o) => o.identity.node)
    .filter((node) => node !== self);
  const covers = (chosen: readonly NodeId[]): boolean =>
    slots.every((slot) =>
      placement.replicasOf(slot).some((node) => node === self || chosen.includes(node)),
    );
  const subsets = Array.from({ length: 2 ** others.length }, (_, bits) =>
    others.filter((_node, i) => (bits >> i) % 2 === 1),
  );
  const fewest = Math.min(...subsets.filter(covers).map((chosen) => chosen.length));
  const { coverage, cost } = await ask("elm");
  expect(coverage.slotsAnswered).toBe(coverage.slotsAsked);
  const covering = cost.lookupRequests - cost.confirmations - cost.hedged;
  expect(covering).toBeGreaterThanOrEqual(fewest);
  // Greedy cover: one more than the fewest, at the worst of so few nodes.
  expect(covering).toBeLessThanOrEqual(fewest + 1);
});

function signatureOfQuery(): Uint8Array {
  const encoded = encodeProfile(mesh.compiled, smallQuery);
  if (!encoded.ok) throw new Error("the query does not encode");
  return signatureOf(mesh.compiled, encoded.value.values);
}

/** What a node says to a member's request. */
async function sayTo(
  slug: string,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { identity } = mesh.mesh.organisation("ash");
  const target = mesh.mesh.organisation(slug);
  const { result } = await signedFetch(testCaller(identity, mesh.mesh.mesh), {
    method,
    url: target.meshUrl + path,
    to: target.identity.node,
    key: target.identity.publicKey,
    ...(body !== undefined && { body: utf8Bytes(JSON.stringify(body)) }),
    maxBytes: 16_777_216,
    timeoutMs: 10_000,
  });
  if (!result.ok) throw new Error(`${slug} is ${result.error}`);
  return JSON.parse(new TextDecoder().decode(result.value.body));
}

async function viewOf(slug: string): Promise<MembershipView> {
  const members = membersSchema.parse(await sayTo(slug, "GET", "/v1/node/members"));
  return createView(members.charter, members.statements, Date.now());
}

/** The entries that a node finds for the small query in one tree. */
async function entriesAt(slug: string, tree: number): Promise<Entry[]> {
  const answer = await sayTo(slug, "POST", "/v1/peer/lookup", {
    domain: mesh.compiled.id,
    signature: toBase64Url(signatureOfQuery()),
    trees: [tree],
    limit: 50,
    membership: "",
  });
  return lookupResponseSchema.parse(answer).origins.flatMap(({ entries }) =>
    entries.flatMap((text) => {
      const entry = decodeEntry(fromBase64Url(text));
      return entry.ok ? [entry.value] : [];
    }),
  );
}

test("documents itself: OpenAPI names every route, and the page needs no script", async () => {
  const { meshUrl } = mesh.mesh.organisation("ash");
  const document = z
    .object({ openapi: z.literal("3.1.0"), paths: z.record(z.string(), z.unknown()) })
    .parse(await (await fetch(`${meshUrl}/openapi.json`)).json());
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/v1/query", "/v1/route", "/v1/peer/lookup", "/v1/domains/{id}"]),
  );
  const page = await (await fetch(`${meshUrl}/docs`)).text();
  for (const path of Object.keys(document.paths))
    expect(page).toContain(path.replaceAll(/\{(\w+)\}/g, ":$1"));
  expect(page).not.toContain("<script");
});
