/** A query's life at the gateway: signature, lookups, origins, one ranking. */
import {
  encodeProfile,
  lookupBudget,
  originBudget,
  queryOrigins,
  Refusal,
  ROUTING_SHARE,
  signatureOf,
  type QueryEvent,
  type QueryRequest,
} from "../../protocol/index.ts";
import { requireDomain } from "../domains.ts";
import type { MemberContext } from "../node-context.ts";
import { findOrigins } from "./find-origins.ts";

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
  const checked = encodeProfile(domain, request.profile);
  if (!checked.ok) throw new Refusal("bad-profile", { errors: checked.error });
  const signature = signatureOf(domain, checked.value.values);
  const { maxOrigins } = request;
  const routing = await findOrigins(node, {
    plan: domain.plan,
    signature,
    limit: maxOrigins,
    requests: lookupBudget(node.subrequestLimit, maxOrigins),
    deadline: startedAt + request.deadlineMs * ROUTING_SHARE,
  });
  yield* queryOrigins({
    domain,
    profile: request.profile,
    checked: checked.value,
    signature,
    settings: {
      ...request,
      maxOrigins: originBudget(node.subrequestLimit, maxOrigins, routing.cost.lookupRequests),
    },
    origins: routing.origins,
    routing,
    caller: node.caller,
    startedAt,
  });
}
