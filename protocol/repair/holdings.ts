/**
 * Which slots of a range a node holds, and in what state: a pure state machine that placements, comparisons with
 * other replicas and their acknowledgements drive. What is in the slots, and how to talk to others, is not its
 * concern.
 *
 * held: a replica that has all that was acknowledged. pending: a replica of late, that may lack something.
 * handing off: a replica no more, that keeps the slot until every replica acknowledged what is in it.
 */
import type { NodeId } from "../ids.ts";
import type { Placement } from "../placement/placement.ts";

export type SlotState = "held" | "pending" | "handing-off";

/**
 * A slot is pending at most for so many rounds, for which the others could not be reached: a mesh that lost them
 * must not wait for them for ever. With pauses that double from a second, half a minute.
 */
export const PENDING_ROUNDS_MAX = 5;

interface PendingSlot {
  /** Who held it before, where that is known. */
  readonly former: readonly NodeId[] | undefined;
  /** Those that had all of it, and whose statements are here now. */
  readonly confirmedBy: NodeId[];
  /** Everyone whose statements are here now, be they complete or not. */
  readonly compared: NodeId[];
  rounds: number;
  /** Whom to compare with by the present placement, once that was asked for. */
  likely?: readonly NodeId[];
  possible?: readonly NodeId[];
}

interface HandedSlot {
  readonly wasPending: boolean;
  acknowledgedBy: NodeId[];
}

/** What is to be done with one other node. */
export interface Reconciliation {
  /** Slots of which both are replicas. */
  shared: readonly number[];
  /** Pending slots that it may have held before. */
  pending: readonly number[];
  /** Slots to hand off to it. */
  handingOff: readonly number[];
}

/** What a placement changed. */
export interface HoldingsChange {
  readonly gained: readonly number[];
  readonly lost: readonly number[];
}

/** As it is stored. */
export interface HoldingsState {
  /** Of the placement that it follows. */
  readonly placement: string;
  readonly own: readonly number[];
  /** Also those that were pending when they began to be handed off. */
  readonly pending: readonly number[];
  readonly handingOff: readonly number[];
}

export interface SlotRange {
  /** First slot. */
  readonly from: number;
  /** First slot after it. */
  readonly to: number;
}

export class Holdings {
  readonly #self: NodeId;
  readonly #range: SlotRange;
  #version = "";
  /** Known only since this object was made. */
  #placement: Placement | undefined;
  #own: ReadonlySet<number> = new Set();
  readonly #pending = new Map<number, PendingSlot>();
  readonly #handed = new Map<number, HandedSlot>();
  #shared: ReadonlyMap<NodeId, readonly number[]> | undefined;

  constructor(self: NodeId, range: SlotRange, stored?: HoldingsState) {
    this.#self = self;
    this.#range = range;
    if (!stored) return;
    this.#version = stored.placement;
    this.#own = new Set(stored.own);
    const pending = new Set(stored.pending);
    for (const slot of stored.handingOff) {
      this.#handed.set(slot, { wasPending: pending.delete(slot), acknowledgedBy: [] });
    }
    for (const slot of pending) this.#pending.set(slot, newlyPending(undefined));
  }

  /** Version of the placement that this follows; empty before there was one. */
  get version(): string {
    return this.#version;
  }

  get counts(): { readonly held: number; readonly pending: number; readonly handingOff: number } {
    const pending = this.#pending.size;
    return { held: this.#own.size - pending, pending, handingOff: this.#handed.size };
  }

  get state(): HoldingsState {
    return {
      placement: this.#version,
      own: [...this.#own],
      pending: [
        ...this.#pending.keys(),
        ...[...this.#handed].flatMap(([slot, { wasPending }]) => (wasPending ? [slot] : [])),
      ],
      handingOff: [...this.#handed.keys()],
    };
  }

  /** Undefined for a slot that is not kept here. */
  stateOf(slot: number): SlotState | undefined {
    if (this.#pending.has(slot)) return "pending";
    if (this.#own.has(slot)) return "held";
    return this.#handed.has(slot) ? "handing-off" : undefined;
  }

  /** True for a slot that has here all that was acknowledged before it came, or was left. */
  isComplete(slot: number): boolean {
    const handed = this.#handed.get(slot);
    if (handed) return !handed.wasPending;
    return this.#own.has(slot) && !this.#pending.has(slot);
  }

  /** Follows a placement. `isOccupied` says of which slots something is held: only that is handed off. */
  adopt(placement: Placement, isOccupied: (slot: number) => boolean): HoldingsChange {
    const previous = this.#placement;
    this.#placement = placement;
    if (placement.version === this.#version) return { gained: [], lost: [] };
    this.#version = placement.version;
    this.#shared = undefined;
    const own = new Set<number>();
    for (let slot = this.#range.from; slot < this.#range.to; slot++) {
      if (placement.holds(this.#self, slot)) own.add(slot);
    }
    const gained = [...own].filter((slot) => !this.#own.has(slot));
    const lost = [...this.#own].filter((slot) => !own.has(slot));
    this.#own = own;
    for (const handed of this.#handed.values()) handed.acknowledgedBy = [];
    for (const pending of this.#pending.values()) {
      delete pending.likely;
      delete pending.possible;
    }
    for (const slot of lost) {
      const wasPending = this.#pending.delete(slot);
      if (isOccupied(slot)) this.#handed.set(slot, { wasPending, acknowledgedBy: [] });
    }
    for (const slot of gained) {
      this.#handed.delete(slot);
      this.#pending.set(slot, newlyPending(previous?.replicasOf(slot)));
    }
    return { gained, lost };
  }

  /** Takes over slots that this very node held in another place, in their states there. */
  inherit(state: Pick<HoldingsState, "own" | "pending">): void {
    const pending = new Set(state.pending);
    for (const slot of state.own) if (!pending.has(slot)) this.#pending.delete(slot);
  }

  /** With whom to reconcile what: all that is shared, or only what a change of placement left to do. */
  reconciliations(scope: "all" | "changes"): Map<NodeId, Reconciliation> {
    const plan = new Map<
      NodeId,
      { shared: readonly number[]; pending: number[]; handingOff: number[] }
    >();
    if (scope === "all") {
      for (const [node, shared] of this.#partners()) {
        plan.set(node, { shared, pending: [], handingOff: [] });
      }
    }
    const add = (node: NodeId, what: "pending" | "handingOff", slot: number): void => {
      const known = plan.get(node) ?? { shared: [], pending: [], handingOff: [] };
      known[what].push(slot);
      plan.set(node, known);
    };
    for (const [slot, pending] of this.#pending) {
      for (const node of this.#candidates(slot, pending)) add(node, "pending", slot);
    }
    for (const [slot, { acknowledgedBy }] of this.#handed) {
      for (const node of this.#placement?.replicasOf(slot) ?? []) {
        if (!acknowledgedBy.includes(node)) add(node, "handingOff", slot);
      }
    }
    return plan;
  }

  /** The slots of which `node` is a replica as well. */
  sharedWith(node: NodeId): readonly number[] {
    return this.#partners().get(node) ?? [];
  }

  /** All that `node` has in `slot` is here now. `isComplete`: it has all that was acknowledged. */
  confirm(slot: number, node: NodeId, isComplete: boolean): void {
    const pending = this.#pending.get(slot);
    if (!pending) return;
    if (!pending.compared.includes(node)) pending.compared.push(node);
    if (isComplete && !pending.confirmedBy.includes(node)) pending.confirmedBy.push(node);
  }

  /** All that is here in `slot` is at `node` now. */
  acknowledge(slot: number, node: NodeId): void {
    const handed = this.#handed.get(slot);
    if (handed && !handed.acknowledgedBy.includes(node)) handed.acknowledgedBy.push(node);
  }

  /** A round with everyone is over: returns the slots that are pending no more. `isLive` says who is a member. */
  endRound(isLive: (node: NodeId) => boolean): number[] {
    const done: number[] = [];
    for (const [slot, pending] of this.#pending) {
      pending.rounds += 1;
      const isDone =
        pending.confirmedBy.length >= this.#confirmationsNeeded(slot) ||
        pending.rounds >= PENDING_ROUNDS_MAX ||
        // Where it is known who held it before, only they were asked in the first round.
        ((pending.rounds > 1 || pending.former === undefined) &&
          this.#candidates(slot, pending).every(
            (node) => pending.compared.includes(node) || !isLive(node),
          ));
      if (isDone) done.push(slot);
    }
    for (const slot of done) this.#pending.delete(slot);
    return done;
  }

  /** Lets go of the slots that every replica acknowledged, and returns them. */
  release(): number[] {
    const released: number[] = [];
    for (const [slot, { acknowledgedBy }] of this.#handed) {
      const replicas = this.#placement?.replicasOf(slot) ?? [];
      const isKept = replicas.length > 0 && replicas.every((node) => acknowledgedBy.includes(node));
      if (isKept) released.push(slot);
    }
    for (const slot of released) this.#handed.delete(slot);
    return released;
  }

  /** Any so many of R hold one of any majority of R. */
  #confirmationsNeeded(slot: number): number {
    const replicas = this.#placement?.replicasOf(slot).length ?? 1;
    return Math.max(1, replicas - Math.floor(replicas / 2));
  }

  /** First those that surely held the slot; from the second round on, or where they are not known, those that might have. */
  #candidates(slot: number, pending: PendingSlot): readonly NodeId[] {
    const placement = this.#placement;
    if (!placement) return [];
    const others = (nodes: readonly NodeId[]): NodeId[] =>
      [...new Set(nodes)].filter((node) => node !== this.#self);
    pending.likely ??= others([...placement.replicasOf(slot), ...(pending.former ?? [])]);
    if (pending.former && pending.rounds === 0) return pending.likely;
    pending.possible ??= others([
      ...pending.likely,
      ...placement.ranked(slot, 2 * placement.replicas),
    ]);
    return pending.possible;
  }

  #partners(): ReadonlyMap<NodeId, readonly number[]> {
    if (this.#shared) return this.#shared;
    const partners = new Map<NodeId, number[]>();
    for (const slot of this.#own) {
      for (const node of this.#placement?.replicasOf(slot) ?? []) {
        if (node === this.#self) continue;
        const slots = partners.get(node);
        if (slots) slots.push(slot);
        else partners.set(node, [slot]);
      }
    }
    return (this.#shared = partners);
  }
}

function newlyPending(former: readonly NodeId[] | undefined): PendingSlot {
  return { former, confirmedBy: [], compared: [], rounds: 0 };
}
