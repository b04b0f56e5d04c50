/** The mesh's membership: what the operator gives and reads, and how members and newcomers bring it about. */
import { membershipView } from "../../durable-objects/membership-view.ts";
import { membershipStub } from "../../durable-objects/stubs.ts";
import { membersSchema, Refusal } from "../../protocol/index.ts";
import { asMember } from "../node-context.ts";
import type { Routes } from "../route.ts";

/** 10,000 descriptors of about 700 bytes. A newcomer needs a few; the rest comes by gossip. */
const MEMBERS_MAX_BYTES = 8_388_608;

export function mountMembership(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: "/v1/node/members",
      access: "member",
      summary: "The charter and all statements about members that this node knows",
      response: { status: 200, schema: membersSchema },
    },
    async ({ node }) => {
      const { view } = await asMember(node);
      return Response.json({ charter: view.charter, statements: view.statements });
    },
  );

  routes.addJson(
    {
      method: "put",
      path: "/v1/node/members",
      access: "own-node",
      summary: "Give this node the mesh's charter, and descriptors and votes of members",
      maxBytes: MEMBERS_MAX_BYTES,
      response: { status: 204 },
    },
    membersSchema,
    async ({ node, body }) => {
      const error = await membershipStub(node.env).accept(node.mesh, body, node.now());
      if (error) {
        const detail = "node" in error ? `${error.code}: ${error.node}` : error.code;
        throw new Refusal("bad-request", { detail });
      }
      await membershipView(node.env, node.now(), 0);
      return new Response(null, { status: 204 });
    },
  );
}
