/** A node whose Worker is down, slow or lies costs lookups nothing while another replica of its slots answers. */
import { createServer, type RequestListener, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { queryResponseSchema, type QueryResponse } from "../../protocol/index.ts";
import { close, listen, startRecordingProxy } from "../support/recording-proxy.ts";
import { smallExample, smallQuery, smallRecord } from "../support/small-example.ts";
import {
  askGateway,
  postJson,
  Recorder,
  startTestMesh,
  type TestMesh,
} from "../support/test-mesh.ts";

const SLUGS = ["ash", "birch", "cedar", "elm", "fir", "gorse"];
const ASKER = "ash";
const ATTEMPTS = 30;

/** The two nodes that the asker's lookups go to most: any two may fail, as R is 3. */
let bad: readonly string[] = [];

const recorder = new Recorder();
let mesh: TestMesh;
let healthy: QueryResponse;
const servers: Server[] = [];

beforeAll(async () => {
  mesh = await startTestMesh(smallExample(SLUGS), { replicas: 3, interpose: recorder.interpose });
  for (let i = 0; i < 10; i++) healthy = await ask();
  const lookupsAt = (slug: string): number =>
    recorder.of("mesh", slug).exchanges.filter(({ path }) => path === "/v1/peer/lookup").length;
  bad = SLUGS.filter((slug) => slug !== ASKER)
    .toSorted((a, b) => lookupsAt(b) - lookupsAt(a))
    .slice(0, 2);
});

afterEach(async () => {
  await mesh.mesh.renew();
  await Promise.all(servers.splice(0).map(close));
});

afterAll(async () => {
  await mesh.stop();
  await recorder.close();
});

async function ask(): Promise<QueryResponse> {
  const answer = await askGateway(mesh.mesh.organisation(ASKER), {
    domain: mesh.compiled.id,
    profile: smallQuery,
    k: 50,
    deadlineMs: 8000,
  });
  return queryResponseSchema.parse(answer.body);
}

/** Puts `handler` where the bad organisations' Workers were. */
async function replaceNodes(handler: RequestListener): Promise<void> {
  const changes: Record<string, { meshUrl: string }> = {};
  for (const slug of bad) {
    const server = createServer(handler);
    servers.push(server);
    changes[slug] = { meshUrl: await listen(server) };
  }
  await mesh.mesh.renew(changes);
}

test("all well: everything is found", () => {
  expect(healthy.ranking).toHaveLength(24);
});

test.each<readonly [string, RequestListener]>([
  ["error", (_, response) => response.writeHead(500).end()],
  ["refuse", (_, response) => response.writeHead(421).end("{}")],
  ["answer garbage", (_, response) => response.end("garbage")],
  ["hang", () => undefined],
  ["hang up", (request) => request.destroy()],
  [
    "redirect elsewhere",
    (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  ],
  [
    "answer with 5 MB",
    (_, response) => response.end(JSON.stringify({ origins: "x".repeat(5_000_000) })),
  ],
])(
  "two nodes that %s: their slots are answered by other replicas, and nothing is missing",
  async (_, handler) => {
    let calls = 0;
    await replaceNodes((request, response) => {
      calls += 1;
      handler(request, response);
    });
    // Which nodes a lookup asks is drawn: ask until a bad one was among them.
    for (let i = 0; i < ATTEMPTS; i++) {
      const response = await ask();
      expect(response.ranking).toEqual(healthy.ranking);
      expect(response.coverage.slotsAnswered).toBe(response.coverage.slotsAsked);
      if (calls > 0) break;
    }
    expect(calls).toBeGreaterThan(0);
  },
);

test("a node that invents entries for others is not believed", async () => {
  // What it really holds, with the signature bytes of each entry changed.
  const proxies = await Promise.all(
    bad.map((slug) => startRecordingProxy(mesh.mesh.organisation(slug).meshUrl)),
  );
  const changes = Object.fromEntries(
    bad.map((slug, i) => [slug, { meshUrl: proxies[i]?.url ?? "" }]),
  );
  await mesh.mesh.renew(changes);
  const lookups = () =>
    proxies.flatMap((proxy) => proxy.exchanges).filter(({ path }) => path === "/v1/peer/lookup");
  for (let i = 0; lookups().length === 0 && i < ATTEMPTS; i++) await ask();
  const recorded = lookups().find(({ status }) => status === 200);
  await Promise.all(proxies.map((proxy) => proxy.close()));
  expect(recorded).toBeDefined();
  const forged = (recorded?.responseBody.toString("utf8") ?? "").replaceAll(
    /"entries":\["([^"]+)..A?"\]/g,
    '"entries":["$1AA"]',
  );
  expect(forged).not.toBe(recorded?.responseBody.toString("utf8"));
  await replaceNodes((_, response) => response.end(forged));
  const response = await ask();
  const honest = new Set(healthy.origins.map(({ node }) => node));
  expect(response.origins.every(({ node }) => honest.has(node))).toBe(true);
  for (const result of response.ranking)
    expect(healthy.ranking).toContainEqual({ ...result, rank: expect.any(Number) });
});

test("a deposit says which nodes did not store its entry, and they get it once they are back", async () => {
  await replaceNodes((_, response) => response.writeHead(503).end());
  const { originUrl, operatorToken } = mesh.mesh.organisation("birch");
  const deposit = (id: string, age: number) =>
    postJson(`${originUrl}/v1/outcomes`, operatorToken, {
      domain: mesh.compiled.id,
      record: {
        ...smallRecord("birch", 0),
        id,
        profile: { age, site: "south", signs: ["rash"] },
      },
    });
  // By what the nodes answer to this one the origin learns of the new addresses.
  await deposit("early", 40);
  const deposited = await deposit("late", 20);
  expect(deposited.status).toBe(201);
  const names = JSON.stringify(deposited.body);
  for (const slug of bad) expect(names).toContain(mesh.mesh.organisation(slug).identity.node);

  await mesh.mesh.renew();
  await expect
    .poll(
      async () => {
        const response = await fetch(`${originUrl}/v1/status`, {
          headers: { authorization: `Bearer ${operatorToken}` },
        });
        return response.json();
      },
      { timeout: 60_000, interval: 500 },
    )
    .toMatchObject({ outbox: { waiting: 0 } });
});
