/** DELETE /v1/outcomes/{domain}/{id}: the operator removes an outcome; answered when the mesh has forgotten it. */
import { domainIdSchema, Refusal } from "../../protocol/index.ts";
import { requireOperator } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";

export async function withdrawOutcome(
  context: OriginContext,
  request: Request,
  params: { readonly domain: string; readonly id: string },
): Promise<Response> {
  requireOperator(context, request.headers);
  const domain = domainIdSchema.safeParse(params.domain);
  if (!domain.success || !context.indexes.has(domain.data)) throw new Refusal("unknown-domain");
  const entries = context.store.remove(domain.data, params.id);
  if (!entries) throw new Refusal("not-found", { detail: "there is no outcome of this id" });
  return Response.json({ publication: await context.publisher.publish(entries) });
}
