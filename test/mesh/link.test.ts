/** The link between an origin and its own Worker: queries over it, and what becomes of them where it breaks. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startLink, statusReportSchema, type RunningLink } from "../../origin/index.ts";
import {
  ANSWER_MAX_BYTES,
  linkedOriginUrl,
  openIdentity,
  secretKeyFrom,
  linkStatusSchema,
  ORIGIN_LINK_PATH,
  ORIGIN_QUERY_PATH,
  problemCode,
  problemSchema,
  queryResponseSchema,
  readJson,
  REQUEST_MAX_BYTES,
  signedAnswerTo,
  signedFetch,
  utf8Bytes,
  type PeerResponse,
  type QueryResponse,
} from "../../protocol/index.ts";
import { openOwnNode } from "../../client/cli/mesh/own-node.ts";
import { delegateOf, postQuery, refusalOf, signedQuery } from "../support/origin-server.ts";
import { smallExample, smallQuery } from "../support/small-example.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { testCaller } from "../support/test-caller.ts";
import { askGateway, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

/** Its origin holds a link; the test holds the link of the other. */
const LINKED = "birch";
const HELD = "ash";

let mesh: TestMesh;
let proxy: TcpProxy;
const links: RunningLink[] = [];

beforeAll(async () => {
  mesh = await startTestMesh(smallExample([HELD, LINKED]), {
    linked: [LINKED],
    // Requests are looked at as they pass: sealing has tests of its own.
    sealing: "optional",
  });
  proxy = await startTcpProxy({ port: Number(new URL(own().meshUrl).port) });
});

afterEach(async () => {
  proxy.open = true;
  await Promise.all(links.splice(0).map((link) => link.stop()));
});

afterAll(async () => {
  await proxy.close();
  await mesh.stop();
});

const own = () => mesh.mesh.organisation(HELD);

/** What the origin of the tests is asked: to answer after some time, with so many bytes. */
const askedSchema = z.object({
  name: z.string(),
  waitMs: z.int().default(0),
  bytes: z.int().default(0),
});
type Asked = z.input<typeof askedSchema>;

/** A link of the first organisation through the proxy, to an application that notes each request that it is handed. */
async function hold(
  maxInFlight = 32,
  gate?: Promise<void>,
): Promise<{ handed: string[]; peak: number; link: RunningLink }> {
  const held = { handed: [] as string[], peak: 0 };
  let working = 0;
  const { identity } = own();
  const link = startLink({
    identity,
    mesh: mesh.mesh.mesh,
    meshUrl: `http://127.0.0.1:${proxy.port}`,
    maxInFlight,
    handle: async (request) => {
      const asked = askedSchema.parse(await request.clone().json());
      held.handed.push(asked.name);
      held.peak = Math.max(held.peak, ++working);
      await Promise.all([gate, sleep(asked.waitMs)]);
      working -= 1;
      const body = new Uint8Array(asked.bytes).fill(120);
      const signing = { identity, mesh: mesh.mesh.mesh, now: Date.now() };
      return signedAnswerTo(request, new Response(body), signing);
    },
  });
  links.push(link);
  await expect.poll(() => link.report().state, { timeout: 5000 }).toBe("connected");
  return Object.assign(held, { link });
}

/** Another organisation asks; what comes back is verified. */
async function ask(asked: Asked, timeoutMs = 10_000, padding = 0): Promise<PeerResponse | string> {
  const { identity, meshUrl } = own();
  const asker = mesh.mesh.organisation(LINKED).identity;
  const text = JSON.stringify(asked);
  const { result } = await signedFetch(testCaller(asker, mesh.mesh.mesh), {
    method: "POST",
    url: linkedOriginUrl(meshUrl) + ORIGIN_QUERY_PATH,
    to: identity.node,
    key: identity.publicKey,
    body: utf8Bytes(text + " ".repeat(padding)),
    maxBytes: ANSWER_MAX_BYTES,
    timeoutMs,
  });
  return result.ok ? result.value : result.error;
}

function refusal(answer: PeerResponse | string): string | undefined {
  if (typeof answer === "string") return answer;
  const problem = problemSchema.safeParse(readJson(answer.body));
  return problem.success ? problemCode(problem.data) : undefined;
}

const status = (answer: PeerResponse | string) =>
  typeof answer === "string" ? answer : answer.status;

async function askMesh(deadlineMs = 4000): Promise<QueryResponse["origins"]> {
  const query = { domain: mesh.compiled.id, profile: smallQuery, k: 50, deadlineMs };
  const answer = await askGateway(own(), query);
  expect(answer.status).toBe(200);
  return queryResponseSchema.parse(answer.body).origins;
}

test("P-138: an origin without an address of its own is found and answers over its link", async () => {
  const { identity, operatorToken, originUrl } = mesh.mesh.organisation(LINKED);
  const found = await askMesh();
  expect(found.find(({ node }) => node === identity.node)).toMatchObject({
    status: "answered",
    results: 4,
  });
  const headers = { authorization: `Bearer ${operatorToken}` };
  const report = await fetch(`${originUrl}/v1/status`, { headers });
  const { parts } = statusReportSchema.parse(await report.json());
  expect(parts.find(({ name }) => name === "link")).toMatchObject({
    state: "ok",
    details: { state: "connected", reconnects: 0, answered: 1 },
  });
  const node = await openOwnNode(mesh.mesh.organisation(LINKED).meshUrl, identity);
  expect(await node.read(ORIGIN_LINK_PATH, linkStatusSchema)).toMatchObject({
    connected: true,
    inFlight: 0,
    queued: 0,
  });
});

test("P-138: the link leads to queries only, and for members and their delegates only", async () => {
  const { meshUrl, operatorToken, identity } = mesh.mesh.organisation(LINKED);
  const url = linkedOriginUrl(meshUrl);
  const headers = { authorization: `Bearer ${operatorToken}` };
  expect((await fetch(`${url}/v1/status`, { headers })).status).toBe(404);
  const unsigned = await fetch(url + ORIGIN_QUERY_PATH, { method: "POST", body: "{}", headers });
  expect(unsigned.status).toBe(401);
  expect((await fetch(meshUrl + ORIGIN_LINK_PATH, { headers })).status).toBe(401);

  const query = { domain: mesh.compiled.id, profile: smallQuery, k: 3 };
  const to = { mesh: mesh.mesh.mesh, to: identity.node };
  const member = await signedQuery(url, query, { ...to, identity: own().identity });
  const first = await postQuery(url, member);
  expect(first.status).toBe(200);
  expect(first.headers.get("ratelimit-policy")).toContain('"member";q=1000000;w=60');
  // Whether it was sent before, the origin knows.
  expect(await refusalOf(await postQuery(url, member))).toMatchObject({ status: 401 });
  const delegate = await delegateOf(mesh.mesh.mesh, own().identity);
  const byDelegate = await signedQuery(url, query, { ...to, ...delegate });
  expect((await postQuery(url, byDelegate)).status).toBe(200);
  const stranger = await openIdentity(secretKeyFrom(randomBytes(32)));
  const byStranger = await signedQuery(url, query, { ...to, identity: stranger });
  expect(await refusalOf(await postQuery(url, byStranger))).toMatchObject({ status: 403 });
  // A page of another site may ask, as a client in a browser does.
  const preflight = await fetch(url + ORIGIN_QUERY_PATH, { method: "OPTIONS" });
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
});

test("P-134: a hundred requests at once are all answered, and no more of them at a time than offered", async () => {
  const gate = Promise.withResolvers<void>();
  const held = await hold(16, gate.promise);
  const names = Array.from({ length: 100 }, (_, i) => `request ${i}`);
  const asking = Promise.all(names.map((name) => ask({ name, bytes: 10_000 }, 30_000)));
  await expect.poll(() => held.peak, { timeout: 10_000 }).toBe(16);
  gate.resolve();
  expect((await asking).map(status)).toEqual(names.map(() => 200));
  expect(held.handed.toSorted()).toEqual(names.toSorted());
  expect(held.peak).toBe(16);
});

test("P-131: the largest request and the largest answer go over the link", async () => {
  const held = await hold();
  const asked = { name: "large", bytes: ANSWER_MAX_BYTES };
  const padding = REQUEST_MAX_BYTES - JSON.stringify(asked).length;
  const answer = await ask(asked, 10_000, padding);
  expect(typeof answer === "string" ? answer : answer.body.length).toBe(ANSWER_MAX_BYTES);
  expect(refusal(await ask(asked, 10_000, padding + 1))).toBe("too-large");
  expect(held.handed).toEqual(["large"]);
});

test("an answer too large for its asker is not sent", async () => {
  await hold();
  expect(refusal(await ask({ name: "too large", bytes: ANSWER_MAX_BYTES + 1 }))).toBe("internal");
  expect(status(await ask({ name: "after it" }))).toBe(200);
});

test("P-133: a link that breaks while requests are under way resumes, and hands over each once", async () => {
  const held = await hold(4);
  const names = Array.from({ length: 12 }, (_, i) => `request ${i}`);
  const asking = Promise.all(names.map((name) => ask({ name, waitMs: 300 })));
  await expect.poll(() => held.handed.length).toBeGreaterThan(3);
  proxy.open = false;
  proxy.cut();
  // What is under way is done before there is a connection again.
  await sleep(500);
  expect(held.link.report()).toMatchObject({ inFlight: 0 });
  proxy.open = true;
  expect((await asking).map(status)).toEqual(names.map(() => 200));
  expect(held.handed.toSorted()).toEqual(names.toSorted());
  expect(held.link.report()).toMatchObject({ state: "connected", reconnects: 1, answered: 12 });
});

test("P-135: an origin that does not answer in time is unavailable while the asker still waits", async () => {
  const held = await hold();
  // In time: one that comes later is none, to the asker.
  expect(refusal(await ask({ name: "slow", waitMs: 4000 }, 3000))).toBe("origin-unavailable");
  // It was told to stop, and its answer is not kept.
  await expect.poll(() => held.link.report().inFlight).toBe(0);
});

test("P-135: an origin that is away is unavailable in time", async () => {
  await hold();
  proxy.open = false;
  proxy.cut();
  expect(refusal(await ask({ name: "away" }, 1000))).toBe("origin-unavailable");
});

test("P-135: the gateway reports an origin that is away, with the reason", async () => {
  await mesh.mesh.stopOrigin(LINKED);
  const { identity } = mesh.mesh.organisation(LINKED);
  const found = (await askMesh(4000)).find(({ node }) => node === identity.node);
  expect(found).toMatchObject({
    status: "unreachable",
    problem: { type: "urn:outcome-mesh:problem:origin-unavailable", status: 503 },
  });
  await mesh.mesh.startOrigin(LINKED);
  const answered = async () => (await askMesh()).find(({ node }) => node === identity.node)?.status;
  await expect.poll(answered, { timeout: 10_000 }).toBe("answered");
});

test("P-133: an origin that stops answers what it has, and takes nothing new", async () => {
  const held = await hold();
  const under = ask({ name: "under way", waitMs: 500 });
  await expect.poll(() => held.handed.length).toBe(1);
  const stopped = held.link.stop();
  await sleep(50);
  const later = ask({ name: "later" }, 5000);
  expect(status(await under)).toBe(200);
  await stopped;
  expect(held.handed).toEqual(["under way"]);
  // The next process takes over what came meanwhile.
  const next = await hold();
  expect(status(await later)).toBe(200);
  expect(next.handed).toEqual(["later"]);
});

test("P-130: a second connection takes the place of the first, which does not take it back", async () => {
  const first = await hold();
  const second = await hold();
  await expect.poll(() => first.link.report().state).toBe("waiting");
  expect(first.link.report().reason).toContain("replaced");
  expect(status(await ask({ name: "to the second" }))).toBe(200);
  expect([first.handed, second.handed]).toEqual([[], ["to the second"]]);
});

test("P-130: only the node's own key makes a link", async () => {
  const stranger = mesh.mesh.organisation(LINKED).identity;
  const link = startLink({
    identity: { ...stranger, node: own().identity.node },
    mesh: mesh.mesh.mesh,
    meshUrl: own().meshUrl,
    maxInFlight: 1,
    handle: () => new Response(),
  });
  links.push(link);
  await expect.poll(() => link.report().reason, { timeout: 5000 }).toBe("unauthorized");
});
