/** An origin that is down, slow, refuses, or answers anything but a signed answer costs only its own results. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  openIdentity,
  queryResponseSchema,
  secretKeyFrom,
  signAnswer,
  type OriginStatus,
  type QueryResponse,
} from "../../protocol/index.ts";
import { sendSigned } from "../support/client-server.ts";
import { close, listen, startRecordingProxy } from "../support/recording-proxy.ts";
import { smallExample, smallQuery } from "../support/small-example.ts";
import { askGateway, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

const SLUGS = ["ash", "birch", "cedar", "elm"];
/** The organisation whose origin misbehaves, and the one that asks. */
const BAD = "cedar";
const ASKER = "ash";
const DEADLINE_MS = 3000;

let mesh: TestMesh;
let healthy: QueryResponse;
const servers: Server[] = [];

beforeAll(async () => {
  mesh = await startTestMesh(smallExample(SLUGS));
  healthy = await ask();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map(close));
});

afterAll(() => mesh.stop());

async function ask(): Promise<QueryResponse> {
  const answer = await askGateway(mesh.mesh.organisation(ASKER), {
    domain: mesh.compiled.id,
    profile: smallQuery,
    k: 50,
    deadlineMs: DEADLINE_MS,
  });
  expect(answer.status).toBe(200);
  return queryResponseSchema.parse(answer.body);
}

function statuses(response: QueryResponse): Record<string, OriginStatus> {
  const slugOf = new Map(
    mesh.mesh.organisations.map(({ slug, identity }) => [identity.node, slug]),
  );
  return Object.fromEntries(
    response.origins.map(({ node, status }) => [slugOf.get(node) ?? "", status]),
  );
}

/**
 * Puts `handler` where the bad organisation's origin was. It is asked in the clear, so that what is wrong with its
 * answers is what they say; `sealed`: as before.
 */
async function replaceOrigin(handler: RequestListener, sealed?: "sealed"): Promise<void> {
  const server = createServer(handler);
  servers.push(server);
  const originUrl = await listen(server);
  await mesh.mesh.renew({
    [BAD]: sealed ? { originUrl } : { originUrl, sealingKey: undefined },
  });
}

/** All results but the bad organisation's, and the status that says what it did. */
function expectOnlyLoss(response: QueryResponse, status: OriginStatus): void {
  const bad = mesh.mesh.organisation(BAD).identity.node;
  const left = (r: QueryResponse) =>
    r.ranking.filter(({ node }) => node !== bad).map(({ node, reference }) => [node, reference]);
  expect(left(response)).toEqual(left(healthy));
  expect(response.ranking).toHaveLength(left(healthy).length);
  expect(statuses(response)).toEqual({ ...statuses(healthy), [BAD]: status });
  expect(response.coverage.originsAnswered).toBe(SLUGS.length - 1);
}

function json(status: number, body: unknown, type = "application/json"): RequestListener {
  return (_, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(JSON.stringify(body));
  };
}

test("all well: every origin answers", () => {
  expect(statuses(healthy)).toEqual(Object.fromEntries(SLUGS.map((slug) => [slug, "answered"])));
});

/** What the bad organisation's own origin could say: the HTTP answer is signed, whatever is in it. */
function saySigned(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  content: unknown,
): Promise<void> {
  const { method = "", url = "" } = request;
  const headers = new Headers(
    Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const { identity } = mesh.mesh.organisation(BAD);
  const asked = { method, url: `http://${request.headers.host}${url}`, headers };
  return sendSigned(response, asked, { identity, mesh: mesh.mesh.mesh }, status, content);
}

test("down: unreachable", async () => {
  const server = createServer();
  const url = await listen(server);
  await close(server);
  await mesh.mesh.renew({ [BAD]: { originUrl: url } });
  expectOnlyLoss(await ask(), "unreachable");
});

test("slow: timed out, and the answer still comes within its deadline", async () => {
  await replaceOrigin(() => undefined);
  const startedAt = Date.now();
  expectOnlyLoss(await ask(), "timed-out");
  expect(Date.now() - startedAt).toBeLessThan(DEADLINE_MS + 2000);
});

test("an answer that begins and never ends: timed out", async () => {
  await replaceOrigin((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"answer":');
  });
  expectOnlyLoss(await ask(), "timed-out");
});

test("a refusal: refused, with its problem document in the answer", async () => {
  const problem = { type: "urn:example:closed", title: "Closed to you", status: 403 };
  await replaceOrigin((request, response) => void saySigned(request, response, 403, problem));
  const response = await ask();
  expectOnlyLoss(response, "refused");
  expect(response.origins.find(({ status }) => status === "refused")?.problem).toEqual(problem);
});

test("an error of its own: unreachable", async () => {
  await replaceOrigin(json(500, {}));
  expectOnlyLoss(await ask(), "unreachable");
});

test.each<readonly [string, RequestListener]>([
  ["garbage", json(200, "garbage")],
  ["an object of another shape", json(200, { answer: { results: [] }, signature: "x" })],
  ["a redirect", (_, r) => r.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
  ["10 MB", (_, r) => r.end("x".repeat(10_000_000))],
  ["bytes that are not UTF-8", (_, r) => r.end(Buffer.from([0xff, 0xfe, 0x00]))],
])("%s: invalid", async (_, handler) => {
  await replaceOrigin(handler);
  expectOnlyLoss(await ask(), "invalid");
});

test("a good answer signed by another key: invalid", async () => {
  const impostor = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(7)));
  await replaceOrigin((request, response) => {
    const digest = String(request.headers["content-digest"]);
    const answer = {
      version: 1 as const,
      node: mesh.mesh.organisation(BAD).identity.node,
      domain: mesh.compiled.id,
      query: digest,
      answeredAt: Date.now(),
      results: [],
      warnings: [],
    };
    void signAnswer(impostor, mesh.mesh.mesh, answer).then((signed) =>
      saySigned(request, response, 200, signed),
    );
  });
  expectOnlyLoss(await ask(), "invalid");
});

test("its own signed answer to another query, replayed: invalid", async () => {
  const proxy = await startRecordingProxy(mesh.mesh.organisation(BAD).originUrl);
  await mesh.mesh.renew({ [BAD]: { originUrl: proxy.url } });
  await ask();
  const [recorded] = proxy.exchanges;
  await proxy.close();
  expect(recorded?.status).toBe(200);
  await replaceOrigin(
    (request, response) => void saySigned(request, response, 200, recorded?.responseBody),
    "sealed",
  );
  const other = await askGateway(mesh.mesh.organisation(ASKER), {
    domain: mesh.compiled.id,
    profile: { ...smallQuery, age: 51 },
    k: 50,
  });
  expect(statuses(queryResponseSchema.parse(other.body))[BAD]).toBe("invalid");
});

test("once it is well again, its results are back", async () => {
  await mesh.mesh.renew();
  const response = await ask();
  expect(response.ranking).toEqual(healthy.ranking);
});
