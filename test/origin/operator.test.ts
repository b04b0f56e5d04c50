import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { statusReportSchema } from "../../origin/index.ts";
import { REQUEST_MAX_BYTES } from "../../protocol/index.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  OPERATOR_TOKEN,
  asOperator,
  refusalOf,
  startTestOrigin,
  writeOriginFiles,
  type TestOrigin,
} from "../support/origin-server.ts";

let mesh: TestMesh;
let started: TestOrigin;

beforeAll(async () => {
  mesh = await startTestMesh(2);
  started = await startTestOrigin(await writeOriginFiles(mesh));
});

afterAll(async () => {
  await started.origin.close();
  await mesh.stop();
});

const good = { domain: ward.id, record: wardRecord("good") };

async function status() {
  const response = await asOperator(started.url, "GET", "/v1/status");
  return statusReportSchema.parse(await response.json());
}

/** What the refusal says; throws if anything was stored, or the next good deposit does not work. */
async function refused(send: () => Promise<Response>) {
  const before = await status();
  const refusal = await refusalOf(await send());
  const after = await status();
  if (!isDeepStrictEqual(after.domains, before.domains)) throw new Error("something was stored");
  const next = await deposit(good);
  if (next.status !== 201) throw new Error(`the next deposit was answered ${next.status}`);
  return refusal;
}

const UNAUTHORIZED = { status: 401, code: "unauthorized" };
const outcomePath = (domain: string): string => `/v1/outcomes/${domain}/good`;

const deposit = (body: unknown): Promise<Response> =>
  asOperator(started.url, "POST", "/v1/outcomes", body);

describe("the operator", () => {
  test("learns what the origin holds and what the mesh has not heard", async () => {
    await deposit(good);
    expect(await status()).toMatchObject({
      node: mesh.members[0].identity.node,
      mesh: mesh.id,
      membership: { version: mesh.view().version, members: 2 },
      domains: [{ id: ward.id, name: "ward", records: 1, entries: 1, withheld: 0 }],
      outbox: { waiting: 0, missing: [] },
    });
  });

  test("is told of the unknown terms of a deposit", async () => {
    const record = wardRecord("t", { profile: { age: 3, signs: ["T:cough", "T:none"] } });
    const response = await deposit({ domain: ward.id, record });
    expect(await response.json()).toMatchObject({
      id: "t",
      warnings: [{ path: "profile.signs.1", message: "unknown term T:none" }],
    });
    await asOperator(started.url, "DELETE", `/v1/outcomes/${ward.id}/t`);
  });
});

describe("an operator's request is refused", () => {
  test("with a wrong token, or none", async () => {
    const { url } = started;
    const body = { domain: ward.id, record: wardRecord("x") };
    await deposit(good);
    for (const token of ["", "wrong", "operator-token-of-the-test", `${OPERATOR_TOKEN}2`]) {
      for (const [method, path, sent] of [
        ["POST", "/v1/outcomes", body],
        ["DELETE", outcomePath(ward.id), undefined],
        ["GET", "/v1/status", undefined],
      ] as const) {
        const attempt = () => asOperator(url, method, path, sent, token);
        expect(await refused(attempt)).toEqual(UNAUTHORIZED);
      }
    }
    expect(await refused(() => fetch(`${url}/v1/status`))).toEqual(UNAUTHORIZED);
  });

  test.each([
    ["no JSON", "{", ""],
    ["no domain", { record: good.record }, "domain"],
    ["no record", { domain: ward.id }, "record"],
    ["a record that is a list", { domain: ward.id, record: [] }, "record"],
    ["a field that is not known", { ...good, more: 1 }, ""],
  ])("with %s", async (_, body, path) => {
    const expected = { status: 400, code: "bad-request", paths: [path] };
    expect(await refused(() => deposit(body))).toEqual(expected);
  });

  test("for a domain that is not served", async () => {
    const expected = { status: 404, code: "unknown-domain" };
    const domain = mesh.members[0].identity.node;
    expect(await refused(() => deposit({ ...good, domain }))).toEqual(expected);
    for (const id of [domain, "nonsense"]) {
      const attempt = () => asOperator(started.url, "DELETE", outcomePath(id));
      expect(await refused(attempt)).toEqual(expected);
    }
  });

  test.each([
    ["without an id", { ...good.record, id: "" }, ["record.id"]],
    ["without a profile", { ...good.record, profile: {} }, ["record.profile"]],
    [
      "with several things wrong",
      {
        id: "x",
        profile: { age: "old" },
        intervention: {},
        result: { recovered: 1, more: 2 },
      },
      [
        "record.intervention.treatment",
        "record.profile.age",
        "record.result",
        "record.result.recovered",
      ],
    ],
    ["with a time that is none", { ...good.record, observedAt: "soon" }, ["record.observedAt"]],
  ])("for a record %s, every offending field named", async (_, record, paths) => {
    const expected = { status: 422, code: "bad-profile", paths };
    expect(await refused(() => deposit({ ...good, record }))).toEqual(expected);
  });

  test("when it is too large, or no JSON by its own word", async () => {
    const large = JSON.stringify(good).padEnd(REQUEST_MAX_BYTES + 1);
    expect(await refused(() => deposit(large))).toEqual({ status: 413, code: "too-large" });
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const init = { method: "POST", headers, body: JSON.stringify(good) };
    expect(await refused(() => fetch(`${started.url}/v1/outcomes`, init))).toEqual({
      status: 415,
      code: "unsupported-media-type",
    });
  });
});

test("an unexpected error is answered without details and logged without a value of the request", async () => {
  const broken = await startTestOrigin(await writeOriginFiles(mesh));
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    // The database is taken away under the running origin.
    const db = new DatabaseSync(broken.config.database);
    db.exec("ALTER TABLE records RENAME TO gone");
    db.close();
    const record = wardRecord("secret-id", { profile: { age: 77, drugs: ["secret-drug"] } });
    const response = await asOperator(broken.url, "POST", "/v1/outcomes", {
      domain: ward.id,
      record,
    });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      type: "urn:outcome-mesh:problem:internal",
      title: "Something went wrong here",
      status: 500,
    });
    const lines = written.join("").trim().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { level: "error", event: "failure", during: "request" },
      { level: "info", event: "request", route: "deposit", outcome: "failed", status: 500 },
    ]);
    expect(text + lines.join("")).not.toMatch(/secret/);
  } finally {
    spy.mockRestore();
    await broken.origin.close();
  }
});
