/** What a request handler works with: this node's identity, its view of the mesh, and its time. */
import type { Env } from "../durable-objects/env.ts";
import { membershipView } from "../durable-objects/membership-view.ts";
import {
  Refusal,
  type Caller,
  type Fetch,
  type Member,
  type MembershipView,
} from "../protocol/index.ts";
import { configOf, type Config } from "./config.ts";

export interface NodeContext extends Config {
  readonly env: Env;
  readonly now: () => number;
  /** Calls other organisations in this node's name. */
  readonly caller: Caller;
}

/** A node that is a member, with its view of the others. */
export interface MemberContext extends NodeContext {
  readonly view: MembershipView;
}

/** Called through a function of our own: the global one must not be called as a method. */
const globalFetch: Fetch = (url, init) => fetch(url, init);

export async function nodeContext(env: Env): Promise<NodeContext> {
  const config = await configOf(env);
  const { identity, mesh } = config;
  const caller = { fetch: globalFetch, identity, mesh, now: Date.now, random: randomBytes };
  return { ...config, env, now: Date.now, caller };
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
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
