/** What every answer of a Worker has, whichever route gives it: its time, its trace, its line in the log. */
import { env, reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { problemSchema, secretKeyFrom, signRequest, utf8Bytes } from "../../protocol/index.ts";
import { createApp } from "../../workers/app.ts";
import { introduce, makeMesh, type MeshFixture } from "./mesh-fixture.ts";

const BASE = "https://mesh.example";
const TOKEN = "a token of the tests";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const GIVEN = `00-${TRACE}-b7ad6b7169203331-01`;

let fixture: MeshFixture;
const lines = vi.spyOn(console, "error");

beforeEach(async () => {
  await reset();
  fixture = await makeMesh();
  await introduce(fixture);
  lines.mockImplementation(() => undefined);
});

afterEach(() => {
  lines.mockReset();
});

/** The first member's Worker. */
async function ask(request: Request): Promise<Response> {
  const variables = {
    MESH_ID: fixture.mesh,
    NODE_KEY: secretKeyFrom(new Uint8Array(32).fill(1)),
    REQUESTER_TOKEN: TOKEN,
  };
  return createApp().fetch(request, { ...env, ...variables });
}

/** The URL and headers of a request of the second member's. */
async function signed(
  path: string,
  { timeoutMs = 10_000, content = "", method = "POST" } = {},
): Promise<{ readonly url: string; readonly headers: Record<string, string> }> {
  const [own, sender] = fixture.identities;
  const url = BASE + path;
  const headers = await signRequest(
    { method, url, body: utf8Bytes(content) },
    {
      identity: sender,
      mesh: fixture.mesh,
      to: own.node,
      now: Date.now(),
      nonce: crypto.getRandomValues(new Uint8Array(16)),
      timeoutMs,
    },
  );
  return { url, headers: { ...headers, "content-type": "application/json" } };
}

function asRequester(headers: Record<string, string> = {}): Request {
  return new Request(`${BASE}/v1/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
    body: "{}",
  });
}

test("no work is done for a sender that waits no longer", async () => {
  const { url, headers } = await signed("/v1/peer/lookup", { timeoutMs: 1, content: "{}" });
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      controller.enqueue(utf8Bytes("{"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      controller.enqueue(utf8Bytes("}"));
      controller.close();
    },
  });
  const response = await ask(new Request(url, { method: "POST", headers, body }));
  expect(problemSchema.parse(await response.json())).toMatchObject({
    status: 504,
    type: "urn:outcome-mesh:problem:too-late",
  });
});

test("a requester hears the trace of its query: its own, or a new one", async () => {
  const begun = await ask(asRequester());
  expect(begun.status).toBe(400);
  expect(begun.headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const continued = await ask(asRequester({ traceparent: GIVEN }));
  expect(continued.headers.get("traceparent")).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  expect(lines).not.toHaveBeenCalled();
});

test("a member's request that is refused is logged with its sender and trace, and nothing else is", async () => {
  const bad = await signed("/v1/peer/lookup", { content: "{}" });
  const headers = { ...bad.headers, traceparent: GIVEN };
  const refused = await ask(new Request(bad.url, { method: "POST", headers, body: "{}" }));
  expect(refused.status).toBe(400);
  const good = await signed("/v1/node/members", { method: "GET" });
  expect((await ask(new Request(good.url, { headers: good.headers }))).status).toBe(200);
  expect((await ask(new Request(`${BASE}/v1/node/members`))).status).toBe(401);
  expect(lines.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    {
      level: "info",
      event: "refused",
      code: "bad-request",
      method: "POST",
      sender: fixture.identities[1].node,
      path: "/v1/peer/lookup",
      traceId: TRACE,
    },
  ]);
});

test("a request that is signed wrongly is logged without a sender, and its path is cut", async () => {
  const { url, headers } = await signed(`/v1/domains/${"x".repeat(1000)}`, {
    method: "PUT",
  });
  expect((await ask(new Request(url, { headers }))).status).toBe(401);
  const [[line] = []] = lines.mock.calls;
  expect(JSON.parse(String(line))).toMatchObject({
    code: "unauthorized",
    path: `/v1/domains/${"x".repeat(1000)}`.slice(0, 200),
  });
  expect(String(line)).not.toContain("sender");
});
