/** GET /v1/status and GET /metrics: how this origin is, for the operator and for the operator's monitoring. */
import { requireOperator } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";

export function reportStatus(context: OriginContext, request: Request): Response {
  requireOperator(context, request.headers);
  return Response.json(context.status());
}

/** Needs the operator's token from anywhere: behind a proxy on this machine, all the world comes from loopback. */
export async function reportMetrics(context: OriginContext, request: Request): Promise<Response> {
  requireOperator(context, request.headers);
  const { metrics, status } = context;
  const text = await metrics.render(status());
  return new Response(text, { headers: { "content-type": metrics.contentType } });
}
