/** The demo: three queries, their ranked answers, the synthesis, and what each party saw of them. */
import type { Example } from "../../../examples/example.ts";
import type { QueryResponse, RankedResult } from "../../../protocol/index.ts";
import { synthesize } from "../../index.ts";
import { costReport, runQueries, type AnsweredQuery } from "./run-queries.ts";
import type { RunningExample } from "./start-example.ts";

const K = 10;
/** Outcomes less similar than this are shown, but say nothing of the case asked about. */
const SYNTHESIS_MIN_SCORE = 0.6;

export async function runDemo(
  example: Example,
  running: RunningExample,
  onAnswer: (done: number) => void,
) {
  const answers = await runQueries(running, example.queries, { k: K }, onAnswer);
  const reports = answers.map(({ query, response }) => ({
    title: query.title,
    askedBy: nameOf(example, query.slug),
    profile: query.profile,
    answers: response.ranking.map(answerOf),
    synthesis: synthesize(
      response.ranking.filter(({ score }) => score >= SYNTHESIS_MIN_SCORE),
      example.domain,
    ),
    seenBy: seenBy(example, query.slug, response),
  }));
  return {
    ...costReport(example, running.totals, answers),
    // The first query is the one that the demo is about.
    answers: reports[0]?.answers ?? [],
    synthesis: reports[0]?.synthesis,
    asked: reports,
  };
}
export type DemoReport = Awaited<ReturnType<typeof runDemo>>;

function answerOf({ rank, score, organisation, intervention, result }: RankedResult) {
  return { rank, score, organisation, intervention, result };
}

/** Who learned what of one query: the mesh's privacy in one table. */
function seenBy(example: Example, slug: string, { origins, cost }: AnsweredQuery["response"]) {
  const asked = origins.filter(({ status }) => status === "answered").map((o) => o.organisation);
  const others = example.organisations
    .map(({ name }) => name)
    .filter((name) => !asked.includes(name) && name !== nameOf(example, slug));
  return [
    { party: `${nameOf(example, slug)} (own gateway)`, saw: "the profile and all answers" },
    {
      party: `${cost.lookupRequests} nodes that hold routing shards`,
      saw: "128 signature symbols and tree numbers; no profile, no answer",
    },
    ...asked.map((party) => ({
      party: `${party} (origin)`,
      saw: `the profile and its own ${resultsOf(origins, party)} results; no other origin`,
    })),
    ...others.map((party) => ({ party: `${party} (origin)`, saw: "nothing" })),
  ];
}

function resultsOf(origins: QueryResponse["origins"], name: string): number {
  return origins.find(({ organisation }) => organisation === name)?.results ?? 0;
}

function nameOf(example: Example, slug: string): string {
  return example.organisations.find((organisation) => organisation.slug === slug)?.name ?? slug;
}
