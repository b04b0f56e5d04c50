/** Methods and paths: every one that is not there is refused, and every one that is there is tested. */
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  call,
  endpointsOf,
  nameOf,
  pathOf,
  goodBody,
  type Endpoint,
} from "../../support/bad-input/endpoints.ts";
import { expectProblem, expectStatus, send, type Answer } from "../../support/bad-input/http.ts";
import { sharedMesh, type BadInputMesh } from "../../support/bad-input/mesh.ts";
import { rawStatus, sendRaw } from "../../support/raw-http.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY"];
/** Whose body and nonce are the origin's to judge: test/mesh/link.test.ts. */
const OVER_LINK = "POST /v1/origin/v1/outcomes/query";
const DOCUMENTATION = ["/openapi.json", "/docs"];

let mesh: BadInputMesh;
let endpoints: readonly Endpoint[];

beforeAll(async () => {
  mesh = await sharedMesh();
  endpoints = await endpointsOf(mesh);
});

function sendPlain(method: string, path: string): Promise<Answer> {
  return send({ method, url: mesh.target.meshUrl + path, headers: {} });
}

test("the bad-input tests know every endpoint that the Worker describes", async () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse((await sendPlain("GET", "/openapi.json")).text));
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual([...endpoints.map(nameOf), OVER_LINK].toSorted());
});

test("a method that a path does not have is refused, and the answer says which it has", async () => {
  const before = await mesh.stored();
  const documentation = DOCUMENTATION.map((path) => ({ path, methods: ["GET", "HEAD"] }));
  const described = Map.groupBy(endpoints, ({ path }) => path).values();
  const allowed = Array.from(described, ([first, ...others]) => ({
    path: first ? pathOf(first, goodBody(first)) : "",
    methods: [first, ...others].flatMap((endpoint) =>
      endpoint?.method === "GET" ? ["GET", "HEAD"] : (endpoint?.method ?? []),
    ),
  }));
  for (const { path, methods } of [...documentation, ...allowed]) {
    for (const method of METHODS.filter((name) => !methods.includes(name))) {
      const answer = await sendPlain(method, path);
      expect(new Set(answer.headers["allow"]?.split(", "))).toEqual(new Set(methods));
      // HEAD is answered as its GET would be, but without a body.
      if (method === "HEAD") expectStatus(answer, 405);
      else expectProblem(answer, 405, "method-not-allowed", `${method} ${path}`);
    }
  }
  expect(await mesh.stored()).toEqual(before);
});

test("HEAD asks as GET does, and is answered without a body", async () => {
  const head = await sendPlain("HEAD", "/health");
  expect(head).toMatchObject({ status: 200, text: "" });
  expect(await sendPlain("HEAD", "/v1/domains")).toMatchObject({ status: 401, text: "" });
  const domains = endpoints.find((endpoint) => nameOf(endpoint) === "GET /v1/domains");
  if (!domains) throw new Error("there is no GET /v1/domains");
  const identity = mesh.peer.identity;
  expectStatus(await call(mesh, domains, { method: "HEAD", identity }), 200);
});

test("OPTIONS lets browsers ask, and does nothing", async () => {
  const before = await mesh.stored();
  for (const endpoint of endpoints) {
    const answer = await sendPlain("OPTIONS", pathOf(endpoint, goodBody(endpoint)));
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
  }
  expect(await mesh.stored()).toEqual(before);
});

test("a refusal can be read by a page of another site", async () => {
  const answer = await sendPlain("POST", "/v1/query");
  expectProblem(answer, 401, "unauthorized");
  expect(answer.headers["access-control-allow-origin"]).toBe("*");
});

test("a path that is not there is refused, whatever it looks like", async () => {
  const before = await mesh.stored();
  const paths = [
    "/",
    "/v1",
    "/v1/",
    "/v1/query/",
    "//v1/query",
    "/V1/query",
    "/v2/query",
    "/v1/domains/",
    "/v1/domains/a/b",
    "/v1/peer",
    "/v1/peer/publish/x",
    "/v1/node/members/x",
    "/v1/../../etc/passwd",
    "/%2e%2e/v1/nothing",
    "/v1%2Fquery",
    "/constructor",
    "/__proto__",
    "/.env",
    "/%ff%zz",
    `/${"a".repeat(8_000)}`,
    `/${"a/".repeat(4_000)}`,
    `/?${"q".repeat(8_000)}`,
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      expectProblem(await sendPlain(method, path), 404, "not-found", `${method} ${path}`);
    }
  }
  expect(await mesh.stored()).toEqual(before);
  expectStatus(await sendPlain("GET", "/health"), 200);
});

test("what is no HTTP request is refused before it is one, and the next is answered", async () => {
  const { meshUrl } = mesh.target;
  const requests = {
    "FROB /health HTTP/1.1\r\nHost: x\r\n\r\n": 501,
    "GET /health HTTP/1.1\r\n\r\n": 400,
    [`GET /${"a".repeat(300_000)} HTTP/1.1\r\nHost: x\r\n\r\n`]: 414,
    "hello\r\n\r\n": 400,
  };
  for (const [text, status] of Object.entries(requests)) {
    const answer = await sendRaw(meshUrl, text, "half-close");
    expect([rawStatus(answer), text.slice(0, 20)]).toEqual([status, text.slice(0, 20)]);
    expectStatus(await sendPlain("GET", "/health"), 200);
  }
});
