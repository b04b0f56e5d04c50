import { env, evictDurableObject, listDurableObjectIds, reset } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { Env } from "../../durable-objects/env.ts";
import { guardStub } from "../../durable-objects/stubs.ts";
import {
  openIdentity,
  problemSchema,
  secretKeyFrom,
  signRequest,
  verifyResponse,
  type Identity,
} from "../../protocol/index.ts";
import { createApp } from "../../workers/app.ts";
import { introduce, makeMesh, type MeshFixture } from "./mesh-fixture.ts";

const URL = "https://mesh.example/v1/node/members";

let fixture: MeshFixture;
let sender: Identity;

beforeEach(async () => {
  await reset();
  fixture = await makeMesh();
  await introduce(fixture);
  [, sender] = fixture.identities;
});

/** The first member's Worker, as a fresh isolate would have it: with no memory of its own. */
function isolate(changes: Partial<Env> = {}): (request: Request) => Promise<Response> {
  const app = createApp();
  const variables = {
    MESH_ID: fixture.mesh,
    NODE_KEY: secretKeyFrom(new Uint8Array(32).fill(1)),
    REQUESTER_TOKEN: "a token of the tests",
    LOG_LEVEL: "error",
  };
  return async (request) => app.fetch(request, { ...env, ...variables, ...changes });
}

async function signed(identity = sender, now = Date.now()): Promise<() => Request> {
  const headers = await signRequest(
    { method: "GET", url: URL, body: new Uint8Array() },
    {
      identity,
      mesh: fixture.mesh,
      to: fixture.identities[0].node,
      now,
      nonce: crypto.getRandomValues(new Uint8Array(16)),
      timeoutMs: 10_000,
    },
  );
  return () => new Request(URL, { headers });
}

/** Ids of the guards that ever ran. */
async function awake(): Promise<string[]> {
  return (await listDurableObjectIds(env.REQUEST_GUARD)).map(String);
}

async function refusal(response: Response): Promise<string> {
  const problem = problemSchema.parse(await response.json());
  return `${response.status} ${problem.detail}`;
}

test("a request is served once, whichever isolate it reaches", async () => {
  const request = await signed();
  expect((await isolate()(request())).status).toBe(200);
  expect(await refusal(await isolate()(request()))).toBe("401 the request was sent before");
  expect((await isolate()((await signed())())).status).toBe(200);
});

test("a request is not served again after the guard was evicted, later ones are", async () => {
  const request = await signed();
  expect((await isolate()(request())).status).toBe(200);
  await evictDurableObject(guardStub(env, sender.node));
  const again = await isolate()(request());
  expect(again.headers.get("retry-after")).toBe("6");
  expect(await refusal(again)).toMatch(/^503 this node was restarted/);
  const later = await signed(sender, Date.now() + 6000);
  expect((await isolate()(later())).status).toBe(200);
  expect(await refusal(await isolate()(later()))).toBe("401 the request was sent before");
});

test("a member is told what it may still send, and is refused beyond that", async () => {
  const serve = isolate({ MEMBER_RATE: "2" });
  const first = await serve((await signed())());
  expect(first.headers.get("ratelimit-policy")).toBe('"member";q=2;w=60');
  expect(first.headers.get("ratelimit")).toBe('"member";r=1;t=30');
  expect((await serve((await signed())())).status).toBe(200);
  const refused = await serve((await signed())());
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const [own] = fixture.identities;
  expect((await serve((await signed(own))())).status).toBe(200);
});

test("a stranger wakes no guard", async () => {
  const stranger = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  expect((await isolate()((await signed(stranger))())).status).toBe(403);
  const unsigned = new Request(URL, { headers: { "outcome-mesh-to": sender.node } });
  expect((await isolate()(unsigned)).status).toBe(401);
  expect(await awake()).not.toContain(String(guardStub(env, stranger.node).id));
  expect((await isolate()((await signed())())).status).toBe(200);
  expect(await awake()).toContain(String(guardStub(env, sender.node).id));
});

test("answers are signed, also refusals and those of paths that are not there", async () => {
  const stranger = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  const asked = [await signed(), await signed(stranger)].map((make) => make());
  const [{ headers } = new Request(URL)] = asked;
  asked.push(new Request("https://mesh.example/v1/nowhere", { headers }));
  asked.push(new Request(URL, { method: "POST", headers }));
  const statuses: number[] = [];
  for (const request of asked) {
    const response = await isolate()(request);
    statuses.push(response.status);
    const answer = {
      status: response.status,
      headers: response.headers,
      body: new Uint8Array(await response.arrayBuffer()),
    };
    const [{ node, publicKey }] = fixture.identities;
    const believing = { mesh: fixture.mesh, node, key: publicKey, now: Date.now() };
    expect(await verifyResponse(request, answer, believing)).toBe(true);
  }
  expect(statuses).toEqual([200, 403, 404, 405]);
  const plain = await isolate()(new Request("https://mesh.example/health"));
  expect(plain.headers.has("signature")).toBe(false);
});
