import { afterAll, beforeAll, expect, test } from "vitest";
import { ward } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  delegateOf,
  postQuery,
  refusalOf,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
} from "../support/origin-server.ts";

const query = { domain: ward.id, profile: { age: 40, sex: "female", signs: ["T:fast"] }, k: 10 };
let mesh: TestMesh;
let member: QuerySender;

beforeAll(async () => {
  mesh = await startTestMesh(2);
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
});

afterAll(() => mesh.stop());

test("a query is answered once, also if the origin was restarted in between", async () => {
  const file = await writeOriginFiles(mesh);
  const first = await startTestOrigin(file);
  const sent = await signedQuery(first.url, query, member);
  expect((await postQuery(first.url, sent)).status).toBe(200);
  expect(await refusalOf(await postQuery(first.url, sent))).toMatchObject({ status: 401 });
  await first.origin.close();

  const second = await startTestOrigin(file);
  expect(await refusalOf(await postQuery(second.url, sent))).toEqual({
    status: 503,
    code: "not-ready",
  });
  // An orderly end leaves no floor ahead of what was sent.
  const later = await signedQuery(second.url, query, { ...member, now: Date.now() + 1000 });
  expect((await postQuery(second.url, later)).status).toBe(200);
  await second.origin.close();
});

test("a member and its clients may send so many queries a minute together, and hear how many", async () => {
  const file = await writeOriginFiles(mesh, { policy: { requestsPerMinute: 3 } });
  const { origin, url } = await startTestOrigin(file);
  const client = { ...member, ...(await delegateOf(mesh.id, member.identity)) };
  const ask = async (sender: QuerySender) => postQuery(url, await signedQuery(url, query, sender));
  const first = await ask(member);
  expect(first.headers.get("ratelimit-policy")).toBe('"member";q=3;w=60, "day";q=1000;w=86400');
  expect(first.headers.get("ratelimit")).toMatch(/^"member";r=2;t=20, "day";r=999;t=\d+$/);
  expect([(await ask(client)).status, (await ask(member)).status]).toEqual([200, 200]);
  const refused = await ask(client);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refusalOf(refused)).toEqual({ status: 429, code: "rate-limited" });
  const [own] = mesh.members;
  expect((await ask({ ...member, identity: own.identity })).status).toBe(200);
  await origin.close();
});

test("a query whose sender waits no longer is not worked on", async () => {
  const file = await writeOriginFiles(mesh);
  const { origin, url } = await startTestOrigin(file);
  const { headers, body } = await signedQuery(url, query, { ...member, timeoutMs: 1 });
  // The body arrives later than the sender waits.
  const pieces = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      controller.enqueue(body.subarray(0, 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      controller.enqueue(body.subarray(1));
      controller.close();
    },
  });
  const response = await fetch(`${url}/v1/outcomes/query`, {
    method: "POST",
    headers,
    body: pieces,
    duplex: "half",
  });
  expect(await refusalOf(response)).toEqual({ status: 504, code: "too-late" });
  await origin.close();
});
