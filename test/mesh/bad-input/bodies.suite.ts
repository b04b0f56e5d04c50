/** Bodies that are no JSON, of another type, too large, or cut off; and content that is not what its path says. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  canonicalBytes,
  decodeOntology,
  domainSchema,
  domainIdOf,
  DOMAIN_MAX_BYTES,
  utf8Bytes,
} from "../../../protocol/index.ts";
import { badBodies, GOOD_TYPES, padded, WRONG_TYPES } from "../../support/bad-input/bad-bodies.ts";
import { compiled, domainDocument, ontologyBytes } from "../../support/bad-input/documents.ts";
import {
  bytesOf,
  call,
  endpointsOf,
  goodBody,
  nameOf,
  requestTo,
  type Endpoint,
} from "../../support/bad-input/endpoints.ts";
import { expectProblem, expectStatus, forEachAtOnce, send } from "../../support/bad-input/http.ts";
import { sharedMesh, type BadInputMesh } from "../../support/bad-input/mesh.ts";
import { rawStatus, sendRaw, type Ending } from "../../support/raw-http.ts";

let mesh: BadInputMesh;
let endpoints: readonly Endpoint[];

beforeAll(async () => {
  mesh = await sharedMesh();
  endpoints = await endpointsOf(mesh);
  for (const endpoint of endpoints) await expectGood(endpoint);
});

async function expectGood(endpoint: Endpoint): Promise<void> {
  expectStatus(await call(mesh, endpoint), endpoint.status, nameOf(endpoint));
}

function endpointOf(name: string): Endpoint {
  const endpoint = endpoints.find((found) => nameOf(found) === name);
  if (!endpoint) throw new Error(`there is no endpoint ${name}`);
  return endpoint;
}

function jsonEndpoints(): Endpoint[] {
  return endpoints.filter(({ json }) => json !== undefined);
}

/** Runs `work`, then checks that it left nothing stored and the endpoint answering. */
async function leavesNothing(endpoint: Endpoint, work: () => Promise<void>): Promise<void> {
  const before = await mesh.stored();
  await work();
  expect(await mesh.stored(), nameOf(endpoint)).toEqual(before);
  await expectGood(endpoint);
}

describe("a JSON body", () => {
  test("is refused where it is not JSON as we take it", async () => {
    for (const endpoint of jsonEndpoints()) {
      await leavesNothing(endpoint, () =>
        forEachAtOnce(badBodies(JSON.stringify(endpoint.json)), async ({ title, body }) => {
          // The small limit of a lookup comes before what is in it.
          if (endpoint.maxBytes !== undefined && (body?.length ?? 0) > endpoint.maxBytes) return;
          const answer = await call(mesh, endpoint, { body });
          expectProblem(answer, 400, "bad-request", `${nameOf(endpoint)}: ${title}`);
        }),
      );
    }
  });

  test("is refused under any other media type, and taken under each spelling of its own", async () => {
    for (const endpoint of jsonEndpoints()) {
      await leavesNothing(endpoint, () =>
        forEachAtOnce(WRONG_TYPES, async (type) => {
          const answer = await call(mesh, endpoint, { type });
          expectProblem(answer, 415, "unsupported-media-type", `${nameOf(endpoint)}: ${type}`);
        }),
      );
      for (const type of GOOD_TYPES) {
        expectStatus(await call(mesh, endpoint, { type }), endpoint.status, type);
      }
    }
  });
});

describe("a body's size", () => {
  test("may be the limit and not a byte more, whether its length is told or not", async () => {
    for (const endpoint of endpoints) {
      const { maxBytes = 0, json } = endpoint;
      const good = goodBody(endpoint) ?? new Uint8Array();
      if (json !== undefined) {
        const whole = await requestTo(mesh, endpoint, { body: padded(good, maxBytes) });
        expectStatus(await send(whole), endpoint.status, nameOf(endpoint));
      }
      await leavesNothing(endpoint, async () => {
        for (const endless of [false, true]) {
          const body = padded(good, maxBytes + 1);
          const answer = await send(await requestTo(mesh, endpoint, { body }), { endless });
          const title = `${nameOf(endpoint)} ${endless ? "in pieces" : "with its length"}`;
          expectProblem(answer, 413, "too-large", title);
        }
      });
    }
  });

  test("of a domain counts in canonical form too: none is stored that can not be read again", async () => {
    const endpoint = endpointOf("PUT /v1/domains/{id}");
    const feature = { kind: "numeric", weight: 1, tolerance: 1e20, min: 1e19, max: 1e20 };
    const names = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...feature, name: `f${i}` }));
    const document = domainSchema.parse({
      ...domainDocument,
      features: [
        ...names(200),
        { name: "c", kind: "category", weight: 1, values: longValues(238_000) },
      ],
    });
    const body = utf8Bytes(
      JSON.stringify(document).replaceAll(
        /(1)(0{19,20})\b/g,
        (_, one, zeros) => `${one}e${String(zeros).length}`,
      ),
    );
    expect(body.length).toBeLessThanOrEqual(DOMAIN_MAX_BYTES);
    expect(canonicalBytes(document).length).toBeGreaterThan(DOMAIN_MAX_BYTES);
    await leavesNothing(endpoint, async () => {
      const path = `/v1/domains/${domainIdOf(document)}`;
      expectProblem(await call(mesh, endpoint, { body, path }), 413, "too-large");
    });
    await expectGood(endpointOf("GET /v1/domains"));
  });

  test("of a refusal stays small, however long the names that it refuses", async () => {
    const endpoint = endpointOf("POST /v1/query");
    const profile = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`${i}${"n".repeat(4000)}`, 1]),
    );
    const body = bytesOf({ domain: compiled.id, profile });
    const answer = await call(mesh, endpoint, { body });
    expectProblem(answer, 400, "bad-request");
    expect(answer.text.length).toBeLessThan(65_536);
  });
});

describe("content", () => {
  test("that is not its path's id is refused", async () => {
    const domain = endpointOf("PUT /v1/domains/{id}");
    const ontology = endpointOf("PUT /v1/ontologies/{id}");
    for (const endpoint of [domain, ontology]) {
      const [, folder] = endpoint.path.split("/{")[0]?.split("/v1/") ?? [];
      await leavesNothing(endpoint, async () => {
        for (const id of ["A".repeat(43), "x", "%00", "%zz", `${compiled.id}A`, "a".repeat(5000)]) {
          const answer = await call(mesh, endpoint, { path: `/v1/${folder}/${id}` });
          expectProblem(answer, 400, "bad-request", id);
        }
      });
    }
  });

  test("that is no ontology is refused, though its id be right", async () => {
    const endpoint = endpointOf("PUT /v1/ontologies/{id}");
    const bad = [
      new Uint8Array(),
      new Uint8Array(1000),
      utf8Bytes("{}"),
      ontologyBytes.slice(0, -8),
      Uint8Array.of(...ontologyBytes, 0, 0, 0, 0, 0, 0, 0, 0),
      spoiltOntology(0, 0),
      spoiltOntology(8, 255),
      spoiltOntology(11, 255),
      spoiltOntology(12, 255),
      spoiltOntology(39, 255),
    ];
    await leavesNothing(endpoint, async () => {
      for (const body of bad) {
        expect(() => decodeOntology(body)).toThrow("not a compiled ontology");
        const answer = await call(mesh, endpoint, { body: Uint8Array.from(body) });
        expectProblem(answer, 400, "bad-request", `${body.length} bytes`);
      }
    });
  });
});

describe("a connection", () => {
  const head = "POST /v1/query HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\n";
  const long = "content-length: 100\r\n\r\n{";
  const chunks = "transfer-encoding: chunked\r\n\r\n";

  test.each<readonly [string, string, Ending, number | undefined]>([
    ["that ends within the body", head + long, "half-close", 400],
    ["that is reset within the body", head + long, "destroy", undefined],
    ["that ends within a chunk", `${head}${chunks}5\r\nab`, "half-close", 400],
    ["whose chunk has no length", `${head}${chunks}ZZ\r\nab\r\n`, "wait", 400],
    ["whose body is longer than told", `${head}content-length: 2\r\n\r\n{}{}`, "half-close", 401],
    ["that tells a huge length", `${head}content-length: 99999999999\r\n\r\n`, "wait", 413],
    ["that tells a negative length", `${head}content-length: -1\r\n\r\n`, "wait", 400],
    [
      "that tells two lengths",
      `${head}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`,
      "wait",
      400,
    ],
    ["that tells no length", `${head}\r\n`, "half-close", 401],
    [
      "with a header of 60 kB",
      `${head}authorization: ${"a".repeat(60_000)}\r\n\r\n`,
      "half-close",
      401,
    ],
  ])("%s costs nothing but itself", async (_, text, ending, status) => {
    const endpoint = endpointOf("POST /v1/query");
    await leavesNothing(endpoint, async () => {
      expect(rawStatus(await sendRaw(mesh.target.meshUrl, text, ending))).toBe(status);
    });
  });
});

/** Values that take about `bytes` of JSON. */
function longValues(bytes: number): string[] {
  return Array.from({ length: Math.ceil(bytes / 131) }, (_, i) => String(i).padStart(128, "x"));
}

function spoiltOntology(at: number, value: number): Uint8Array {
  return ontologyBytes.with(at, value);
}
