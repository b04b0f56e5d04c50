/**
 * The node's knowledge of its mesh: the charter and every statement about its members that counts. One object a
 * node. It holds nothing that it did not verify.
 */
import { DurableObject } from "cloudflare:workers";
import {
  MembershipState,
  meshIdOf,
  nodeIdOf,
  subjectOf,
  verifyCharter,
  verifyStatements,
  type Charter,
  type Members,
  type MeshId,
  type NodeId,
  type Statement,
  type StatementRefusal,
} from "../protocol/index.ts";
import type { Env } from "./env.ts";
import { MembershipStore } from "./membership-store.ts";

export type AcceptError =
  | { readonly code: "wrong-mesh" | "bad-charter" }
  | { readonly code: StatementRefusal; readonly node: NodeId };

/** What is known, for one who knows what was known at `digest`: nothing where that is all. */
export interface MembersSince {
  readonly digest: string;
  readonly members?: Members;
}

export class Membership extends DurableObject<Env> {
  readonly #store: MembershipStore;
  /** As stored; undefined before the first `accept`. */
  #state: MembershipState | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new MembershipStore(ctx.storage);
    const charter = this.#store.charter();
    if (charter) this.#state = new MembershipState(charter, this.#store.statements());
  }

  /** What is known; undefined before the first `accept`. */
  async members(): Promise<Members | undefined> {
    const state = this.#state;
    return state && { charter: state.charter, statements: state.statements() };
  }

  /** What is known, if it is something else than at `digest`; undefined before the first `accept`. */
  async membersSince(digest: string | undefined): Promise<MembersSince | undefined> {
    const state = this.#state;
    if (!state) return undefined;
    const current = `${state.size}/${state.digest()}`;
    if (current === digest) return { digest };
    return {
      digest: current,
      members: { charter: state.charter, statements: state.statements() },
    };
  }

  /**
   * Verifies and keeps what the operator gives: all or nothing, so that a mistake shows. What is known here
   * already, or better, and what is long over, is passed over in silence.
   */
  async accept(mesh: MeshId, members: Members, now: number): Promise<AcceptError | undefined> {
    if (meshIdOf(members.charter.charter) !== mesh) return { code: "wrong-mesh" };
    // A mesh has one charter: the one that is held was verified before.
    const state = this.#state ?? (await verifiedState(members.charter));
    if (!state) return { code: "bad-charter" };
    const { good, refused } = await verifyStatements(state, members.statements, now);
    const first = refused.find(({ code }) => code !== "expired");
    if (first) return { code: first.code, node: nodeIdOf(subjectOf(first.statement)) };
    if (!this.#state) {
      this.#store.putCharter(members.charter);
      this.#state = state;
    }
    this.#merge(good);
    return undefined;
  }

  #merge(statements: readonly Statement[]): void {
    const changed = this.#state?.merge(statements) ?? [];
    if (changed.length > 0) this.#store.put(changed);
  }
}

async function verifiedState(charter: Charter): Promise<MembershipState | undefined> {
  return (await verifyCharter(charter)) ? new MembershipState(charter) : undefined;
}
