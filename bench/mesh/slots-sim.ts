/**
 * Placement and repair in simulated time, on a sample of slots: who may ever hold one of them is known from the
 * ranking of all nodes, so only these few follow it. Each follows its own view, with the protocol's state machine.
 */
import type { Random } from "../../examples/random.ts";
import {
  createPlacement,
  equalDigests,
  EMPTY_DIGEST,
  Holdings,
  ItemTable,
  newerItems,
  type Item,
  type NodeId,
  type Placement,
} from "../../protocol/index.ts";
import type { SimNode } from "./gossip-sim.ts";

/** Slots simulated, of 65,536. */
export const SAMPLE_SLOTS = 128;
export const TREES = 24;
const REPLICAS = 3;
/** How far down a slot's ranking anyone looks. */
const RANKED = 40;
const ENTRIES = 200;
/** The node's defaults: a slow timer, and soon after a change. */
export const REPAIR_S = 600;
const POKE_S = 2;
const SLOT_DIGEST_BYTES = 12;
const ITEM_BYTES = 40;
/** An entry of 128 symbols as base64url. */
const ENTRY_BYTES = 370;

export interface SimEntry {
  readonly item: Item;
  /** Of each tree. */
  readonly slots: readonly number[];
}

export interface SlotKeeper {
  readonly node: SimNode;
  readonly holdings: Holdings;
  readonly items: ItemTable;
  nextRepairAt: number;
  /** When it compares all that it holds, and not only what is on its way. */
  nextFullAt: number;
}

export interface RepairFigures {
  /** Within the sample: those because of a change, and what is in all bodies. */
  readonly messages: number;
  readonly bytes: number;
  readonly entriesMoved: number;
}

export class SlotsSim {
  readonly entries: readonly SimEntry[];
  readonly #keepers = new Map<NodeId, SlotKeeper>();
  readonly #ranking: readonly (readonly SimNode[])[];
  readonly #random: Random;
  #messages = 0;
  #bytes = 0;
  #moved = 0;

  constructor(nodes: readonly SimNode[], random: Random) {
    this.#random = random;
    const byId = new Map(nodes.map((node) => [node.node, node]));
    const everyone = createPlacement(
      nodes.map(({ node }) => ({ node, capacity: 1 })),
      REPLICAS,
    );
    this.#ranking = Array.from({ length: SAMPLE_SLOTS }, (_, slot) =>
      everyone.ranked(slot, RANKED).flatMap((id) => byId.get(id) ?? []),
    );
    for (const node of new Set(this.#ranking.flat())) {
      this.#keepers.set(node.node, {
        node,
        holdings: new Holdings(node.node, { from: 0, to: SAMPLE_SLOTS }),
        items: new ItemTable(),
        nextRepairAt: Infinity,
        nextFullAt: random.unit() * REPAIR_S,
      });
    }
    this.entries = Array.from({ length: ENTRIES }, (_, i) => ({
      item: { key: Uint8Array.from({ length: 16 }, () => random.below(256)), epoch: 0, seq: i },
      slots: Array.from({ length: TREES }, () => random.below(SAMPLE_SLOTS)),
    }));
  }

  get figures(): RepairFigures {
    return { messages: this.#messages, bytes: this.#bytes, entriesMoved: this.#moved };
  }

  /** Puts every entry where the first members' placement has it. */
  fill(): void {
    for (const keeper of this.#keepers.values()) {
      if (!keeper.node.isAlive) continue;
      this.#adopt(keeper);
      // A mesh that begins has nothing to wait for.
      while (keeper.holdings.counts.pending > 0) keeper.holdings.endRound(() => false);
    }
    for (const { item, slots } of this.entries) {
      for (const keeper of this.#keepers.values()) {
        const own = slots.filter((slot) => keeper.holdings.stateOf(slot) !== undefined);
        if (own.length > 0) keeper.items.set(item, own);
      }
    }
  }

  keeper(node: NodeId): SlotKeeper | undefined {
    return this.#keepers.get(node);
  }

  /** The nodes that hold `slot` as `viewer` sees it. */
  replicasOf(viewer: SimNode, slot: number): readonly NodeId[] {
    return this.#ranked(viewer, slot).slice(0, REPLICAS);
  }

  /** The first of the ranking of all nodes ever: those whose knowledge of each other decides who holds `slot`. */
  candidates(slot: number): readonly SimNode[] {
    return this.#ranking[slot] ?? [];
  }

  /** `node` learned something of `subject`: if both may hold a slot of the sample, it looks soon. */
  poke(node: SimNode, subject: SimNode, now: number): void {
    const keeper = this.#keepers.get(node.node);
    if (!keeper || !this.#keepers.has(subject.node)) return;
    keeper.nextRepairAt = Math.min(keeper.nextRepairAt, now + POKE_S * this.#random.unit());
  }

  /** Runs the repair rounds that are due. */
  step(now: number): void {
    for (const keeper of this.#keepers.values()) {
      const isFull = keeper.nextFullAt <= now;
      if (!keeper.node.isAlive || (!isFull && keeper.nextRepairAt > now)) continue;
      if (isFull) keeper.nextFullAt = now + REPAIR_S * (0.9 + 0.2 * this.#random.unit());
      this.#repair(keeper, isFull);
      const { pending, handingOff } = keeper.holdings.counts;
      keeper.nextRepairAt = pending + handingOff > 0 ? now + POKE_S : Infinity;
    }
  }

  #repair(keeper: SlotKeeper, isFull: boolean): void {
    const { holdings, items } = keeper;
    this.#adopt(keeper);
    const plan = holdings.reconciliations(isFull ? "all" : "changes");
    for (const [id, { shared, pending, handingOff }] of plan) {
      const slots = [...new Set([...shared, ...pending])];
      this.#bytes += SLOT_DIGEST_BYTES * (slots.length + handingOff.length);
      // A routine comparison covers all that two nodes share: its messages do not grow with the slots.
      if (pending.length + handingOff.length > 0) this.#messages += 2;
      const other = this.#keepers.get(id);
      if (!other?.node.isAlive) continue;
      for (const slot of slots) {
        if (other.holdings.stateOf(slot) === undefined) continue;
        this.#copy(other, keeper, slot);
        holdings.confirm(slot, id, other.holdings.isComplete(slot));
      }
      for (const slot of handingOff) {
        const state = other.holdings.stateOf(slot);
        if (state !== "held" && state !== "pending") continue;
        this.#copy(keeper, other, slot);
        holdings.acknowledge(slot, id);
      }
    }
    holdings.endRound((id) => this.#sees(keeper.node, this.#keepers.get(id)?.node));
    const released = new Set(holdings.release());
    if (released.size === 0) return;
    const kept = [...items.items()].filter(({ slots }) =>
      [...slots].some((slot) => released.has(slot)),
    );
    for (const item of kept) {
      items.delete(item.key);
      const left = [...item.slots].filter((slot) => holdings.stateOf(slot) !== undefined);
      if (left.length > 0) items.set(item, left);
    }
  }

  /** What `to` lacks of a slot. */
  #copy(from: SlotKeeper, to: SlotKeeper, slot: number): void {
    const digest = (table: ItemTable) => table.digestOf(slot) ?? EMPTY_DIGEST;
    if (equalDigests(digest(from.items), digest(to.items))) return;
    const theirs = [...from.items.itemsIn(new Set([slot]))];
    this.#bytes += ITEM_BYTES * theirs.length;
    const inSlot = new Map([...to.items.itemsIn(new Set([slot]))].map((i) => [i.seq, i]));
    const lacking = theirs.filter(({ seq }) => !inSlot.has(seq));
    const news = newerItems(to.items, theirs).length;
    this.#bytes += ENTRY_BYTES * news;
    this.#moved += news;
    for (const item of lacking) {
      const known = [...to.items.items()].find(({ seq }) => seq === item.seq);
      to.items.delete(item.key);
      to.items.set(item, [...(known?.slots ?? []), slot]);
    }
  }

  #adopt({ node, holdings, items }: SlotKeeper): void {
    holdings.adopt(this.#placementOf(node), (slot) => items.countOf(slot) > 0);
  }

  /** Over the sample, what `createPlacement` gives for the nodes that `viewer` takes for live. */
  #placementOf(viewer: SimNode): Placement {
    const ranked = Array.from({ length: SAMPLE_SLOTS }, (_, slot) => this.#ranked(viewer, slot));
    const first = ranked.map((list) => list.slice(0, REPLICAS));
    return {
      replicas: REPLICAS,
      version: first.map((list) => list.join()).join(";"),
      replicasOf: (slot) => first[slot] ?? [],
      ranked: (slot, count) => (ranked[slot] ?? []).slice(0, count),
      holds: (id, slot) => (first[slot] ?? []).includes(id),
    };
  }

  #ranked(viewer: SimNode, slot: number): NodeId[] {
    return this.candidates(slot)
      .filter((node) => viewer.knowledge.of(node.index)?.isPlaced === true)
      .map(({ node }) => node);
  }

  #sees(viewer: SimNode, node: SimNode | undefined): boolean {
    return node !== undefined && viewer.knowledge.of(node.index)?.isLive === true;
  }
}
