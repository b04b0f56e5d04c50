/** GET /v1/status: what this origin holds, and what the mesh has yet to hear of it. For the operator. */
import { z } from "zod";
import { domainIdSchema, meshIdSchema, nodeIdSchema } from "../../protocol/index.ts";
import { requireOperator } from "../authenticate.ts";
import type { OriginContext } from "../context.ts";
import { sourceStatusSchema, statusOfSources } from "../sources/index.ts";

export const statusReportSchema = z.strictObject({
  node: nodeIdSchema,
  mesh: meshIdSchema,
  /** Absent until the own Worker has told. */
  membership: z.strictObject({ version: z.string(), members: z.int() }).optional(),
  domains: z.array(
    z.strictObject({
      id: domainIdSchema,
      name: z.string(),
      title: z.string(),
      records: z.int(),
      /** Distinct signatures. */
      entries: z.int(),
      /** Those that the policy's minimum count keeps back. */
      withheld: z.int(),
    }),
  ),
  sources: z.array(sourceStatusSchema),
  outbox: z.strictObject({
    /** Statements that some replica has not stored. 0: the mesh knows all that it may know, in full. */
    waiting: z.int(),
    /** Those of them that no majority stored yet. 0: all will be found. */
    unacknowledged: z.int(),
    missing: z.array(z.strictObject({ node: z.string(), entries: z.int() })),
  }),
});
export type StatusReport = z.infer<typeof statusReportSchema>;

export function reportStatus(context: OriginContext, request: Request): Response {
  requireOperator(context, request.headers);
  const { identity, mesh, store, indexes, membership } = context;
  const { view } = membership;
  const waiting = store.waiting();
  const status: StatusReport = {
    node: identity.node,
    mesh,
    ...(view && { membership: { version: view.version, members: view.members.length } }),
    domains: [...indexes.values()].map(({ compiled: { id, domain } }) => {
      const { records, entries, announced } = store.totals(id);
      const { name, title } = domain;
      return { id, name, title, records, entries, withheld: entries - announced };
    }),
    sources: statusOfSources(store, context.sources),
    outbox: {
      waiting: waiting.entries,
      unacknowledged: waiting.unacknowledged,
      missing: [...waiting.nodes],
    },
  };
  return Response.json(status);
}
