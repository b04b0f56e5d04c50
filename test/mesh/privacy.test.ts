/**
 * What routing sees and stores. Every value of every record is a canary: text and numbers that occur nowhere
 * else, so that one byte sequence of them anywhere is a leak.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "../../client/index.ts";
import type { Example } from "../../examples/example.ts";
import {
  decodeOntology,
  domainSchema,
  encodeOntology,
  ORIGIN_QUERY_PATH,
  queryResponseSchema,
  SEALED_MEDIA_TYPE,
  type QueryResponse,
} from "../../protocol/index.ts";
import type { Exchange } from "../support/recording-proxy.ts";
import { findTraces, type Traced } from "../support/traces.ts";
import {
  allBytes,
  askGateway,
  Recorder,
  startTestMesh,
  type TestMesh,
} from "../support/test-mesh.ts";

const ontology = encodeOntology({
  terms: new Map([
    ["canary-root", []],
    ["canary-term-kestrel", ["canary-root"]],
    ["canary-term-plover", ["canary-root"]],
    ["canary-term-siskin", ["canary-term-plover"]],
  ]),
  aliases: new Map(),
});

const domain = domainSchema.parse({
  outcomeMesh: 1,
  name: "canaries",
  title: "Canaries",
  features: [
    { name: "terms", kind: "terms", weight: 2, ontology: decodeOntology(ontology).id },
    { name: "level", kind: "numeric", weight: 1, tolerance: 5000 },
    { name: "group", kind: "category", weight: 1 },
    { name: "tags", kind: "set", weight: 1 },
    { name: "doses", kind: "set", weight: 1, weighted: true },
    { name: "embedding", kind: "vector", weight: 1, dimensions: 3 },
  ],
  intervention: [{ name: "treatment", kind: "categorical" }],
  result: [
    { name: "state", kind: "categorical" },
    { name: "days", kind: "numeric", unit: "d", better: "lower" },
  ],
  signature: { symbols: 64, trees: 12, rootDepth: 1, candidates: 50 },
});

interface CanaryRecord {
  readonly id: string;
  readonly profile: {
    readonly terms: string[];
    readonly level: number;
    readonly group: string;
    readonly tags: string[];
    readonly doses: Record<string, number>;
    readonly embedding: number[];
  };
  readonly intervention: { readonly treatment: string };
  readonly result: { readonly state: string; readonly days: number };
  readonly group: string;
  readonly observedAt: string;
}

const TERMS = ["canary-term-kestrel", "canary-term-plover", "canary-term-siskin"];

function recordOf(slug: string, i: number): CanaryRecord {
  const mark = `${slug}-${i}`;
  const number = (salt: number): number => 60_000 + salt * 997.123 + i * 31.0713;
  return {
    id: `canary-id-${mark}`,
    profile: {
      terms: [TERMS[i % 3] ?? ""],
      level: number(1),
      group: `canary-category-${i % 2}`,
      tags: ["canary-tag-shared", `canary-tag-${mark}`],
      doses: { [`canary-dose-${mark}`]: number(2), "canary-dose-shared": number(3) },
      embedding: [number(4), number(5), -number(6)],
    },
    intervention: { treatment: `canary-treatment-${mark}` },
    result: { state: `canary-state-${mark}`, days: number(7) },
    group: `canary-group-${mark}`,
    observedAt: "2025-03-15",
  };
}

const SLUGS = ["ash", "birch", "cedar", "elm", "fir"];
const records = SLUGS.map((slug) => ({
  slug,
  name: slug,
  records: Array.from({ length: 12 }, (_, i) => recordOf(slug, i)),
}));
const example: Example = {
  name: "canaries",
  origin: "made for this test",
  domain,
  ontologies: [ontology],
  organisations: records,
  queries: [],
};
/** A query's own values are canaries too. */
const asked = { ...recordOf("query", 3).profile, level: 61_234.5678 };

function canariesOf(record: CanaryRecord): Traced[] {
  const { profile, intervention, result } = record;
  return [
    record.id,
    record.group,
    ...profileCanaries(profile),
    intervention.treatment,
    result.state,
    result.days,
  ];
}

function profileCanaries(profile: CanaryRecord["profile"]): Traced[] {
  return [
    ...profile.terms,
    profile.level,
    profile.group,
    ...profile.tags,
    ...Object.keys(profile.doses),
    ...Object.values(profile.doses),
    ...profile.embedding,
  ];
}

const canaries: Traced[] = [
  ...new Set([
    ...records.flatMap((organisation) => organisation.records.flatMap(canariesOf)),
    ...profileCanaries(asked),
  ]),
];

const recorder = new Recorder();
const responses: QueryResponse[] = [];
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await startTestMesh(example, { interpose: recorder.interpose });
  for (const organisation of mesh.mesh.organisations) {
    const answer = await askGateway(organisation, {
      domain: mesh.compiled.id,
      profile: asked,
      k: 20,
    });
    responses.push(queryResponseSchema.parse(answer.body));
  }
});

afterAll(async () => {
  await mesh.stop();
  await recorder.close();
});

test("the mesh that is looked at works: every organisation's query is answered by several origins", () => {
  expect(responses).toHaveLength(SLUGS.length);
  for (const { ranking, coverage } of responses) {
    expect(ranking).toHaveLength(20);
    expect(coverage.originsAnswered).toBeGreaterThan(1);
  }
});

test("the search for canaries finds them where they are: in an origin's database and in what requesters get", async () => {
  const [first] = records;
  const database = await allBytes(join(mesh.directory, "origins", "ash"));
  expect(findTraces(database, [`canary-id-ash-0`])).not.toEqual([]);
  const own = first?.records.flatMap(canariesOf) ?? [];
  expect(findTraces(Buffer.from(JSON.stringify(responses)), own)).not.toEqual([]);
});

test("no shard stores a byte of any profile value, intervention, result or record id", async () => {
  const storage = join(mesh.directory, "workers", "do");
  for (const slug of SLUGS) {
    const bytes = await allBytes(join(storage, `${slug}-RoutingShard`));
    expect(bytes.length).toBeGreaterThan(10_000);
    expect(findTraces(bytes, canaries)).toEqual([]);
  }
});

test("no object of a Worker stores one either, apart from the ontology's public terms", async () => {
  const bytes = await allBytes(join(mesh.directory, "workers"));
  const hidden = canaries.filter((canary) => !TERMS.includes(String(canary)));
  expect(findTraces(bytes, hidden)).toEqual([]);
});

/** All that could be seen of exchanges by who lies between the two ends. */
function seen(exchanges: readonly Exchange[]): Buffer {
  return Buffer.concat(
    exchanges.flatMap((exchange) => [
      Buffer.from(exchange.path + exchange.requestHeaders + exchange.responseHeaders),
      exchange.requestBody,
      exchange.responseBody,
    ]),
  );
}

test("no message between organisations' Workers, or from an origin to them, carries one", () => {
  const exchanges = recorder.all("mesh").flatMap((proxy) => proxy.exchanges);
  const paths = new Set(exchanges.map(({ path }) => path));
  expect(paths).toContain("/v1/peer/publish");
  expect(paths).toContain("/v1/peer/lookup");
  expect(findTraces(seen(exchanges), canaries)).toEqual([]);
});

test("P-126: no query to an origin and no answer of one does: what lies before it sees sizes of a few classes", () => {
  const exchanges = recorder.all("origin").flatMap((proxy) => proxy.exchanges);
  expect(exchanges.length).toBeGreaterThanOrEqual(2 * SLUGS.length);
  expect(findTraces(seen(exchanges), canaries)).toEqual([]);
  for (const { path, status, requestBody, responseBody, requestHeaders } of exchanges) {
    expect([path, status]).toEqual([ORIGIN_QUERY_PATH, 200]);
    expect(requestHeaders).toContain(SEALED_MEDIA_TYPE);
    expect(requestBody.length).toBe(1024);
    expect(Math.log2(responseBody.length) % 1).toBe(0);
  }
  // Whether an origin has results at all, and the names of fields, do not show either.
  for (const name of ["embedding", "treatment", "results", "answer", mesh.compiled.id]) {
    expect(findTraces(seen(exchanges), [name])).toEqual([]);
  }
});

test("P-126: nor does one of a client that asks origins itself", async () => {
  const before = recorder.all("origin").map((proxy) => proxy.exchanges.length);
  const { meshUrl, requesterToken } = mesh.mesh.organisation("ash");
  const client = createClient({ gateway: meshUrl, token: requesterToken });
  const response = await client
    .queryPrivately({
      domain: await client.compile(mesh.compiled.id),
      profile: asked,
      k: 20,
    })
    .response();
  expect(response.ranking).toEqual(responses[0]?.ranking);
  const exchanges = recorder
    .all("origin")
    .flatMap((proxy, i) => proxy.exchanges.slice(before[i] ?? 0));
  expect(exchanges.length).toBeGreaterThan(1);
  expect(findTraces(seen(exchanges), canaries)).toEqual([]);
});
