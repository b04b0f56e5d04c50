/** Bad input to an origin: every field of its bodies, its senders, its operator's token, methods and paths. */
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  domainIdSchema,
  originQuerySchema,
  recordSchema,
  REQUEST_MAX_BYTES,
  signedAnswerSchema,
} from "../../protocol/index.ts";
import { badBodies, GOOD_TYPES, padded, WRONG_TYPES } from "../support/bad-input/bad-bodies.ts";
import { badlySigned } from "../support/bad-input/bad-signatures.ts";
import {
  badProfiles,
  compiled,
  extremeProfiles,
  profile,
  record,
} from "../support/bad-input/documents.ts";
import { bytesOf, jsonOf } from "../support/bad-input/endpoints.ts";
import {
  expectFieldProblem,
  expectProblem,
  expectStatus,
  forEachAtOnce,
  send,
  type Answer,
  type SendOptions,
} from "../support/bad-input/http.ts";
import { changed, inputSchemaOf, type Json } from "../support/bad-input/json-schema.ts";
import { startBadInputMesh, type BadInputMesh } from "../support/bad-input/mesh.ts";
import {
  operatorRequest,
  publishable,
  queryRequest,
  type RequestOptions,
} from "../support/bad-input/origin-requests.ts";
import { mutationsOf } from "../support/bad-input/mutations.ts";
import { rawStatus, sendRaw } from "../support/raw-http.ts";
import { storageDigest } from "../support/storage-digest.ts";

const QUERY: Json = {
  domain: compiled.id,
  profile: jsonOf(profile),
  k: 3,
  excludeGroups: ["group-9"],
  purpose: "research",
};
const depositSchema = z.strictObject({ domain: domainIdSchema, record: recordSchema });

let mesh: BadInputMesh;
/** The body of a good deposit. */
let good: Json;

beforeAll(async () => {
  mesh = await startBadInputMesh();
  await mesh.local.startOrigin("target");
  good = { domain: compiled.id, record: jsonOf({ ...record, profile: publishable(mesh) }) };
  expectStatus(await deposit(good), 201);
});

afterAll(() => mesh.stop());

async function query(
  body: Uint8Array<ArrayBuffer> | undefined,
  options: RequestOptions & SendOptions = {},
): Promise<Answer> {
  return send(await queryRequest(mesh, body, options), options);
}

function deposit(json: Json): Promise<Answer> {
  return send(operatorRequest(mesh, "POST", "/v1/outcomes", bytesOf(json)));
}

/** What an origin writes of every query that a member sends, refused or not. */
const BOOKS = /\/(audit_\w+|quotas)$/;

async function stored(): Promise<Record<string, string>> {
  const origin = await storageDigest(dirname(mesh.target.database));
  return {
    ...(await mesh.stored()),
    ...Object.fromEntries(Object.entries(origin).filter(([table]) => !BOOKS.test(table))),
  };
}

/** Runs `work`, then checks that it left nothing stored and that good requests are answered. */
async function leavesNothing(work: () => Promise<void>): Promise<void> {
  const before = await stored();
  expect(Object.keys(before).some((name) => name.startsWith("origin.sqlite/"))).toBe(true);
  await work();
  expect(await stored()).toEqual(before);
  const answer = await query(bytesOf(QUERY));
  expectStatus(answer, 200);
  expect(signedAnswerSchema.parse(JSON.parse(answer.text)).answer.results).not.toEqual([]);
}

test("a good deposit is all that the origin holds, and the mesh knows it", async () => {
  const answer = await send(operatorRequest(mesh, "GET", "/v1/status"));
  const held = { outbox: { waiting: 0 }, domains: [{ records: 1, entries: 1 }] };
  expect(JSON.parse(answer.text)).toMatchObject(held);
});

describe("POST /v1/outcomes/query", () => {
  const { refused, accepted } = mutationsOf(inputSchemaOf(originQuerySchema), QUERY);

  test("refuses each spoilt field by its path", () =>
    leavesNothing(() =>
      forEachAtOnce(refused, async ({ title, body, path }) => {
        expectFieldProblem(await query(bytesOf(body)), 400, "bad-request", path, title);
      }),
    ));

  test("accepts each bounded field at its bound", () =>
    leavesNothing(() =>
      forEachAtOnce(accepted, async ({ title, body }) => {
        expectStatus(await query(bytesOf(body)), 200, title);
      }),
    ));

  test("refuses a profile that does not fit the domain, and accepts every bound of one", () =>
    leavesNothing(async () => {
      await forEachAtOnce(badProfiles, async ([title, bad, path]) => {
        const answer = await query(bytesOf(changed(QUERY, ["profile"], jsonOf(bad))));
        expectFieldProblem(answer, 422, "bad-profile", path, title);
      });
      await forEachAtOnce(extremeProfiles, async ([title, extreme]) => {
        const answer = await query(bytesOf(changed(QUERY, ["profile"], jsonOf(extreme))));
        expectStatus(answer, 200, title);
      });
    }));

  test("refuses an unknown domain", () =>
    leavesNothing(async () => {
      const answer = await query(bytesOf(changed(QUERY, ["domain"], "A".repeat(43))));
      expectProblem(answer, 404, "unknown-domain");
    }));

  test("refuses what is wrongly signed or sent again, without a word about what is wrong", () =>
    leavesNothing(async () => {
      const request = await queryRequest(mesh, bytesOf(QUERY));
      const said = new Set<string>();
      await forEachAtOnce(await badlySigned(mesh, request, mesh.peer.identity), async (bad) => {
        const status = bad.refusal === "forbidden" ? 403 : 401;
        const answer = await send(bad);
        expectProblem(answer, status, bad.refusal, bad.title);
        said.add(`${status}: ${answer.text}`);
      });
      expect([...said]).toHaveLength(2);
      expectStatus(await send(request), 200);
      expectProblem(await send(request), 401, "unauthorized");
    }));

  test("refuses what is no JSON, of another type, or too large", () =>
    leavesNothing(async () => {
      await forEachAtOnce(badBodies(JSON.stringify(QUERY)), async ({ title, body }) => {
        expectProblem(await query(body), 400, "bad-request", title);
      });
      await forEachAtOnce(WRONG_TYPES, async (type) => {
        expectProblem(await query(bytesOf(QUERY), { type }), 415, "unsupported-media-type", type);
      });
      for (const type of GOOD_TYPES) expectStatus(await query(bytesOf(QUERY), { type }), 200, type);
      expectStatus(await query(padded(bytesOf(QUERY), REQUEST_MAX_BYTES)), 200);
      const large = padded(bytesOf(QUERY), REQUEST_MAX_BYTES + 1);
      expectProblem(await query(large), 413, "too-large", "with its length");
      expectProblem(await query(large, { endless: true }), 413, "too-large", "in pieces");
    }));
});

describe("POST /v1/outcomes", () => {
  test("refuses each spoilt field by its path", () =>
    leavesNothing(async () => {
      const { refused } = mutationsOf(inputSchemaOf(depositSchema), good);
      await forEachAtOnce(refused, async ({ title, body, path }) => {
        const answer = await deposit(body);
        // What is below the record is the domain's to judge.
        const isInRecord = path.startsWith("record.") || title === "record.colour: is not known";
        if (isInRecord) expectFieldProblem(answer, 422, "bad-profile", path, title);
        else expectFieldProblem(answer, 400, "bad-request", path, title);
      });
    }));

  test("accepts each bounded field at its bound", async () => {
    const { accepted } = mutationsOf(inputSchemaOf(depositSchema), good);
    for (const { title, body } of accepted) expectStatus(await deposit(body), 201, title);
  });

  test("refuses a record that does not fit the domain", () =>
    leavesNothing(async () => {
      const values = [
        ["intervention", { treatment: "dance" }, "record.intervention.treatment"],
        ["intervention", { amount: 1 }, "record.intervention.treatment"],
        ["intervention", { treatment: "rest", amount: 101 }, "record.intervention.amount"],
        ["intervention", { treatment: "rest", amount: "1" }, "record.intervention.amount"],
        ["result", {}, "record.result.survived"],
        ["result", { survived: "yes" }, "record.result.survived"],
        ["result", { survived: true, grade: "good" }, "record.result.grade"],
        ["result", { survived: true, toString: 1 }, "record.result"],
      ] as const;
      for (const [name, value, path] of values) {
        const answer = await deposit(changed(good, ["record", name], jsonOf(value)));
        expectFieldProblem(answer, 422, "bad-profile", path, JSON.stringify(value));
      }
      for (const [title, bad, below] of badProfiles) {
        const answer = await deposit(changed(good, ["record", "profile"], jsonOf(bad)));
        const path = below === "" ? "record.profile" : `record.profile.${below}`;
        expectFieldProblem(answer, 422, "bad-profile", path, title);
      }
      const unknown = await deposit(changed(good, ["domain"], "A".repeat(43)));
      expectProblem(unknown, 404, "unknown-domain");
    }));

  test("refuses what is no JSON, of another type, or too large", () =>
    leavesNothing(async () => {
      const at = "/v1/outcomes";
      await forEachAtOnce(badBodies(JSON.stringify(good)), async ({ title, body }) => {
        expectProblem(
          await send(operatorRequest(mesh, "POST", at, body)),
          400,
          "bad-request",
          title,
        );
      });
      await forEachAtOnce(WRONG_TYPES, async (type) => {
        const answer = await send(operatorRequest(mesh, "POST", at, bytesOf(good), { type }));
        expectProblem(answer, 415, "unsupported-media-type", type);
      });
      const large = operatorRequest(mesh, "POST", at, padded(bytesOf(good), REQUEST_MAX_BYTES + 1));
      expectProblem(await send(large), 413, "too-large", "with its length");
      expectProblem(await send(large, { endless: true }), 413, "too-large", "in pieces");
    }));
});

test("the operator's routes are for the operator's token alone", () =>
  leavesNothing(async () => {
    const { target, peer } = mesh;
    const requests = [
      operatorRequest(mesh, "POST", "/v1/outcomes", bytesOf(good)),
      operatorRequest(mesh, "DELETE", `/v1/outcomes/${compiled.id}/${record.id}`),
      operatorRequest(mesh, "GET", "/v1/status"),
    ];
    const token = target.operatorToken;
    for (const { headers, ...request } of requests) {
      const { authorization: _good, ...others } = headers;
      const wrong = [
        undefined,
        "",
        "Bearer ",
        token,
        `Basic ${token}`,
        `Bearer ${token}x`,
        `Bearer ${target.requesterToken}`,
        `Bearer ${peer.operatorToken}`,
        "Bearer \u00ff",
      ];
      for (const authorization of wrong) {
        const changedHeaders = authorization === undefined ? others : { ...others, authorization };
        const answer = await send({ ...request, headers: changedHeaders });
        expectProblem(answer, 401, "unauthorized", `${request.method} ${authorization}`);
      }
    }
    expectStatus(await send(operatorRequest(mesh, "GET", "/v1/status")), 200);
  }));

test("a withdrawal of what is not there, unknown methods and unknown paths are refused", () =>
  leavesNothing(async () => {
    const at = `/v1/outcomes/${compiled.id}`;
    for (const id of ["none", "%00", "%ff%zz", "a".repeat(5000), "constructor"]) {
      const answer = await send(operatorRequest(mesh, "DELETE", `${at}/${id}`));
      expectProblem(answer, 404, "not-found", id);
    }
    for (const domain of ["A".repeat(43), "x", "%zz"]) {
      const answer = await send(
        operatorRequest(mesh, "DELETE", `/v1/outcomes/${domain}/${record.id}`),
      );
      expectProblem(answer, 404, "unknown-domain", domain);
    }
    const methods = {
      "/v1/outcomes/query": "POST",
      "/v1/outcomes": "POST",
      [`${at}/x`]: "DELETE",
      "/v1/status": "GET",
      "/health": "GET",
    };
    for (const [path, allowed] of Object.entries(methods)) {
      for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "TRACE"]) {
        if (method === allowed) continue;
        const answer = await send(operatorRequest(mesh, method, path));
        expectProblem(answer, 405, "method-not-allowed", `${method} ${path}`);
        expect(answer.headers["allow"]?.split(", ")).toContain(allowed);
      }
    }
    for (const path of [
      "/",
      "/v1",
      "/v1/outcomes/",
      "/v2/outcomes",
      `/${"a".repeat(8000)}`,
      "/%ff%zz",
      at,
    ]) {
      expectProblem(await send(operatorRequest(mesh, "GET", path)), 404, "not-found", path);
    }
  }));

test("a body that is cut off costs nothing but itself", () =>
  leavesNothing(async () => {
    const { originUrl, operatorToken } = mesh.target;
    const head = `POST /v1/outcomes HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${operatorToken}\r\ncontent-type: application/json\r\n`;
    for (const [text, statuses] of [
      [`${head}content-length: 100\r\n\r\n{`, [undefined, 400]],
      [`${head}transfer-encoding: chunked\r\n\r\n5\r\nab`, [undefined, 400]],
      [`${head}transfer-encoding: chunked\r\n\r\nZZ\r\nab\r\n`, [undefined, 400]],
      [`${head}content-length: -1\r\n\r\n`, [400]],
      [`${head}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`, [400]],
      [`${head}x: ${"a".repeat(60_000)}\r\n\r\n`, [431]],
      ["hello\r\n\r\n", [400]],
    ] as const) {
      const status = rawStatus(await sendRaw(originUrl, text, "half-close"));
      expect(statuses, text.slice(-30)).toContain(status);
      await sendRaw(originUrl, text, "destroy");
    }
  }));
