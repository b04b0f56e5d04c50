/** POST /v1/outcomes/query: the most similar outcomes that this origin holds, signed as a whole. */
import {
  contentDigest,
  encodeProfile,
  originQuerySchema,
  rateLimitHeaders,
  Refusal,
  signAnswer,
  type Answer,
  type NodeId,
  type OriginQuery,
  type OutcomeResult,
} from "../../protocol/index.ts";
import type { QueryTrail } from "../audit/index.ts";
import { requireMember } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import { rank, type Ranked } from "../ranking.ts";
import type { RecordIndex } from "../record-index.ts";
import { openExchange, type Exchange } from "../sealing/index.ts";
import { noteRequest } from "../telemetry/index.ts";
import { readBody } from "./body.ts";

export interface QueryObserver {
  /** Hears who asks, once that is verified. */
  readonly onSender: (sender: NodeId) => void;
  /** Hears of what a sealed answer hides: a refusal, or a failure. */
  readonly onError: (error: unknown) => void;
}

export async function answerQuery(
  context: OriginContext,
  request: Request,
  observer: QueryObserver,
): Promise<Response> {
  const trail = context.trails.begin(request.headers);
  const logged = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await trail.failed(error);
      throw error;
    }
  };
  const received = await logged(() => receive(context, request, trail, observer));
  return received.exchange.respond(() => logged(() => answerOpened(context, received)));
}

interface Received {
  readonly exchange: Exchange;
  readonly trail: QueryTrail;
  /** Throws a `Refusal` once the asker no longer waits. */
  readonly requireTime: () => void;
}

async function receive(
  context: OriginContext,
  request: Request,
  trail: QueryTrail,
  { onSender, onError }: QueryObserver,
): Promise<Received> {
  const { method, url, headers } = request;
  const receivedAt = context.now();
  const body = await readBody(request);
  trail.body(body);
  const { node, timeoutMs, quota } = await requireMember(
    context,
    { method, url, headers, body },
    (sender) => {
      trail.sender(sender);
      onSender(sender);
    },
  );
  const requireTime = (): void => {
    if (context.now() - receivedAt < timeoutMs) return;
    throw new Refusal("too-late", { detail: "the time that the sender waits is over" });
  };
  const exchange = await openExchange(
    { method, headers, body },
    {
      sealing: context.sealing,
      mesh: context.mesh,
      from: node,
      to: context.identity.node,
      headers: rateLimitHeaders(quota),
      onError,
    },
  );
  trail.body(exchange.body);
  return { exchange, trail, requireTime };
}

async function answerOpened(
  context: OriginContext,
  { exchange, trail, requireTime }: Received,
): Promise<Response> {
  const query = exchange.parse(originQuerySchema);
  trail.query(query);
  const index = indexFor(context, query);
  noteRequest({ domain: query.domain });
  const profile = encodeProfile(index.compiled, query.profile);
  // Paths as the gateway gives them, so that a requester hears of one unknown term once.
  if (!profile.ok) throw new Refusal("bad-profile", { errors: profile.error });
  requireTime();
  index.refresh();
  const ranked = rank(index, profile.value.values, query.k, query.excludeGroups);
  requireTime();
  noteRequest({ results: ranked.length });
  const answer: Answer = {
    version: 1,
    node: context.identity.node,
    domain: query.domain,
    query: contentDigest(exchange.body),
    answeredAt: context.now(),
    results: ranked.flatMap((item) => resultOf(context, index, item) ?? []),
    warnings: profile.value.warnings.slice(0, WARNINGS_MAX),
  };
  const receipt = await trail.answered(answer);
  const signed = await signAnswer(context.identity, context.mesh, { ...answer, receipt });
  return Response.json(signed);
}

/** As many as an answer may carry. */
const WARNINGS_MAX = 1000;

function indexFor({ indexes, policy }: OriginContext, query: OriginQuery): RecordIndex {
  const index = indexes.get(query.domain);
  if (!index) throw new Refusal("unknown-domain");
  if (query.excludeGroups && query.excludeGroups.length > 0 && !policy.allowExclusion) {
    throw new Refusal("forbidden", { detail: "this origin's policy does not allow excludeGroups" });
  }
  return index;
}

function resultOf(
  { store }: OriginContext,
  { compiled }: RecordIndex,
  { record, score, kernels }: Ranked,
): OutcomeResult | undefined {
  const outcome = store.outcome(record.number);
  // Removed by another process since the ranking.
  if (!outcome) return undefined;
  const features: Record<string, number> = {};
  for (const [i, feature] of compiled.features.entries()) {
    const kernel = kernels[i];
    if (kernel !== undefined) features[feature.name] = kernel;
  }
  return {
    reference: record.reference,
    score,
    features,
    intervention: outcome.intervention,
    result: outcome.result,
    ...(outcome.observed_at !== undefined && { observedAt: outcome.observed_at }),
  };
}
