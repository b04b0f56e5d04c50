/**
 * The second half of a query, once its origins are found: ask them, merge, and sum up. The gateway runs it for
 * its requesters; a client that calls origins itself runs the same.
 */
import type { CompiledDomain } from "../domain/compile.ts";
import type { CheckedProfile, Profile } from "../domain/profile.ts";
import { askOriginOverHttp, type AskOriginOptions, type OriginTarget } from "../http/ask-origin.ts";
import type { OriginQuery, QueryEvent, QuerySettings, RouteResponse } from "../messages/query.ts";
import { estimateDeviation } from "../signature/signature.ts";
import { askOrigins, type OriginCandidate } from "./ask-origins.ts";
import { summarize } from "./ranking.ts";

/** Half of a query's time at most goes to finding origins, so that they have the other half to answer. */
export const ROUTING_SHARE = 1 / 2;
/** A Worker may wait for six connections at once, and a browser opens six to one host. */
export const CONNECTIONS_MAX = 6;

/** An origin that was found, with what is needed to ask it. */
export type FoundOrigin = OriginCandidate & OriginTarget;

export interface QueryOriginsOptions {
  readonly domain: CompiledDomain;
  readonly profile: Profile;
  readonly checked: CheckedProfile;
  readonly signature: Uint8Array;
  readonly settings: QuerySettings;
  /** Best first. */
  readonly origins: readonly FoundOrigin[];
  readonly routing: Pick<RouteResponse, "coverage" | "cost">;
  /** Who asks, and how. */
  readonly caller: Omit<AskOriginOptions, "origin" | "query" | "deadline">;
  /** When the query came, in milliseconds since 1970: its deadline counts from there. */
  readonly startedAt: number;
}

/** Yields the route, each origin's answer as it comes, and the whole response last. */
export async function* queryOrigins(
  options: QueryOriginsOptions,
): AsyncGenerator<QueryEvent, void> {
  const { domain, signature, settings, routing, caller, startedAt, checked } = options;
  yield {
    type: "route",
    coverage: routing.coverage,
    origins: options.origins.map(({ node, organisation, estimate }) => ({
      node,
      organisation,
      estimate,
    })),
  };
  const query: OriginQuery = {
    domain: domain.id,
    profile: options.profile,
    k: settings.k,
    ...(settings.purpose !== undefined && { purpose: settings.purpose }),
    ...(settings.excludeGroups && { excludeGroups: settings.excludeGroups }),
  };
  const deadline = startedAt + settings.deadlineMs;
  const deviation = (score: number): number => estimateDeviation(domain.plan, signature, score);
  const origins = yield* askOrigins(options.origins, {
    ...settings,
    concurrency: CONNECTIONS_MAX,
    deviation,
    now: caller.now,
    ask: (origin) => askOriginOverHttp({ ...caller, origin, query, deadline }),
  });
  const response = summarize({
    domain: domain.id,
    k: settings.k,
    origins,
    routing,
    deviation,
    warnings: checked.warnings,
    milliseconds: caller.now() - startedAt,
  });
  yield { type: "done", response };
}
