/** What a request handler works with: this node's identity, its view of the mesh, and its time. */
import type { Env } from "../durable-objects/env.ts";
import { membershipView } from "../durable-objects/membership-view.ts";
import { Refusal, type Member, type MembershipView } from "../protocol/index.ts";
import { configOf, type Config } from "../durable-objects/config.ts";

export interface NodeContext extends Config {
  readonly env: Env;
}

/** A node that is a member, with its view of the others. */
export interface MemberContext extends NodeContext {
  readonly view: MembershipView;
}

export async function nodeContext(env: Env): Promise<NodeContext> {
  return { ...(await configOf(env)), env };
}

/** Adds the view. Refuses with `not-ready` before the node was given its members. */
export async function asMember(node: NodeContext, maxAgeMs?: number): Promise<MemberContext> {
  const view = await membershipView(node.env, node.now(), maxAgeMs);
  if (!view) {
    throw new Refusal("not-ready", {
      detail: "this node has not been given its mesh's members yet",
    });
  }
  return { ...node, view };
}

/** This node's own descriptor. */
export function ownMember({ view, identity, now }: MemberContext): Member {
  const own = view.live(identity.node, now());
  if (!own) throw new Refusal("not-ready", { detail: "this node's own descriptor has lapsed" });
  return own;
}
