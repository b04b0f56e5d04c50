/**
 * Metrics for Prometheus. Names and labels are part of what monitoring relies on: docs/origin.md lists them. No label
 * names a member: the mesh may have thousands, and who asks is for the log and the audit alone.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { DomainId } from "../../protocol/index.ts";
import type { Publication } from "../mesh/index.ts";
import type { StatusReport } from "../status/index.ts";
import { RateWindow } from "./rate-window.ts";
import type { ServedRequest } from "./request-log.ts";

/** From a query that a small index answers to the longest that a sender waits. */
const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RESULT_BUCKETS = [0, 1, 2, 5, 10, 20, 50, 100];
const PREFIX = "outcome_mesh_origin_";
const PART_STATES = { ok: 0, attention: 1, failing: 2 } as const;

export interface OriginMetrics {
  readonly observe: (request: ServedRequest) => void;
  /** One pass of the publisher. */
  readonly published: (pass: Publication) => void;
  readonly queries: (now: number) => StatusReport["queries"];
  /** In Prometheus' text format. */
  readonly render: (status: StatusReport) => Promise<string>;
  readonly contentType: string;
}

/** `nameOf` gives the name of a served domain. */
export function createMetrics(nameOf: (domain: DomainId) => string | undefined): OriginMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, labelNames: ["domain"], buckets, registers });
  const requests = counter("requests_total", "Requests answered.", ["route", "status"]);
  const refusals = counter("refusals_total", "Requests refused, by problem code.", [
    "route",
    "code",
  ]);
  const queries = counter("queries_total", "Queries, by what became of them.", ["outcome"]);
  const duration = histogram(
    "query_duration_seconds",
    "From the arrival of a query that was answered to its answer.",
    DURATION_BUCKETS_S,
  );
  const results = histogram("query_results", "Outcomes in an answer.", RESULT_BUCKETS);
  const statements = counter(
    "published_statements_total",
    "Statements sent to the mesh: all of them, those that a majority stored, those that all stored.",
    ["state"],
  );
  const gauges = createGauges(registry);
  const window = new RateWindow();
  const totals = { total: 0, answered: 0, refused: 0, failed: 0 };
  let hasProcessMetrics = false;

  return {
    contentType: registry.contentType,
    observe: ({ route, status, code, outcome, domain, durationMs, results: count }) => {
      requests.inc({ route, status });
      if (code !== undefined) refusals.inc({ route, code });
      if (route !== "query") return;
      queries.inc({ outcome });
      window.add(Date.now());
      totals.total += 1;
      if (outcome === "refused" || outcome === "failed") {
        totals[outcome] += 1;
        return;
      }
      totals.answered += 1;
      const name = domain && nameOf(domain);
      if (name === undefined) return;
      duration.observe({ domain: name }, durationMs / 1000);
      if (count !== undefined) results.observe({ domain: name }, count);
    },
    published: ({ entries, acknowledged, complete }) => {
      statements.inc({ state: "sent" }, entries);
      statements.inc({ state: "acknowledged" }, acknowledged);
      statements.inc({ state: "complete" }, complete);
    },
    queries: (now) => ({ ...totals, lastMinute: window.lastMinute(now) }),
    render: async (status) => {
      // Not before they are asked for: they measure the event loop all the time, in each of many local origins.
      if (!hasProcessMetrics) collectDefaultMetrics({ register: registry });
      hasProcessMetrics = true;
      gauges(status);
      return registry.metrics();
    },
  };
}

/** What is set from the status just before it is read. */
function createGauges(registry: Registry): (status: StatusReport) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
  const info = gauge("info", "Which origin this is.", ["version", "node", "mesh"]);
  const records = gauge("records", "Records held.", ["domain"]);
  const entries = gauge("entries", "Distinct signatures of the records.", ["domain"]);
  const withheld = gauge("entries_withheld", "Signatures that the policy keeps back.", ["domain"]);
  const outbox = gauge("outbox_statements", "Statements that some replica has not stored.");
  const unacknowledged = gauge(
    "outbox_unacknowledged_statements",
    "Statements that no majority of replicas has stored.",
  );
  const oldest = gauge("outbox_oldest_seconds", "Age of the oldest of them; 0 if there is none.");
  const members = gauge("members", "Live members of the mesh; 0 if they are not known.");
  const refreshed = gauge("members_age_seconds", "Since the members were last read.");
  const live = gauge("descriptor_live", "1 if the mesh sees this node as a live member.");
  const database = gauge("database_bytes", "Size of the database and its write-ahead log.");
  const parts = gauge("part_state", "Of a part: 0 well, 1 needs attention, 2 fails.", ["part"]);
  return (status) => {
    const { version, node, mesh, membership, domains } = status;
    info.set({ version, node, mesh }, 1);
    for (const domain of domains) {
      records.set({ domain: domain.name }, domain.records);
      entries.set({ domain: domain.name }, domain.entries);
      withheld.set({ domain: domain.name }, domain.withheld);
    }
    outbox.set(status.outbox.waiting);
    unacknowledged.set(status.outbox.unacknowledged);
    oldest.set(status.outbox.oldestSeconds ?? 0);
    members.set(membership?.members ?? 0);
    if (membership) refreshed.set(membership.ageSeconds);
    live.set(membership?.isLive === true ? 1 : 0);
    database.set(status.database.bytes);
    for (const { name, state } of status.parts) parts.set({ part: name }, PART_STATES[state]);
  };
}
