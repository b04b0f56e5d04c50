/** What other nodes call. */
import {
  lookupRequestSchema,
  lookupResponseSchema,
  publishRequestSchema,
  publishResponseSchema,
  REQUEST_MAX_BYTES,
  toBase64Url,
  type LookupResponse,
} from "../../protocol/index.ts";
import { readSymbols, requirePlan } from "../domains.ts";
import { asMember } from "../node-context.ts";
import { lookupOwnShards } from "../peer/lookup.ts";
import { acceptStatements } from "../peer/publish.ts";
import type { Routes } from "../route.ts";

/** A signature of 1,024 symbols, and the rest. */
const LOOKUP_MAX_BYTES = 4096;

export function mountPeer(routes: Routes): void {
  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/lookup",
      access: "member",
      summary: "The origins whose entries in this node's slots are nearest to a signature",
      maxBytes: LOOKUP_MAX_BYTES,
      response: { status: 200, schema: lookupResponseSchema },
    },
    lookupRequestSchema,
    async ({ node, body }) => {
      const member = await asMember(node);
      const plan = await requirePlan(node, body.domain);
      const found = await lookupOwnShards(member, {
        plan,
        signature: readSymbols(body.signature, plan.symbols),
        trees: body.trees,
        limit: body.limit,
      });
      const response: LookupResponse = {
        origins: found.origins.map(({ node: origin, statement }) => ({
          node: origin,
          entries: [toBase64Url(statement)],
        })),
        scanned: found.scanned,
        pending: [...found.pending],
        membership: member.view.version,
      };
      return Response.json(response);
    },
  );

  for (const { path, kind, summary } of [
    {
      path: "/v1/peer/publish",
      kind: "entry",
      summary: "Store signed entries in the slots that this node holds",
    },
    {
      path: "/v1/peer/withdraw",
      kind: "tombstone",
      summary: "Store signed tombstones, which end the entries that they name",
    },
  ] as const) {
    routes.addJson(
      {
        method: "post",
        path,
        access: "member",
        summary,
        maxBytes: REQUEST_MAX_BYTES,
        response: { status: 200, schema: publishResponseSchema },
      },
      publishRequestSchema,
      async ({ node, body }) =>
        Response.json(await acceptStatements(await asMember(node), kind, body.entries)),
    );
  }
}
