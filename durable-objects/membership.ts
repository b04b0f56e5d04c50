/**
 * The node's knowledge of its mesh: the charter and every member's latest descriptor. One object a node. It
 * holds nothing that it did not verify. Descriptors come as a list given at start; gossip will use `accept` too.
 */
import { DurableObject } from "cloudflare:workers";
import {
  checkMembers,
  latestDescriptors,
  meshIdOf,
  type AdmissionError,
  type Members,
  type MeshId,
} from "../protocol/index.ts";
import type { Env } from "./env.ts";
import { MembershipStore } from "./membership-store.ts";

export type AcceptError = AdmissionError | { readonly code: "wrong-mesh" };

export class Membership extends DurableObject<Env> {
  readonly #store: MembershipStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new MembershipStore(ctx.storage);
  }

  /** What is known; undefined before the first `accept`. */
  async members(): Promise<Members | undefined> {
    return this.#store.read();
  }

  /** Verifies and keeps `members`; of each node the descriptor with the highest seq stays. All or nothing. */
  async accept(mesh: MeshId, members: Members, now: number): Promise<AcceptError | undefined> {
    if (meshIdOf(members.charter.charter) !== mesh) return { code: "wrong-mesh" };
    const error = await checkMembers(members.charter, members.descriptors, now);
    if (error) return error;
    this.#store.merge(members.charter, latestDescriptors(members.descriptors));
    return undefined;
  }
}
