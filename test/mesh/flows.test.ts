/** The flows that users rely on, from a record at an origin to an answer elsewhere. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../../client/index.ts";
import {
  lookupResponseSchema,
  queryEventSchema,
  queryResponseSchema,
  signRequest,
  utf8Bytes,
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
  const { requesterToken, identity } = mesh.mesh.organisation(slug);
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
  expect(identity.node).toBeDefined();
});

test("P: an entry is held by R nodes of each of its slots, and a lookup asks the fewest that cover the slots", async () => {
  const { coverage, cost } = await ask("elm");
  expect(coverage.slotsAnswered).toBe(coverage.slotsAsked);
  // R = 3 of 6 nodes hold a slot, one of them often the asker: 16 slots need few of the other five.
  expect(cost.lookupRequests).toBeLessThanOrEqual(4);
  const holders = await Promise.all(
    mesh.mesh.organisations.map(async ({ slug }) => (await entriesHeldBy(slug)).length > 0),
  );
  expect(holders.filter(Boolean).length).toBeGreaterThanOrEqual(3);
});

/** The entries that a node returns for the slots it holds of the small query's signature. */
async function entriesHeldBy(slug: string): Promise<string[]> {
  const { encodeProfile, signatureOf, slotsOf, toBase64Url, createView, membersSchema } =
    await import("../../protocol/index.ts");
  const asker = mesh.mesh.organisation("ash");
  const target = mesh.mesh.organisation(slug);
  const send = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const bytes = body === undefined ? utf8Bytes("") : utf8Bytes(JSON.stringify(body));
    const request = { method, url: target.meshUrl + path, body: bytes };
    const headers = await signRequest(request, {
      identity: asker.identity,
      mesh: mesh.mesh.mesh,
      to: target.identity.node,
      now: Date.now(),
      nonce: crypto.getRandomValues(new Uint8Array(16)),
    });
    const response = await fetch(request.url, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body !== undefined && { body: bytes }),
    });
    return response.json();
  };
  const members = membersSchema.parse(await send("GET", "/v1/node/members", undefined));
  const view = createView(members.charter, members.descriptors);
  const encoded = encodeProfile(mesh.compiled, smallQuery);
  if (!encoded.ok) throw new Error("the query does not encode");
  const signature = signatureOf(mesh.compiled, encoded.value.values);
  const trees = slotsOf(mesh.compiled.plan, signature).flatMap((slot, tree) =>
    slot !== undefined && view.placement.replicasOf(slot).includes(target.identity.node)
      ? [tree]
      : [],
  );
  if (trees.length === 0) return [];
  const answer = await send("POST", "/v1/peer/lookup", {
    domain: mesh.compiled.id,
    signature: toBase64Url(signature),
    trees,
    limit: 50,
    membership: view.version,
  });
  return lookupResponseSchema.parse(answer).origins.flatMap(({ entries }) => entries);
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
