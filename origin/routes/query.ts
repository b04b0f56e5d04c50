/** POST /v1/outcomes/query: what this origin's policy lets out of the most similar outcomes, signed as a whole. */
import {
  contentDigest,
  originQuerySchema,
  rateLimitHeaders,
  Refusal,
  type NodeId,
  type Quota,
} from "../../protocol/index.ts";
import { answerQuery as answer } from "../answering/index.ts";
import type { QueryTrail } from "../audit/index.ts";
import { requireMember } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import { dailyHeaders } from "../policy/index.ts";
import { openExchange, type Exchange } from "../sealing/index.ts";
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
  readonly sender: NodeId;
  readonly quota: Quota;
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
  return { sender: node, quota, exchange, trail, requireTime };
}

async function answerOpened(
  context: OriginContext,
  { sender, quota, exchange, trail, requireTime }: Received,
): Promise<Response> {
  const query = exchange.parse(originQuerySchema);
  trail.query(query);
  const digest = contentDigest(exchange.body);
  const asked = { sender, query, digest, requireTime, trail };
  const { signed, usedToday, perDay } = await answer(context, asked);
  const today = { perDay, used: usedToday, now: context.now() };
  return Response.json(signed, { headers: dailyHeaders(today, rateLimitHeaders(quota)) });
}
