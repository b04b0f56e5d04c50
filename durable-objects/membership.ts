/**
 * The node's knowledge of its mesh: the charter and every member's latest descriptor. One object a node. It
 * holds nothing that it did not verify. Descriptors come as a list given at start; gossip will use `accept` too.
 */
import { DurableObject } from "cloudflare:workers";
import {
  checkDescriptors,
  checkMembers,
  CLOCK_SKEW_S,
  latestDescriptors,
  meshIdOf,
  nodeOf,
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
    // A mesh has one charter: the one that is held was verified before.
    const held = this.#store.charter();
    const error = held
      ? await checkDescriptors(held, members.descriptors, now)
      : await checkMembers(members.charter, members.descriptors, now);
    if (error) return error;
    // Dated ahead, a descriptor would outlive its lease.
    const early = members.descriptors.find(
      ({ descriptor }) => descriptor.issuedAt > now + CLOCK_SKEW_S * 1000,
    );
    if (early) return { code: "not-yet", node: nodeOf(early) };
    this.#store.merge(held ?? members.charter, latestDescriptors(members.descriptors));
    return undefined;
  }
}
