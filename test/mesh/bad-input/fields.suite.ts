/** Every field of every JSON body of a Worker: missing, mistyped, unknown, at its bound and beyond. */
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { badProfiles, extremeProfiles } from "../../support/bad-input/documents.ts";
import {
  bytesOf,
  call,
  endpointsOf,
  jsonOf,
  nameOf,
  type Endpoint,
} from "../../support/bad-input/endpoints.ts";
import { expectFieldProblem, expectProblem, forEachAtOnce } from "../../support/bad-input/http.ts";
import { changed, jsonSchemaSchema } from "../../support/bad-input/json-schema.ts";
import { sharedMesh, type BadInputMesh } from "../../support/bad-input/mesh.ts";
import { mutationsOf, type Mutations } from "../../support/bad-input/mutations.ts";

const JSON_ENDPOINTS = [
  "PUT /v1/node/members",
  "PUT /v1/node/holdings",
  "POST /v1/peer/gossip",
  "POST /v1/peer/join",
  "PUT /v1/domains/{id}",
  "POST /v1/peer/lookup",
  "POST /v1/peer/publish",
  "POST /v1/peer/withdraw",
  "POST /v1/peer/repair/digests",
  "POST /v1/peer/repair/items",
  "POST /v1/peer/repair/entries",
  "POST /v1/query",
  "POST /v1/route",
];

const openApiSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        requestBody: z
          .object({ content: z.record(z.string(), z.object({ schema: jsonSchemaSchema })) })
          .optional(),
      }),
    ),
  ),
});

let mesh: BadInputMesh;
let endpoints: Map<string, Endpoint>;
const mutations = new Map<string, Mutations>();

beforeAll(async () => {
  mesh = await sharedMesh();
  const table = await endpointsOf(mesh);
  endpoints = new Map(table.map((endpoint) => [nameOf(endpoint), endpoint]));
  const { paths } = openApiSchema.parse(
    await (await fetch(`${mesh.target.meshUrl}/openapi.json`)).json(),
  );
  for (const endpoint of table) {
    const operation = paths[endpoint.path]?.[endpoint.method.toLowerCase()];
    const schema = operation?.requestBody?.content["application/json"]?.schema;
    if (!schema) continue;
    mutations.set(nameOf(endpoint), mutationsOf(schema, endpoint.json ?? null));
  }
});

function endpointOf(name: string): Endpoint {
  const endpoint = endpoints.get(name);
  if (!endpoint) throw new Error(`there is no endpoint ${name}`);
  return endpoint;
}

async function expectGood(endpoint: Endpoint): Promise<void> {
  const answer = await call(mesh, endpoint);
  expect(answer.status, answer.text).toBe(endpoint.status);
}

test("the endpoints that take JSON are those that are tested here", () => {
  expect([...mutations.keys()].toSorted()).toEqual(JSON_ENDPOINTS.toSorted());
});

describe.each(JSON_ENDPOINTS)("%s", (name) => {
  test("refuses each spoilt field by its path, stores nothing, and goes on", async () => {
    const endpoint = endpointOf(name);
    await expectGood(endpoint);
    const before = await mesh.stored();
    const { refused } = mutations.get(name) ?? { refused: [] };
    expect(refused.length).toBeGreaterThan(10);
    await forEachAtOnce(refused, async ({ title, body, path }) => {
      const answer = await call(mesh, endpoint, { body: bytesOf(body) });
      expectFieldProblem(answer, 400, "bad-request", path, title);
    });
    expect(await mesh.stored()).toEqual(before);
    await expectGood(endpoint);
  });

  test("accepts each bounded field at its bound", async () => {
    const endpoint = endpointOf(name);
    await forEachAtOnce(mutations.get(name)?.accepted ?? [], async ({ title, body, path }) => {
      const answer = await call(mesh, endpoint, { body: bytesOf(body) });
      const expected = exceptionFor(endpoint, title, path) ?? endpoint.status;
      expect(answer.status, `${title}: ${answer.text}`).toBe(expected);
    });
  });
});

function exceptionFor(
  { otherwise = {} }: Endpoint,
  title: string,
  path: string,
): number | undefined {
  const found = Object.entries(otherwise).find(([at]) => path === at || path.startsWith(`${at}.`));
  return otherwise[title] ?? found?.[1];
}

describe("a query's profile", () => {
  test("is refused with the path of what does not fit the domain", async () => {
    const endpoint = endpointOf("POST /v1/query");
    const before = await mesh.stored();
    await forEachAtOnce(badProfiles, async ([title, profile, path]) => {
      const body = bytesOf(changed(endpoint.json ?? null, ["profile"], jsonOf(profile)));
      expectFieldProblem(await call(mesh, endpoint, { body }), 422, "bad-profile", path, title);
    });
    expect(await mesh.stored()).toEqual(before);
    await expectGood(endpoint);
  });

  test("is accepted at every bound", async () => {
    const endpoint = endpointOf("POST /v1/query");
    await forEachAtOnce(extremeProfiles, async ([title, profile]) => {
      const body = bytesOf(changed(endpoint.json ?? null, ["profile"], jsonOf(profile)));
      const answer = await call(mesh, endpoint, { body });
      expect(answer.status, `${title}: ${answer.text}`).toBe(200);
    });
  });
});

describe("a domain", () => {
  test("that is unknown is refused wherever one is named", async () => {
    const unknown = "A".repeat(43);
    const before = await mesh.stored();
    for (const name of ["POST /v1/peer/lookup", "POST /v1/query", "POST /v1/route"]) {
      const endpoint = endpointOf(name);
      const body = bytesOf(changed(endpoint.json ?? null, ["domain"], unknown));
      expectProblem(await call(mesh, endpoint, { body }), 404, "unknown-domain", name);
    }
    const read = endpointOf("GET /v1/domains/{id}");
    for (const id of [unknown, "short", "%00", "%ff%zz", "constructor", "a".repeat(5000)]) {
      const path = `/v1/domains/${id}`;
      expectProblem(await call(mesh, read, { path }), 404, "unknown-domain", id);
    }
    expect(await mesh.stored()).toEqual(before);
  });
});
