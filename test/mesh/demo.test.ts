/** The demo's promise: three cases in the world are found, and those who hold them learn nothing of each other. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RARE_CONDITION } from "../../examples/demo/conditions.ts";
import { makeDemo } from "../../examples/demo/demo.ts";
import {
  decodeEntry,
  fromBase64Url,
  publishRequestSchema,
  queryResponseSchema,
  type QueryResponse,
} from "../../protocol/index.ts";
import { findTraces, type Traced } from "../support/traces.ts";
import {
  allBytes,
  askGateway,
  Recorder,
  startTestMesh,
  type TestMesh,
} from "../support/test-mesh.ts";

const demo = makeDemo("1");
const RARE = RARE_CONDITION.cases.map(({ slug }) => slug);
const recorder = new Recorder();
let mesh: TestMesh;
let response: QueryResponse;

beforeAll(async () => {
  mesh = await startTestMesh(demo, { interpose: recorder.interpose });
  const [query] = demo.queries;
  const asker = mesh.mesh.organisation(query?.slug ?? "");
  const answer = await askGateway(asker, {
    domain: mesh.compiled.id,
    profile: query?.profile,
    k: 10,
  });
  response = queryResponseSchema.parse(answer.body);
});

afterAll(async () => {
  await mesh.stop();
  await recorder.close();
});

test("the three origins that ever saw the condition are found, in the top three results", () => {
  const top = response.ranking.slice(0, 3).map(({ node }) => node);
  const holders = RARE.map((slug) => mesh.mesh.organisation(slug).identity.node);
  expect(new Set(top)).toEqual(new Set(holders));
  const [, , third, fourth] = response.ranking;
  expect(third?.score).toBeGreaterThan((fourth?.score ?? 1) + 0.2);
});

/** What could tell one origin of another: who it is, where it is, and what it holds and answered. */
function marksOf(slug: string): Traced[] {
  const { identity, name, originUrl } = mesh.mesh.organisation(slug);
  const own = response.ranking.filter(({ node }) => node === identity.node);
  return [
    identity.node,
    identity.publicKey,
    name,
    originUrl,
    recorder.of("origin", slug).url,
    `${slug}-rare`,
    `${slug}-1`,
    ...own.flatMap(({ reference, score }) => [reference, score]),
  ];
}

test.each(RARE)("what origin %s is asked and answers says nothing of the other two", (slug) => {
  const { exchanges } = recorder.of("origin", slug);
  expect(exchanges.map(({ path }) => path)).toContain("/v1/outcomes/query");
  const bytes = Buffer.concat(
    exchanges.flatMap((exchange) => [
      Buffer.from(exchange.requestHeaders + exchange.responseHeaders),
      exchange.requestBody,
      exchange.responseBody,
    ]),
  );
  // The search works: it finds the origin's own marks.
  expect(findTraces(bytes, marksOf(slug))).not.toEqual([]);
  for (const other of RARE.filter((each) => each !== slug)) {
    expect(findTraces(bytes, marksOf(other))).toEqual([]);
  }
});

test.each(RARE)("what origin %s stores says nothing of the other two", async (slug) => {
  const bytes = await allBytes(join(mesh.directory, "origins", slug));
  expect(findTraces(bytes, [`${slug}-rare`])).not.toEqual([]);
  for (const other of RARE.filter((each) => each !== slug)) {
    // Its node may be named: any member can be a replica that was late to store an entry, and waits in the outbox.
    const { node } = mesh.mesh.organisation(other).identity;
    expect(
      findTraces(
        bytes,
        marksOf(other).filter((mark) => mark !== node),
      ),
    ).toEqual([]);
  }
});

test.each(RARE)("what origin %s sends the mesh is about its own entries alone", (slug) => {
  const { node } = mesh.mesh.organisation(slug).identity;
  const publishers = new Set<string>();
  for (const exchange of recorder.all("mesh").flatMap((proxy) => proxy.exchanges)) {
    const isOwn = exchange.requestHeaders.includes(`keyid="${node}"`);
    if (!isOwn || exchange.path !== "/v1/peer/publish") continue;
    const { entries } = publishRequestSchema.parse(
      JSON.parse(exchange.requestBody.toString("utf8")),
    );
    for (const text of entries) {
      const entry = decodeEntry(fromBase64Url(text));
      publishers.add(entry.ok ? entry.value.node : "malformed");
    }
  }
  expect([...publishers]).toEqual([node]);
});
