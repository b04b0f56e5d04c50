/** A query's life at the gateway: signature, lookups, origins, one ranking. */
import { compiledDomain } from "../../durable-objects/domain-cache.ts";
import {
  askOriginOverHttp,
  askOrigins,
  encodeProfile,
  estimateDeviation,
  Refusal,
  signatureOf,
  summarize,
  type CompiledDomain,
  type DomainId,
  type OriginQuery,
  type QueryEvent,
  type QueryRequest,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";
import { CONNECTIONS_MAX, findOrigins } from "./find-origins.ts";

/** Half of the time at most goes to finding origins, so that they have the other half to answer. */
const ROUTING_SHARE = 1 / 2;
/** Origins are asked while their estimate, raised by this many standard deviations, reaches the k-th score. */
const MARGIN_DEVIATIONS = 2;

/**
 * Runs a query, yielding the route, each origin's answer as it comes, and the whole response last. Refuses
 * before the first event if the domain is unknown or the profile does not fit it.
 */
export async function* runQuery(
  node: MemberContext,
  request: QueryRequest,
): AsyncGenerator<QueryEvent, void> {
  const startedAt = node.now();
  const domain = await requireDomain(node, request.domain);
  const profile = encodeProfile(domain, request.profile);
  if (!profile.ok) throw new Refusal("bad-profile", { errors: profile.error });
  const signature = signatureOf(domain, profile.value.values);
  const routing = await findOrigins(node, {
    plan: domain.plan,
    signature,
    limit: request.maxOrigins,
    deadline: startedAt + request.deadlineMs * ROUTING_SHARE,
  });
  yield {
    type: "route",
    coverage: routing.coverage,
    origins: routing.origins.map(({ node: id, organisation, estimate }) => ({
      node: id,
      organisation,
      estimate,
    })),
  };
  const query: OriginQuery = {
    domain: request.domain,
    profile: request.profile,
    k: request.k,
    ...(request.excludeGroups && { excludeGroups: request.excludeGroups }),
  };
  const origins = yield* askOrigins(routing.origins, {
    k: request.k,
    maxOrigins: request.maxOrigins,
    exhaustive: request.exhaustive,
    concurrency: CONNECTIONS_MAX,
    margin: (estimate) => MARGIN_DEVIATIONS * estimateDeviation(domain.plan, signature, estimate),
    now: node.now,
    ask: ({ member }) =>
      askOriginOverHttp({
        fetch: (url, init) => fetch(url, init),
        identity: node.identity,
        mesh: node.mesh,
        origin: member,
        query,
        deadline: startedAt + request.deadlineMs,
        now: node.now,
        random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      }),
  });
  const response = summarize({
    domain: request.domain,
    k: request.k,
    origins,
    routing,
    warnings: profile.value.warnings,
    milliseconds: node.now() - startedAt,
  });
  yield { type: "done", response };
}

/** The domain, ready to encode profiles. Refuses if this node does not know it or lacks an ontology of it. */
export async function requireDomain(node: MemberContext, id: DomainId): Promise<CompiledDomain> {
  const compiled = await compiledDomain(node.env, id);
  if (!compiled)
    throw new Refusal("unknown-domain", { detail: `this node does not know domain ${id}` });
  if (!compiled.ok) throw new Refusal("not-ready", { errors: compiled.error });
  return compiled.value;
}
