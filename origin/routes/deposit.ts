/** POST /v1/outcomes: the operator adds or corrects an outcome; answered when the mesh can find it. */
import { z } from "zod";
import { domainIdSchema, parseJsonBody, Refusal } from "../../protocol/index.ts";
import { requireOperator } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import { prepareRecord } from "../prepare-record.ts";
import { readBody } from "./body.ts";

const depositSchema = z.strictObject({
  domain: domainIdSchema,
  /** Checked against the domain. */
  record: z.record(z.string(), z.unknown()),
});

export async function depositOutcome(context: OriginContext, request: Request): Promise<Response> {
  const body = await readBody(request);
  requireOperator(context, request.headers);
  const deposit = parseJsonBody(request.headers, depositSchema, body);
  const index = context.indexes.get(deposit.domain);
  if (!index) throw new Refusal("unknown-domain");
  const prepared = prepareRecord(index.compiled, deposit.record);
  if (!prepared.ok) {
    const errors = prepared.error.map(({ path, message }) => ({
      path: path === "" ? "record" : `record.${path}`,
      message,
    }));
    throw new Refusal("bad-profile", { errors });
  }
  const { record, signature, warnings } = prepared.value;
  const outcomes = context.store.put(deposit.domain, [{ record, signature }], "deposit");
  const publication = await context.publisher.publish(outcomes.flatMap(({ entries }) => entries));
  return Response.json({ id: record.id, warnings, publication }, { status: 201 });
}
