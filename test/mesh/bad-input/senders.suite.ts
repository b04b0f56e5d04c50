/** Who asks: wrongly signed, by no member, sent again, with a wrong token or none, or not allowed. */
import { beforeAll, describe, expect, test } from "vitest";
import { badlySigned } from "../../support/bad-input/bad-signatures.ts";
import {
  call,
  endpointsOf,
  nameOf,
  requestTo,
  type Endpoint,
} from "../../support/bad-input/endpoints.ts";
import {
  expectProblem,
  expectStatus,
  forEachAtOnce,
  send,
  type Outgoing,
} from "../../support/bad-input/http.ts";
import { sharedMesh, type BadInputMesh } from "../../support/bad-input/mesh.ts";

let mesh: BadInputMesh;
let endpoints: readonly Endpoint[];

beforeAll(async () => {
  mesh = await sharedMesh();
  endpoints = await endpointsOf(mesh);
});

const STATUS = { unauthorized: 401, forbidden: 403 } as const;

function signedEndpoints(): Endpoint[] {
  return endpoints.filter(({ access }) => access !== "public" && access !== "requester");
}

function tokenEndpoints(): Endpoint[] {
  return endpoints.filter(({ access }) => access.startsWith("requester"));
}

function signerOf({ access }: Endpoint) {
  return access.endsWith("own-node") ? mesh.target.identity : mesh.peer.identity;
}

test("each endpoint answers its good request", async () => {
  for (const endpoint of endpoints) {
    expectStatus(await call(mesh, endpoint), endpoint.status, nameOf(endpoint));
  }
});

describe("a signed request", () => {
  test("is refused however wrongly it is signed, without a word about what is wrong", async () => {
    const before = await mesh.stored();
    const said = { unauthorized: new Set<string>(), forbidden: new Set<string>() };
    for (const endpoint of signedEndpoints()) {
      const signer = signerOf(endpoint);
      const good = await requestTo(mesh, endpoint);
      const bad = await badlySigned(mesh, good, signer);
      expect(bad.length).toBeGreaterThan(40);
      await forEachAtOnce(bad, async (request) => {
        const answer = await send(request);
        const title = `${nameOf(endpoint)} ${request.title}`;
        expectProblem(answer, STATUS[request.refusal], request.refusal, title);
        said[request.refusal].add(answer.text);
      });
      expectStatus(await send(await requestTo(mesh, endpoint)), endpoint.status, nameOf(endpoint));
    }
    expect([...said.unauthorized]).toHaveLength(1);
    expect([...said.forbidden]).toHaveLength(1);
    expect(await mesh.stored()).toEqual(before);
  });

  test("is answered once: the same again is refused", async () => {
    for (const endpoint of signedEndpoints()) {
      const request = await requestTo(mesh, endpoint);
      expectStatus(await send(request), endpoint.status, nameOf(endpoint));
      expectProblem(await send(request), 401, "unauthorized", nameOf(endpoint));
      expectStatus(await call(mesh, endpoint), endpoint.status, nameOf(endpoint));
    }
  });

  test("does not count as sent where it was refused for its signature", async () => {
    for (const endpoint of signedEndpoints()) {
      const request = await requestTo(mesh, endpoint);
      const spoilt = { ...request, headers: { ...request.headers, "outcome-mesh-to": "other" } };
      expectProblem(await send(spoilt), 401, "unauthorized", nameOf(endpoint));
      expectStatus(await send(request), endpoint.status, nameOf(endpoint));
    }
  });

  test("by another member may not do what is the own node's", async () => {
    const before = await mesh.stored();
    const own = endpoints.filter(({ access }) => access.endsWith("own-node"));
    expect(own.map(nameOf)).toEqual([
      "GET /v1/node/status",
      "GET /v1/node/link",
      "PUT /v1/node/members",
      "PUT /v1/node/holdings",
      "PUT /v1/ontologies/{id}",
      "POST /v1/node/repair",
    ]);
    for (const endpoint of own) {
      const answer = await call(mesh, endpoint, { identity: mesh.peer.identity });
      expectProblem(answer, 403, "forbidden", nameOf(endpoint));
      expectStatus(await call(mesh, endpoint), endpoint.status, nameOf(endpoint));
    }
    expect(await mesh.stored()).toEqual(before);
  });
});

describe("a requester's request", () => {
  test("is refused with any token but this node's", async () => {
    const before = await mesh.stored();
    const { target, peer } = mesh;
    const token = target.requesterToken;
    const wrong = [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${peer.requesterToken}`,
      `Bearer ${target.operatorToken}`,
      `Bearer ${"a".repeat(10_000)}`,
      "Bearer \u00ff\u00fe",
    ];
    const said = new Set<string>();
    for (const endpoint of tokenEndpoints()) {
      const { headers, ...request } = await withToken(endpoint);
      await forEachAtOnce(wrong, async (authorization) => {
        const { authorization: _good, ...others } = headers;
        const changed = authorization === undefined ? others : { ...others, authorization };
        const answer = await send({ ...request, headers: changed });
        expectProblem(answer, 401, "unauthorized", `${nameOf(endpoint)} ${authorization}`);
        if (endpoint.access === "requester") said.add(answer.text);
      });
      expectStatus(await send(await withToken(endpoint)), endpoint.status, nameOf(endpoint));
    }
    expect([...said]).toHaveLength(1);
    expect(await mesh.stored()).toEqual(before);
  });

  test("is not answered for a member's signature, nor a peer's for a token", async () => {
    for (const endpoint of endpoints) {
      if (endpoint.access === "requester") {
        const answer = await call(mesh, endpoint, { identity: mesh.peer.identity });
        expectProblem(answer, 401, "unauthorized", nameOf(endpoint));
      } else if (endpoint.access === "member" || endpoint.access === "own-node") {
        expectProblem(await send(await withToken(endpoint)), 401, "unauthorized", nameOf(endpoint));
      }
    }
  });
});

async function withToken(endpoint: Endpoint): Promise<Outgoing> {
  return requestTo(mesh, { ...endpoint, access: "requester" });
}
