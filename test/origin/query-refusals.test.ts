import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REQUEST_MAX_BYTES, openIdentity, secretKeyFrom } from "../../protocol/index.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  delegateOf,
  postQuery,
  refusalOf,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
  type TestOrigin,
} from "../support/origin-server.ts";

let mesh: TestMesh;
let started: TestOrigin;
let member: QuerySender;
const query = { domain: ward.id, profile: { age: 40, sex: "female", signs: ["T:fast"] }, k: 10 };

const UNAUTHORIZED = { status: 401, code: "unauthorized" };
const FORBIDDEN = { status: 403, code: "forbidden" };

beforeAll(async () => {
  mesh = await startTestMesh(2);
  started = await startTestOrigin(await writeOriginFiles(mesh));
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  const record = wardRecord("a", { group: "g1" });
  await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
});

afterAll(async () => {
  await started.origin.close();
  await mesh.stop();
});

/** Sends a signed query, by default the member's. */
async function send(body: unknown, sender: Partial<QuerySender> = {}): Promise<Response> {
  return postQuery(started.url, await signedQuery(started.url, body, { ...member, ...sender }));
}

/** What the refusal says; throws where the next good query does not work. */
async function refused(attempt: Promise<Response>) {
  const refusal = await refusalOf(await attempt);
  const next = await send(query);
  if (next.status !== 200) throw new Error(`the next query was answered ${next.status}`);
  return refusal;
}

/** A good query with blanks behind it, up to `size` bytes. */
const padded = (size: number): string => JSON.stringify(query).padEnd(size);

describe("a query is refused that", () => {
  test("has no signature", async () => {
    const { body } = await signedQuery(started.url, query, member);
    const headers = { "content-type": "application/json" };
    expect(await refused(postQuery(started.url, { headers, body }))).toEqual(UNAUTHORIZED);
  });

  test.each(["signature", "signature-input", "content-digest", "outcome-mesh-to"])(
    "lacks the header %s, or has that of another request",
    async (name) => {
      const { headers, body } = await signedQuery(started.url, query, member);
      const elsewhere = { ...member, to: member.identity.node };
      const other = await signedQuery(started.url, { ...query, k: 3 }, elsewhere);
      const { [name]: _, ...without } = headers;
      const swapped = { ...headers, [name]: other.headers[name] ?? "" };
      for (const changed of [without, swapped]) {
        const attempt = postQuery(started.url, { headers: changed, body });
        expect(await refused(attempt)).toEqual(UNAUTHORIZED);
      }
    },
  );

  test("was meant for another node, or for another mesh", async () => {
    expect(await refused(send(query, { to: member.identity.node }))).toEqual(UNAUTHORIZED);
    const other = await startTestMesh(1);
    expect(await refused(send(query, { mesh: other.id }))).toEqual(UNAUTHORIZED);
    await other.stop();
  });

  test("was changed on the way", async () => {
    const { headers } = await signedQuery(started.url, query, member);
    const body = new TextEncoder().encode(JSON.stringify({ ...query, k: 9 }));
    expect(await refused(postQuery(started.url, { headers, body }))).toEqual(UNAUTHORIZED);
  });

  test("is older than five minutes, or from the future", async () => {
    for (const shift of [-400_000, 120_000]) {
      expect(await refused(send(query, { now: Date.now() + shift }))).toEqual(UNAUTHORIZED);
    }
  });

  test("comes a second time", async () => {
    const request = await signedQuery(started.url, query, member);
    expect((await postQuery(started.url, request)).status).toBe(200);
    expect(await refused(postQuery(started.url, request))).toEqual(UNAUTHORIZED);
  });

  test("comes from a stranger, for whom the origin looks for new members once in five seconds", async () => {
    const identity = await openIdentity(secretKeyFrom(randomBytes(32)));
    const before = mesh.members[0].node.membershipRequests;
    for (let i = 0; i < 5; i++) {
      expect(await refused(send(query, { identity }))).toEqual(FORBIDDEN);
    }
    expect(mesh.members[0].node.membershipRequests - before).toBe(1);
    expect(await refused(send(query, await delegateOf(mesh.id, identity)))).toEqual(FORBIDDEN);
  });

  test("has a delegation for another key, or in the name of a member who did not give it", async () => {
    const good = await delegateOf(mesh.id, member.identity);
    const { delegation } = await delegateOf(mesh.id, member.identity);
    expect(await refused(send(query, { ...good, delegation }))).toEqual(UNAUTHORIZED);
    const forged = { ...good.delegation, node: mesh.members[0].identity.node };
    expect(await refused(send(query, { ...good, delegation: forged }))).toEqual(UNAUTHORIZED);
  });

  test("is for a domain that this origin does not serve", async () => {
    const domain = member.identity.node;
    const expected = { status: 404, code: "unknown-domain" };
    expect(await refused(send({ ...query, domain }))).toEqual(expected);
  });

  test.each([
    ["no JSON", "{", ""],
    ["a member named twice", `{"domain":"${ward.id}","k":1,"k":2,"profile":{"age":1}}`, "k"],
    ["no domain", { ...query, domain: undefined }, "domain"],
    ["a domain that is no id", { ...query, domain: 5 }, "domain"],
    ["no profile", { ...query, profile: undefined }, "profile"],
    ["a profile that is a list", { ...query, profile: [1] }, "profile"],
    ["no k", { ...query, k: undefined }, "k"],
    ["k of 0", { ...query, k: 0 }, "k"],
    ["k above the maximum", { ...query, k: 201 }, "k"],
    ["k as text", { ...query, k: "3" }, "k"],
    ["a group that is a number", { ...query, excludeGroups: [1] }, "excludeGroups.0"],
    ["a field that is not known", { ...query, extra: 1 }, ""],
  ])("has %s", async (_, body, path) => {
    const expected = { status: 400, code: "bad-request", paths: [path] };
    expect(await refused(send(body))).toEqual(expected);
  });

  test("has a profile that does not fit the domain, each offending feature named", async () => {
    const expected = { status: 422, code: "bad-profile" };
    const bad = { age: -1, height: 3, sex: "other", signs: "T:fast" };
    expect(await refused(send({ ...query, profile: bad }))).toEqual({
      ...expected,
      paths: ["age", "height", "sex", "signs"],
    });
    expect(await refused(send({ ...query, profile: {} }))).toMatchObject(expected);
  });

  test("leaves out groups, where policy does not allow it", async () => {
    expect(await refused(send({ ...query, excludeGroups: ["g1"] }))).toEqual(FORBIDDEN);
    expect((await send({ ...query, excludeGroups: [] })).status).toBe(200);
  });

  test("is longer than the longest, whether it says so or not; the longest is read", async () => {
    const expected = { status: 413, code: "too-large" };
    expect(await refused(send(padded(REQUEST_MAX_BYTES + 1)))).toEqual(expected);
    expect((await send(padded(REQUEST_MAX_BYTES))).status).toBe(200);
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    });
    const init = { method: "POST", body, duplex: "half" } as const;
    expect(await refused(fetch(`${started.url}/v1/outcomes/query`, init))).toEqual(expected);
  });

  test("is no JSON by its own word", async () => {
    const { headers, body } = await signedQuery(started.url, query, member);
    const plain = { headers: { ...headers, "content-type": "text/plain" }, body };
    const expected = { status: 415, code: "unsupported-media-type" };
    expect(await refused(postQuery(started.url, plain))).toEqual(expected);
  });
});

test("an origin that does not know its mesh's members yet says that it is not ready", async () => {
  const [own] = mesh.members;
  const lonely = await startTestOrigin(
    await writeOriginFiles(mesh, { meshUrl: "http://127.0.0.1:9" }),
  );
  const request = await signedQuery(lonely.url, query, { ...member, to: own.identity.node });
  const expected = { status: 503, code: "not-ready" };
  expect(await refusalOf(await postQuery(lonely.url, request))).toEqual(expected);
  await lonely.origin.close();
});
