/** Merging origins' answers into one ranking, and counting what is in it and what is not. */
import { compareText } from "../bytes.ts";
import type { DomainId } from "../ids.ts";
import type {
  OriginStatus,
  QueryResponse,
  RankedResult,
  RouteResponse,
} from "../messages/query.ts";
import type { Issue } from "../result.ts";
import type { AskedOrigin } from "./ask-origins.ts";
import { confidenceOf } from "./stop-rule.ts";

/** The best `k` results of all origins: by score, ties by node and reference, so that the order is always the same. */
export function rankResults(origins: readonly AskedOrigin[], k: number): RankedResult[] {
  return origins
    .flatMap(({ report: { node, organisation }, results }) =>
      results.map((result) => ({ ...result, node, organisation })),
    )
    .toSorted(
      (a, b) =>
        b.score - a.score || compareText(a.node, b.node) || compareText(a.reference, b.reference),
    )
    .slice(0, k)
    .map((result, i) => ({ ...result, rank: i + 1 }));
}

/** The similarity of the k-th outcome that is known of: a result, or one of those behind an aggregate. */
export function kthSimilarity(origins: readonly AskedOrigin[], k: number): number | undefined {
  const known = origins.flatMap(({ report, results }) => [
    ...results.map(({ score }) => ({ similarity: score, outcomes: 1 })),
    ...(report.aggregate?.cells ?? []).map(({ similarity, individuals }) => ({
      similarity,
      outcomes: individuals,
    })),
  ]);
  let left = k;
  for (const { similarity, outcomes } of known.toSorted((a, b) => b.similarity - a.similarity)) {
    left -= outcomes;
    if (left <= 0) return similarity;
  }
  return undefined;
}

export interface QueryOutcome {
  readonly domain: DomainId;
  readonly k: number;
  readonly origins: readonly AskedOrigin[];
  readonly routing: Pick<RouteResponse, "coverage" | "cost">;
  /** As it is asked by. */
  readonly deviation: (similarity: number) => number;
  readonly warnings: readonly Issue[];
  /** From the query's arrival to its answer. */
  readonly milliseconds: number;
}

export function summarize(outcome: QueryOutcome): QueryResponse {
  const { origins, routing } = outcome;
  const reports = origins.map((origin) => origin.report);
  const count = (...statuses: OriginStatus[]): number =>
    reports.filter((report) => statuses.includes(report.status)).length;
  const sum = (of: "bytesSent" | "bytesReceived"): number =>
    reports.reduce((total, report) => total + report[of], routing.cost[of]);
  const originsAsked = reports.length - count("not-needed", "over-limit");
  return {
    domain: outcome.domain,
    ranking: rankResults(origins, outcome.k),
    origins: reports,
    coverage: {
      ...routing.coverage,
      originsFound: reports.length,
      originsAsked,
      originsAnswered: count("answered"),
      originsRefused: count("refused"),
      originsTimedOut: count("timed-out"),
      originsFailed: count("unreachable", "invalid"),
      ...confidence(outcome),
    },
    cost: {
      ...routing.cost,
      bytesSent: sum("bytesSent"),
      bytesReceived: sum("bytesReceived"),
      milliseconds: outcome.milliseconds,
      originRequests: originsAsked,
    },
    warnings: distinctIssues([...outcome.warnings, ...origins.flatMap((o) => o.warnings)]),
  };
}

/** How sure it is that the best k were found at the origins that answered; nothing where they hold fewer than k. */
function confidence({ origins, k, deviation }: QueryOutcome): { confidence?: number } {
  const kth = kthSimilarity(origins, k);
  if (kth === undefined) return {};
  const others = origins.filter(({ report }) => report.status !== "answered");
  const estimates = others.map(({ report }) => report.estimate);
  return { confidence: confidenceOf(estimates, kth, deviation(kth)) };
}

/** Every origin warns of the same unknown term; the requester needs to hear it once. */
function distinctIssues(issues: readonly Issue[]): Issue[] {
  const byText = new Map(issues.map((issue) => [`${issue.path}\0${issue.message}`, issue]));
  return [...byText.values()];
}
