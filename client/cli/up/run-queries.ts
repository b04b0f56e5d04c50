/** Runs an example's queries through the gateways of the organisations that ask, and counts what they cost. */
import pLimit from "p-limit";
import { median } from "../../../examples/evaluation.ts";
import type { Example, ExampleQuery } from "../../../examples/example.ts";
import type { QueryInput, QueryResponse } from "../../../protocol/index.ts";
import { createClient } from "../../index.ts";
import type { RunningExample } from "./start-example.ts";

export interface AnsweredQuery {
  readonly query: ExampleQuery;
  readonly response: QueryResponse;
}

/** Queries under way at once: two cores have no more to give. */
const QUERIES_AT_ONCE = 2;

/** Asks every query, with `settings` beside its profile. Rejects with the first that fails. */
export async function runQueries(
  { mesh, compiled }: RunningExample,
  queries: readonly ExampleQuery[],
  settings: Omit<QueryInput, "domain" | "profile">,
  onAnswer: (done: number) => void,
): Promise<AnsweredQuery[]> {
  const clients = new Map(
    mesh.organisations.map(({ slug, meshUrl, requesterToken }) => [
      slug,
      createClient({ gateway: meshUrl, token: requesterToken }),
    ]),
  );
  const limit = pLimit(QUERIES_AT_ONCE);
  let done = 0;
  return Promise.all(
    queries.map((query) =>
      limit(async () => {
        const client = clients.get(query.slug);
        if (!client) throw new Error(`there is no organisation ${query.slug}`);
        const response = await client
          .query({
            domain: compiled.id,
            profile: { ...query.profile },
            ...settings,
            ...(query.excludeGroups && { excludeGroups: [...query.excludeGroups] }),
          })
          .response();
        onAnswer((done += 1));
        return { query, response };
      }),
    ),
  );
}

/** The fields that every report has. */
export function costReport(
  example: Example,
  totals: RunningExample["totals"],
  answers: readonly AnsweredQuery[],
) {
  const responses = answers.map(({ response }) => response);
  const medianOf = (of: (response: QueryResponse) => number) => ({
    median: median(responses.map(of)),
  });
  const sum = (of: Exclude<keyof QueryResponse["coverage"], "confidence">): number =>
    responses.reduce((total, { coverage }) => total + coverage[of], 0);
  return {
    example: example.name,
    source: example.origin,
    organisations: example.organisations.length,
    ...totals,
    queries: answers.length,
    lookupRequests: medianOf(({ cost }) => cost.lookupRequests),
    originsAsked: medianOf(({ coverage }) => coverage.originsAsked),
    bytesPerQuery: medianOf(({ cost }) => cost.bytesSent + cost.bytesReceived),
    milliseconds: medianOf(({ cost }) => cost.milliseconds),
    coverage: {
      slotsAsked: sum("slotsAsked"),
      slotsAnswered: sum("slotsAnswered"),
      originsAsked: sum("originsAsked"),
      originsAnswered: sum("originsAnswered"),
    },
  };
}
