import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  contentDigest,
  signedAnswerSchema,
  verifyAnswer,
  type Answer,
} from "../../protocol/index.ts";
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
const profile = { age: 40, sex: "female", signs: ["T:fast"] };
const query = { domain: ward.id, profile, k: 10 };

beforeAll(async () => {
  mesh = await startTestMesh(3);
  started = await startTestOrigin(await writeOriginFiles(mesh));
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  for (const record of [
    wardRecord("near", { observedAt: "2024-02-03", group: "g1" }),
    wardRecord("far", { profile: { age: 90, sex: "male" } }),
    wardRecord("partly", { profile: { age: 45, sex: "female" } }),
  ]) {
    await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
  }
});

afterAll(async () => {
  await started.origin.close();
  await mesh.stop();
});

async function ask(body: unknown = query, sender = member): Promise<Answer> {
  const request = await signedQuery(started.url, body, sender);
  const response = await postQuery(started.url, request);
  expect(response.status).toBe(200);
  const signed = signedAnswerSchema.parse(await response.json());
  const [own] = mesh.members;
  expect(await verifyAnswer(mesh.id, own.identity.publicKey, signed)).toBe(true);
  expect(signed.answer).toMatchObject({
    node: own.identity.node,
    domain: ward.id,
    query: contentDigest(request.body),
  });
  return signed.answer;
}

async function treatments() {
  return (await ask()).results.map(({ intervention }) => intervention["treatment"]);
}

describe("a member's query", () => {
  test("is answered with the exact ranking, its breakdown, and no record id, signed as a whole", async () => {
    const { results, warnings } = await ask();
    expect(warnings).toEqual([]);
    expect(results.map(({ score }) => score)).toEqual([1, (2 * 0.75 + 1) / 6, 0]);
    expect(results[0]).toEqual({
      reference: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      score: 1,
      features: { age: 1, sex: 1, signs: 1 },
      intervention: { treatment: "rest", dose: 10 },
      result: { recovered: true },
      observedAt: "2024-02-03",
    });
    expect(results[1]?.features).toEqual({ age: 0.75, sex: 1, signs: 0 });
    expect(JSON.stringify(results)).not.toMatch(/near|partly/);
  });

  test("gets as many results as it asks for", async () => {
    expect((await ask({ ...query, k: 1 })).results).toHaveLength(1);
  });

  test("is told which of its terms are unknown", async () => {
    const unknown = { ...profile, signs: ["T:fast", "T:nothing"] };
    expect((await ask({ ...query, profile: unknown })).warnings).toEqual([
      { path: "signs.1", message: "unknown term T:nothing" },
    ]);
  });

  test("may come from a client to which the member delegated", async () => {
    const answer = await ask(query, {
      ...member,
      ...(await delegateOf(mesh.id, member.identity)),
    });
    expect(answer.results).toHaveLength(3);
  });

  test("sees a deposit, a correction and a deletion at once", async () => {
    const path = `/v1/outcomes/${ward.id}/new`;
    const record = wardRecord("new", { intervention: { treatment: "new" } });
    await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
    expect(await treatments()).toContain("new");
    const corrected = { ...record, intervention: { treatment: "newer" } };
    await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record: corrected });
    expect(await treatments()).toContain("newer");
    expect((await asOperator(started.url, "DELETE", path)).status).toBe(200);
    expect(await treatments()).toHaveLength(3);
  });
});

test("groups are left out where policy allows it", async () => {
  const file = await writeOriginFiles(mesh, { policy: { allowExclusion: true } });
  const open = await startTestOrigin(file);
  try {
    for (const [id, group] of [
      ["a", "g1"],
      ["b", "g2"],
      ["c", undefined],
    ] as const) {
      const record = wardRecord(id, { group });
      await asOperator(open.url, "POST", "/v1/outcomes", { domain: ward.id, record });
    }
    const body = { ...query, excludeGroups: ["g1"] };
    const response = await postQuery(open.url, await signedQuery(open.url, body, member));
    expect(signedAnswerSchema.parse(await response.json()).answer.results).toHaveLength(2);
  } finally {
    await open.origin.close();
  }
});

describe("over HTTP", () => {
  test("a page in a browser may ask, and reads answers and refusals", async () => {
    const url = `${started.url}/v1/outcomes/query`;
    const origin = "https://client.example";
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "signature,outcome-mesh-delegation",
      },
    });
    expect(preflight.status).toBe(204);
    const allowed = preflight.headers.get("access-control-allow-headers")?.split(",") ?? [];
    const { headers, body } = await signedQuery(started.url, query, {
      ...member,
      ...(await delegateOf(mesh.id, member.identity)),
    });
    for (const name of Object.keys(headers)) expect(allowed).toContain(name);
    for (const sent of [headers, {}]) {
      const response = await fetch(url, { method: "POST", headers: { origin, ...sent }, body });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
    }
    const status = await fetch(`${started.url}/v1/status`, { headers: { origin } });
    expect(status.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("unknown paths and methods are refused with a problem document", async () => {
    expect(await refusalOf(await fetch(`${started.url}/v2/x`))).toEqual({
      status: 404,
      code: "not-found",
    });
    for (const [method, path] of [
      ["GET", "/v1/outcomes/query"],
      ["PUT", "/v1/outcomes"],
      ["GET", `/v1/outcomes/${ward.id}/near`],
      ["POST", "/v1/status"],
      ["DELETE", "/health"],
    ] as const) {
      const response = await fetch(started.url + path, { method });
      expect(response.headers.get("allow")).toBeTruthy();
      const refused = await refusalOf(response);
      expect(refused).toEqual({ status: 405, code: "method-not-allowed" });
    }
  });

  test("health is for everyone", async () => {
    const response = await fetch(`${started.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  test("bytes that are no HTTP do not stop the server", async () => {
    const socket = connect(Number(new URL(started.url).port), "127.0.0.1");
    socket.end("\u0000\u0001nonsense\r\n\r\n");
    await new Promise((resolve) => socket.on("close", resolve).resume());
    expect((await ask()).results).toHaveLength(3);
  });
});
