/** The mesh's membership: what the operator gives and reads, and how members and newcomers bring it about. */
import { membershipView } from "../../durable-objects/membership-view.ts";
import { membershipStub } from "../../durable-objects/stubs.ts";
import {
  givenMembersSchema,
  GOSSIP_MAX_BYTES,
  gossipRequestSchema,
  gossipResponseSchema,
  holdingsSchema,
  joinRequestSchema,
  joinResponseSchema,
  membersSchema,
  Refusal,
} from "../../protocol/index.ts";
import { asMember } from "../node-context.ts";
import type { Routes } from "../route.ts";

/** 10,000 descriptors of about 700 bytes. A newcomer needs a few; the rest comes by gossip. */
const MEMBERS_MAX_BYTES = 8_388_608;
/** A descriptor of 256 domains and a hundred votes. Anyone may send it. */
const JOIN_MAX_BYTES = 65_536;
const HOLDINGS_MAX_BYTES = 16_384;

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
    givenMembersSchema,
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

  routes.addJson(
    {
      method: "put",
      path: "/v1/node/holdings",
      access: "own-node",
      summary:
        "Say in which domains this node's origin holds outcomes, to which key queries are sealed, and whether it is asked over its link",
      maxBytes: HOLDINGS_MAX_BYTES,
      response: { status: 204 },
    },
    holdingsSchema,
    async ({ node, body }) => {
      await membershipStub(node.env).setHoldings(body, node.now());
      return new Response(null, { status: 204 });
    },
  );

  mountGossip(routes);
}

function mountGossip(routes: Routes): void {
  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/gossip",
      access: "member",
      summary: "Exchange what both know of the mesh's members",
      maxBytes: GOSSIP_MAX_BYTES,
      response: { status: 200, schema: gossipResponseSchema },
    },
    gossipRequestSchema,
    async ({ node, body }) => {
      const answer = await membershipStub(node.env).gossip(body, node.now());
      if (!answer) throw new Refusal("not-ready");
      if (answer.learnt > 0) await membershipView(node.env, node.now(), 0);
      return Response.json(answer.response);
    },
  );

  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/join",
      access: "public",
      summary: "Show this node a newcomer's descriptor and the votes that admit it",
      maxBytes: JOIN_MAX_BYTES,
      response: { status: 200, schema: joinResponseSchema },
    },
    joinRequestSchema,
    async ({ node, body }) => {
      const answer = await membershipStub(node.env).join(body.statements, node.now());
      if (answer === "not-ready") throw new Refusal("not-ready");
      if (answer === "not-admitted") {
        throw new Refusal("forbidden", {
          detail: "these statements do not make their sender a live member of this mesh",
        });
      }
      await membershipView(node.env, node.now(), 0);
      return Response.json(answer);
    },
  );
}
