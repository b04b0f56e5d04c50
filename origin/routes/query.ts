/** POST /v1/outcomes/query: what this origin's policy lets out of the most similar outcomes, signed as a whole. */
import {
  contentDigest,
  originQuerySchema,
  parseJsonBody,
  rateLimitHeaders,
  Refusal,
  type NodeId,
} from "../../protocol/index.ts";
import { answerQuery as answer } from "../answering/index.ts";
import { requireMember } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import { dailyHeaders } from "../policy/index.ts";
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
  const { node, timeoutMs, quota } = await requireMember(context, received, onSender);
  const requireTime = (): void => {
    if (context.now() - receivedAt < timeoutMs) return;
    throw new Refusal("too-late", { detail: "the time that the sender waits is over" });
  };
  const query = parseJsonBody(headers, originQuerySchema, body);
  const { signed, usedToday, perDay } = await answer(context, {
    sender: node,
    query,
    digest: contentDigest(body),
    requireTime,
  });
  const today = { perDay, used: usedToday, now: context.now() };
  return Response.json(signed, { headers: dailyHeaders(today, rateLimitHeaders(quota)) });
}
