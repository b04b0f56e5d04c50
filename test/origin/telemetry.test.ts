/** Logs and metrics: what they say of every request, and that nothing of a record is in them. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DatabaseSync } from "node:sqlite";
import { RateWindow } from "../../origin/telemetry/rate-window.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  OPERATOR_TOKEN,
  postQuery,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
  type TestOrigin,
} from "../support/origin-server.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
/** Values of records and queries, each of which no log and no metric may show. */
const MARKERS = [
  "marker-drug",
  "T:marker",
  "marker-treatment",
  "73.1357",
  "4711.25",
  "marker-record",
  "marker-group",
  "marker-name",
  "2019-03-07",
];
const [drug, term, treatment] = MARKERS;
const profile = { age: 73.1357, drugs: [drug], signs: ["T:fast", term] };
const record = wardRecord("marker-record", {
  profile: { age: 73.1357, drugs: ["marker-drug"], signs: ["T:fast", "T:marker"] },
  intervention: { treatment: "marker-treatment", dose: 4711.25 },
  observedAt: "2019-03-07",
  group: "marker-group",
});

let mesh: TestMesh;
let started: TestOrigin;
let member: QuerySender;
let log = "";
let statuses: readonly number[] = [];
const spy = vi.spyOn(process.stderr, "write").mockImplementation((part) => {
  log += String(part);
  return true;
});

async function ask(body: unknown): Promise<number> {
  const signed = await signedQuery(started.url, body, member);
  const headers = { ...signed.headers, traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
  return (await postQuery(started.url, { ...signed, headers })).status;
}

function metrics(token = OPERATOR_TOKEN): Promise<Response> {
  return asOperator(started.url, "GET", "/metrics", undefined, token);
}

const lines = (): readonly Record<string, unknown>[] =>
  log
    .trim()
    .split("\n")
    .map((line) => Object(JSON.parse(line)));

beforeAll(async () => {
  mesh = await startTestMesh(2);
  started = await startTestOrigin(await writeOriginFiles(mesh, { logLevel: "debug" }));
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };

  const { url } = started;
  const deposit = { domain: ward.id, record };
  statuses = [
    (await asOperator(url, "POST", "/v1/outcomes", deposit)).status,
    await ask({ domain: ward.id, profile, k: 10 }),
    await ask({ domain: ward.id, profile, k: 0 }),
    await ask({ domain: ward.id, profile: { "marker-name": drug }, k: 10 }),
    await ask({ domain: "marker-name", profile, k: 10 }),
    await ask({ domain: ward.id, profile, k: 10, excludeGroups: ["marker-group"] }),
    await ask(`{"profile": "${treatment}`),
    (await asOperator(url, "POST", "/v1/outcomes", `{"marker-name": "${drug}`)).status,
    (await asOperator(url, "POST", "/v1/outcomes", deposit, "marker-name")).status,
    (await asOperator(url, "DELETE", `/v1/outcomes/${ward.id}/marker-record`)).status,
    (await asOperator(url, "DELETE", `/v1/outcomes/marker-name/marker-record`)).status,
    (await asOperator(url, "GET", `/v1/marker-name?${drug}`)).status,
  ];
  // The database is taken away under the running origin: a failure that no one foresaw.
  const db = new DatabaseSync(started.config.database);
  db.exec("ALTER TABLE records RENAME TO gone");
  statuses = [...statuses, (await asOperator(url, "POST", "/v1/outcomes", deposit)).status];
  db.exec("ALTER TABLE gone RENAME TO records");
  db.close();
});

afterAll(async () => {
  spy.mockRestore();
  await started.origin.close();
  await mesh.stop();
});

describe("logs and metrics", () => {
  test("are of requests that were answered, refused in every way, and failed", () => {
    expect(statuses).toEqual([201, 200, 400, 422, 400, 403, 400, 400, 401, 200, 404, 404, 500]);
  });

  test("show nothing of a record, a query, a token or a key, whatever was sent", async () => {
    const text = log + (await (await metrics()).text());
    expect(text.length).toBeGreaterThan(5_000);
    for (const marker of [...MARKERS, OPERATOR_TOKEN, started.config.key]) {
      expect(text).not.toContain(marker);
    }
  });

  test("tell of a query who asked, in which domain, how it went and by which trace", () => {
    const [answered, invalid] = lines().filter(({ route }) => route === "query");
    expect(answered).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      event: "request",
      route: "query",
      method: "POST",
      status: 200,
      outcome: "released",
      durationMs: expect.any(Number),
      member: member.identity.node,
      domain: "ward",
      results: 1,
      traceId: TRACE_ID,
    });
    expect(invalid).toMatchObject({ outcome: "refused", code: "bad-request", status: 400 });
    expect(lines().filter(({ event }) => event === "failure")).toHaveLength(1);
  });

  test("count what became of queries, and say what is held", async () => {
    const text = await (await metrics()).text();
    for (const line of [
      'outcome_mesh_origin_queries_total{outcome="released"} 1',
      'outcome_mesh_origin_queries_total{outcome="refused"} 5',
      'outcome_mesh_origin_query_duration_seconds_count{domain="ward"} 1',
      'outcome_mesh_origin_query_results_sum{domain="ward"} 1',
      'outcome_mesh_origin_refusals_total{route="query",code="bad-profile"} 1',
      'outcome_mesh_origin_requests_total{route="deposit",status="500"} 1',
      'outcome_mesh_origin_records{domain="ward"} 0',
      "outcome_mesh_origin_outbox_statements 0",
      "outcome_mesh_origin_members 2",
      "outcome_mesh_origin_descriptor_live 1",
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    // The publisher may have sent once more what the request sent at the same time.
    expect(text).toMatch(
      /^outcome_mesh_origin_published_statements_total\{state="complete"\} [2-4]$/m,
    );
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toMatch(/^outcome_mesh_origin_database_bytes [1-9]\d+$/m);
    // Who asks is not for monitoring.
    expect(text).not.toContain(member.identity.node);
  });

  test("are for the operator alone, also from this machine", async () => {
    expect((await metrics("wrong")).status).toBe(401);
    expect((await fetch(`${started.url}/metrics`)).status).toBe(401);
  });
});

test("the rate of queries counts the last sixty seconds, and no more", () => {
  const window = new RateWindow();
  for (const at of [0, 500, 59_000, 60_500, 60_600]) window.add(at);
  expect(window.lastMinute(60_999)).toBe(3);
  expect(window.lastMinute(119_999)).toBe(2);
  expect(window.lastMinute(120_500)).toBe(0);
  expect(new RateWindow().lastMinute(5)).toBe(0);
});
