/** What a hostile member sends: replayed, misaddressed, too much of it, too large, or none of its business. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { meshIdSchema, signRequest } from "../../protocol/index.ts";
import { expectProblem, expectStatus, send, type Outgoing } from "../support/bad-input/http.ts";
import { signedRequest } from "../support/bad-input/mesh.ts";
import { UNSURE_MS } from "../support/faults/repair.ts";
import {
  expectUnharmed,
  sharedHostileMesh,
  type HostileMesh,
} from "../support/hostile/hostile-mesh.ts";

/** Requests a minute, for one test. */
const RATE = 60;
const BOMB_BYTES = 104_857_600;

let mesh: HostileMesh;

beforeAll(async () => {
  mesh = await sharedHostileMesh();
});

function askForDomains(): Promise<Outgoing> {
  const { faults, hostile } = mesh;
  const call = { method: "GET", path: "/v1/domains" };
  return signedRequest(faults.local, mesh.honest(), hostile.identity, call);
}

test("a request that was answered is refused when it comes again", async () => {
  const request = await askForDomains();
  expectStatus(await send(request), 200);
  expectProblem(await send(request), 401, "unauthorized");
  await expectUnharmed(mesh);
});

test("also when it reaches another isolate, and objects that remember nothing", async () => {
  const request = await askForDomains();
  expectStatus(await send(request), 200);
  await mesh.faults.local.restartWorker(mesh.honest().slug);
  expectProblem(await send(request), 503, "not-ready");
  await sleep(UNSURE_MS);
  await expectUnharmed(mesh);
});

test("a flood is refused with what there is to be known, and others are served meanwhile", async () => {
  const target = mesh.honest("elm");
  await mesh.faults.local.restartWorker(target.slug, { MEMBER_RATE: String(RATE) });
  await sleep(UNSURE_MS);
  const flood = await Promise.all(
    Array.from({ length: 2 * RATE }, () =>
      mesh.send({ method: "GET", path: "/v1/domains" }, target),
    ),
  );
  const refused = flood.filter(({ status }) => status === 429);
  // Its real Worker and its origin call too, at the same time.
  expect(flood.filter(({ status }) => status === 200).length).toBeGreaterThan(RATE / 2);
  expect(refused.length).toBeGreaterThan(RATE / 2);
  for (const answer of refused) {
    expectProblem(answer, 429, "rate-limited");
    expect(answer.headers["ratelimit-policy"]).toBe(`"member";q=${RATE};w=60`);
    expect(answer.headers["ratelimit"]).toMatch(/^"member";r=0;t=\d+$/);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  }
  const { identity } = mesh.honest("birch");
  const other = await mesh.send({ method: "GET", path: "/v1/domains" }, target, identity);
  expectStatus(other, 200);
  await mesh.faults.local.restartWorker(target.slug);
  await expectUnharmed(mesh);
});

test("what was meant for another node is refused", async () => {
  const { headers, ...request } = await askForDomains();
  const { meshUrl } = mesh.honest("birch");
  const readdressed = { ...request, headers, url: `${meshUrl}/v1/domains` };
  expectProblem(await send(readdressed), 401, "unauthorized");
});

test("what was signed for another mesh is refused", async () => {
  const request = { method: "GET", url: `${mesh.honest().meshUrl}/v1/domains` };
  const headers = await signRequest(
    { ...request, body: new Uint8Array() },
    {
      identity: mesh.hostile.identity,
      mesh: meshIdSchema.parse("A".repeat(43)),
      to: mesh.honest().identity.node,
      now: Date.now(),
      nonce: randomBytes(16),
      timeoutMs: 10_000,
    },
  );
  expectProblem(await send({ ...request, headers }), 401, "unauthorized");
});

test("what only a node's own operator may do, no other member may", async () => {
  for (const [method, path] of [
    ["PUT", "/v1/node/members"],
    ["POST", "/v1/node/repair"],
    ["PUT", `/v1/ontologies/${"A".repeat(43)}`],
  ] as const) {
    const answer = await mesh.send({ method, path });
    expectProblem(answer, 403, "forbidden", path);
  }
  await expectUnharmed(mesh);
});

test("a body of 100 MB is refused by its length, and while it comes without one", async () => {
  const path = "/v1/peer/publish";
  const body = new Uint8Array(BOMB_BYTES);
  const request = await signedRequest(mesh.faults.local, mesh.honest(), mesh.hostile.identity, {
    method: "POST",
    path,
    body,
    type: "application/json",
  });
  expectProblem(await send(request), 413, "too-large");
  expectProblem(
    await send({ ...request, body: body.subarray(0, 2 ** 21) }, { endless: true }),
    413,
    "too-large",
  );
  await expectUnharmed(mesh);
});

test("a compressed body is not inflated", async () => {
  const body = new Uint8Array(gzipSync(new Uint8Array(BOMB_BYTES).fill(0x20)));
  const { headers, ...request } = await signedRequest(
    mesh.faults.local,
    mesh.honest(),
    mesh.hostile.identity,
    { method: "POST", path: "/v1/peer/publish", body, type: "application/json" },
  );
  const answer = await send({ ...request, headers: { ...headers, "content-encoding": "gzip" } });
  expect([400, 415]).toContain(answer.status);
  await expectUnharmed(mesh);
});
