/** The largest document. After all others: what it stores makes each later look at the storage slow. */
import { expect, test } from "vitest";
import { contentId, encodeOntology } from "../../../protocol/index.ts";
import { call, endpointsOf, nameOf } from "../../support/bad-input/endpoints.ts";
import { expectStatus } from "../../support/bad-input/http.ts";
import { sharedMesh } from "../../support/bad-input/mesh.ts";

test("the largest ontology is stored and given back", async () => {
  const mesh = await sharedMesh();
  const endpoints = await endpointsOf(mesh);
  const put = endpoints.find((endpoint) => nameOf(endpoint) === "PUT /v1/ontologies/{id}");
  const get = endpoints.find((endpoint) => nameOf(endpoint) === "GET /v1/ontologies/{id}");
  if (!put?.maxBytes || !get) throw new Error("there are no ontologies");
  const empty = encodeOntology({ terms: new Map([["", []]]), aliases: new Map() }).length;
  const terms = new Map([["T".repeat(put.maxBytes - empty), []]]);
  const body = encodeOntology({ terms, aliases: new Map() });
  expect(body.length).toBe(put.maxBytes);
  expectStatus(await call(mesh, put, { body }), 204);
  const got = await call(mesh, get, { path: `/v1/ontologies/${contentId(body)}` });
  // Not with its text: 24 MB of it.
  expect(got.status).toBe(200);
  expect(got.headers["content-length"] ?? String(got.text.length)).toBe(String(put.maxBytes));
});
