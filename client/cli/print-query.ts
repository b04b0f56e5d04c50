/** A query's outcome for people. */
import type {
  AggregateCell,
  Domain,
  OriginReport,
  QueryResponse,
  RankedResult,
} from "../../protocol/index.ts";
import type { Synthesis } from "../synthesis/index.ts";
import { formatTable } from "./table.ts";
import { formatSynthesis } from "./print-synthesis.ts";

export interface PrintedQuery {
  readonly response: QueryResponse;
  readonly synthesis: Synthesis;
  readonly domain: Domain;
  /** Show the similarity of each feature. */
  readonly features: boolean;
}

export function formatQuery({ response, synthesis, domain, features }: PrintedQuery): string {
  const { ranking, origins } = response;
  const hasAggregates = origins.some(({ aggregate }) => aggregate && aggregate.cells.length > 0);
  return [
    ...(ranking.length > 0 ? [formatRanking(ranking, domain, features)] : []),
    ...(hasAggregates ? [formatAggregates(origins, domain)] : []),
    ...(ranking.length === 0 && !hasAggregates ? ["Nothing similar was found."] : []),
    ...(origins.length > 0 ? [formatOrigins(origins)] : []),
    ...(ranking.length > 0 || hasAggregates ? [formatSynthesis(synthesis)] : []),
    formatCost(response),
  ].join("\n\n");
}

function formatRanking(
  ranking: readonly RankedResult[],
  domain: Domain,
  features: boolean,
): string {
  const done = domain.intervention.map(({ name }) => name);
  const ended = domain.result.map(({ name }) => name);
  const compared = features
    ? domain.features
        .map(({ name }) => name)
        .filter((name) => ranking.some((result) => result.features[name] !== undefined))
    : [];
  return formatTable(
    [
      "rank",
      "similarity",
      "organisation",
      ...done,
      ...ended,
      ...compared.map((name) => `~${name}`),
    ],
    ranking.map((result) => [
      String(result.rank),
      result.score.toFixed(3),
      result.organisation,
      ...done.map((name) => valueOf(result.intervention[name])),
      ...ended.map((name) => valueOf(result.result[name])),
      ...compared.map((name) => result.features[name]?.toFixed(2) ?? ""),
    ]),
  );
}

/** Groups of cases, of origins that give no single ones. */
export function formatAggregates(
  origins: readonly Pick<OriginReport, "organisation" | "aggregate">[],
  { intervention: [done], result: [ended] }: Domain,
): string {
  return formatTable(
    ["similarity", "organisation", "cases", done?.name ?? "", ended?.name ?? ""],
    origins.flatMap(({ organisation, aggregate }) =>
      (aggregate?.cells ?? []).map((cell) => [
        cell.similarity.toFixed(2),
        organisation,
        String(cell.individuals),
        valueOf(cell.intervention[done?.name ?? ""]),
        resultOf(cell),
      ]),
    ),
  );
}

function resultOf({ result }: AggregateCell): string {
  if (!result) return "";
  if (result.kind === "mean") return `mean ${result.mean}, deviation ${result.deviation}`;
  return result.shares
    .map(({ value, share }) => `${valueOf(value)} ${(100 * share).toFixed(0)} %`)
    .join(", ");
}

function formatOrigins(origins: readonly OriginReport[]): string {
  return formatTable(
    ["origin", "estimate", "status", "results", "ms", "reason"],
    origins.map(({ organisation, estimate, status, results, milliseconds, problem }) => [
      organisation,
      estimate.toFixed(2),
      status,
      String(results),
      milliseconds.toFixed(0),
      problem ? [problem.title, problem.detail].filter(Boolean).join("; ") : "",
    ]),
  );
}

function formatCost({ coverage, cost }: QueryResponse): string {
  const { slotsAnswered, slotsAsked, originsFound, originsAsked, originsAnswered } = coverage;
  const overBudget = coverage.overBudget > 0 ? ` (${coverage.overBudget} over the budget)` : "";
  return [
    `${slotsAnswered} of ${slotsAsked} slots answered${overBudget}`,
    `${originsFound} origins found, ${originsAsked} asked, ${originsAnswered} answered${sureness(coverage)}`,
    `${cost.lookupRequests} lookup${lookupKinds(cost)} and ${cost.originRequests} origin requests`,
    `${kilobytes(cost.bytesSent)} kB sent, ${kilobytes(cost.bytesReceived)} kB received`,
    `${cost.milliseconds.toFixed(0)} ms`,
  ].join("; ");
}

/** Rounded down, so that nothing is said to be certain that is not. */
function sureness({ confidence }: QueryResponse["coverage"]): string {
  if (confidence === undefined) return "";
  return `, none better at the others: ${Math.floor(100 * confidence)} % sure`;
}

/** What the lookups were for beyond finding, where there are such. */
function lookupKinds({ confirmations, hedged }: QueryResponse["cost"]): string {
  const kinds = [
    ...(confirmations > 0 ? [`${confirmations} to confirm`] : []),
    ...(hedged > 0 ? [`${hedged} hedged`] : []),
  ];
  return kinds.length > 0 ? ` (${kinds.join(", ")})` : "";
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function valueOf(value: string | number | boolean | undefined): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === undefined ? "" : String(value);
}
