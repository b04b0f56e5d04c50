/** POST /v1/outcomes/query: the most similar outcomes that this origin holds, signed as a whole. */
import {
  contentDigest,
  encodeProfile,
  originQuerySchema,
  parseJsonBody,
  rateLimitHeaders,
  Refusal,
  signAnswer,
  type NodeId,
  type OriginQuery,
  type OutcomeResult,
} from "../../protocol/index.ts";
import { requireMember } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import type { Ranked, RankingIndex } from "../ranking/index.ts";
import { readBody } from "./body.ts";

/** `onSender` hears who asks, once that is verified. */
export async function answerQuery(
  context: OriginContext,
  request: Request,
  onSender: (sender: NodeId) => void,
): Promise<Response> {
  const { method, url, headers } = request;
  const receivedAt = context.now();
  const body = await readBody(request);
  const received = { method, url, headers, body };
  const { timeoutMs, quota } = await requireMember(context, received, onSender);
  const requireTime = (): void => {
    if (context.now() - receivedAt < timeoutMs) return;
    throw new Refusal("too-late", { detail: "the time that the sender waits is over" });
  };
  const query = parseJsonBody(headers, originQuerySchema, body);

  const index = indexFor(context, query);
  const profile = encodeProfile(index.compiled, query.profile);
  // Paths as the gateway gives them, so that a requester hears of one unknown term once.
  if (!profile.ok) throw new Refusal("bad-profile", { errors: profile.error });
  requireTime();
  await index.refresh();
  const ranked = index.rank(profile.value.values, query.k, query.excludeGroups);
  requireTime();
  const signed = await signAnswer(context.identity, context.mesh, {
    version: 1,
    node: context.identity.node,
    domain: query.domain,
    query: contentDigest(body),
    answeredAt: context.now(),
    results: ranked.flatMap((item) => resultOf(context, index, item) ?? []),
    warnings: profile.value.warnings.slice(0, WARNINGS_MAX),
  });
  return Response.json(signed, { headers: rateLimitHeaders(quota) });
}

/** As many as an answer may carry. */
const WARNINGS_MAX = 1000;

function indexFor({ indexes, policy }: OriginContext, query: OriginQuery): RankingIndex {
  const index = indexes.get(query.domain);
  if (!index) throw new Refusal("unknown-domain");
  if (query.excludeGroups && query.excludeGroups.length > 0 && !policy.allowExclusion) {
    throw new Refusal("forbidden", { detail: "this origin's policy does not allow excludeGroups" });
  }
  return index;
}

function resultOf(
  { store }: OriginContext,
  { compiled }: RankingIndex,
  { number, reference, score, kernels }: Ranked,
): OutcomeResult | undefined {
  const outcome = store.outcome(number);
  // Removed by another process since the ranking.
  if (!outcome) return undefined;
  const features: Record<string, number> = {};
  for (const [i, feature] of compiled.features.entries()) {
    const kernel = kernels[i];
    if (kernel !== undefined) features[feature.name] = kernel;
  }
  return {
    reference,
    score,
    features,
    intervention: outcome.intervention,
    result: outcome.result,
    ...(outcome.observed_at !== undefined && { observedAt: outcome.observed_at }),
  };
}
