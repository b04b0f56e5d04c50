/** Nodes that repair as the shards do, without storage, signatures and network: the protocol's part alone. */
import { nodeIdSchema, type NodeId } from "../../../protocol/ids.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { createPlacement, type Placement } from "../../../protocol/placement/placement.ts";
import type { Item } from "../../../protocol/repair/digest.ts";
import { Holdings } from "../../../protocol/repair/holdings.ts";
import { ItemTable, newerItems } from "../../../protocol/repair/item-table.ts";
import { bytesFrom } from "../support/random.ts";

/** Few, so that walks over all of them are quick; as good as many for what is tested. */
export const MODEL_SLOTS = 24;

export const modelNode = (i: number): NodeId =>
  nodeIdSchema.parse(toBase64Url(bytesFrom(`model node ${i}`)));

export class ModelNode {
  readonly node: NodeId;
  readonly items = new ItemTable();
  readonly holdings: Holdings;
  isUp = true;

  constructor(node: NodeId) {
    this.node = node;
    this.holdings = new Holdings(node, { from: 0, to: MODEL_SLOTS });
  }
}

export class ModelMesh {
  readonly nodes = new Map<NodeId, ModelNode>();
  readonly replicas: number;
  placement: Placement;

  constructor(size: number, replicas: number) {
    this.replicas = replicas;
    this.placement = createPlacement([], replicas);
    this.place(new Map(Array.from({ length: size }, (_, i) => [modelNode(i), 1])));
    this.rounds(1);
  }

  /** A new membership, with capacities. Nodes learn of it in their next round. */
  place(capacities: ReadonlyMap<NodeId, number>): void {
    for (const node of capacities.keys()) {
      if (!this.nodes.has(node)) this.nodes.set(node, new ModelNode(node));
    }
    const placed = [...capacities].filter(([, capacity]) => capacity > 0);
    this.placement = createPlacement(
      placed.map(([node, capacity]) => ({ node, capacity })),
      this.replicas,
    );
  }

  /** What a publish does: the statement goes to those of `to` that are replicas of its slot. */
  publish(item: Item, slot: number, to: readonly NodeId[]): void {
    for (const node of to) this.#take(this.nodes.get(node), item, [slot]);
  }

  /** So many rounds of every node that is up. */
  rounds(count: number): void {
    for (let i = 0; i < count; i++) {
      for (const node of this.nodes.values()) if (node.isUp) this.round(node);
    }
  }

  /** One node's round, with the placement as it is now. */
  round(self: ModelNode): void {
    const { holdings, items } = self;
    holdings.adopt(this.placement, (slot) => items.countOf(slot) > 0);
    for (const [id, { shared, pending, handingOff }] of holdings.reconciliations("all")) {
      const peer = this.nodes.get(id);
      if (!peer?.isUp) continue;
      const pulled = new Set([...shared, ...pending]);
      for (const item of newerItems(items, peer.items.itemsIn(pulled))) {
        this.#take(self, item, slotsOfItem(peer.items, item));
      }
      for (const slot of pending) holdings.confirm(slot, id, peer.holdings.isComplete(slot));
      const handed = new Set(handingOff);
      for (const item of newerItems(peer.items, items.itemsIn(handed))) {
        this.#take(peer, item, slotsOfItem(items, item));
      }
      for (const slot of handingOff) holdings.acknowledge(slot, id);
    }
    holdings.endRound((node) => this.nodes.has(node));
    holdings.release();
    const stale = [...items.items()].filter(({ slots }) =>
      slots.every((slot) => holdings.stateOf(slot) === undefined),
    );
    for (const { key } of stale) items.delete(key);
  }

  #take(node: ModelNode | undefined, item: Item, slots: readonly number[]): void {
    if (node && newerItems(node.items, [item]).length > 0) node.items.set(item, slots);
  }
}

function slotsOfItem(items: ItemTable, item: Item): number[] {
  const found = [...items.items()].find(({ key }) => key.join() === item.key.join());
  return [...(found?.slots ?? [])];
}
