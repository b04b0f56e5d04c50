/** What a lookup needs to be carried out, and what it says afterwards. */
import type { NodeId } from "../ids.ts";
import type { PeerHealth } from "./peer-health.ts";

export interface LookupTask<A> {
  /** The slot of every tree to look in. */
  readonly slots: ReadonlyMap<number, number>;
  /** The nodes that hold a slot, by the newest view: asked anew before every decision. */
  readonly replicasOf: (slot: number) => readonly NodeId[];
  readonly own: NodeId;
  /** Requests to other nodes. */
  readonly budget: number;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly health: PeerHealth;
  readonly now: () => number;
  /** Resolves after so many milliseconds, or once `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Looks in the own node's trees. Never rejects. */
  readonly askOwn: (trees: readonly number[]) => Promise<LookupOutcome<A>>;
  /** Asks another node. Never rejects. */
  readonly askPeer: (
    node: NodeId,
    trees: readonly number[],
    limits: AskLimits,
  ) => Promise<LookupOutcome<A>>;
}

export interface AskLimits {
  readonly timeoutMs: number;
  /** Aborts when the answer is no longer wanted. */
  readonly signal: AbortSignal;
}

/** How one node answered. */
export type LookupOutcome<A> =
  | {
      readonly ok: true;
      readonly answer: A;
      /** Trees of which it may not have all entries yet: not answered by it, although what it has is used. */
      readonly pending: readonly number[];
    }
  | {
      readonly ok: false;
      /** `misdirected`: it does not hold what it was asked for, and the view was brought up to date since. */
      readonly code: string;
    };

export interface NodeAnswer<A> {
  readonly node: NodeId;
  /** All that it was asked for, and what of it was pending. */
  readonly trees: readonly number[];
  readonly pending: readonly number[];
  readonly answer: A;
}

export interface LookupReport<A> {
  /** In the order in which they came. */
  readonly answers: readonly NodeAnswer<A>[];
  readonly treesAnswered: ReadonlySet<number>;
  /** Trees not answered because the budget did not suffice to ask for them. */
  readonly overBudget: ReadonlySet<number>;
  /** To other nodes; those that follow included. */
  readonly requests: number;
  /** Sent because another node took too long. */
  readonly hedged: number;
  /** Sent so that another node is not believed alone. */
  readonly confirmations: number;
}
