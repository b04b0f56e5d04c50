/** Choosing whom to ask: few nodes that together hold all wanted slots. */
import type { NodeId } from "../ids.ts";

export interface CoverChoice {
  /** Asked at no cost, so chosen wherever it holds a slot: the asker's own node. */
  readonly preferred?: NodeId | undefined;
  /** Not to be asked: they failed already. */
  readonly excluded?: ReadonlySet<NodeId>;
  /** In [0, 1): settles ties, so that load spreads over equal choices. */
  readonly random: () => number;
}

export interface Cover {
  readonly assignments: ReadonlyMap<NodeId, readonly number[]>;
  /** Slots of which every replica is excluded. */
  readonly uncovered: readonly number[];
}

/** Greedy set cover: within ln(slots) of the fewest nodes (Chvatal 1979), and optimal in nearly all small cases. */
export function coverSlots(
  slots: Iterable<number>,
  replicasOf: (slot: number) => readonly NodeId[],
  choice: CoverChoice,
): Cover {
  const holders = new Map<NodeId, Set<number>>();
  const open = new Set<number>();
  const uncovered: number[] = [];
  for (const slot of new Set(slots)) {
    const able = replicasOf(slot).filter((node) => !choice.excluded?.has(node));
    if (able.length === 0) uncovered.push(slot);
    else open.add(slot);
    for (const node of able) {
      const held = holders.get(node) ?? new Set();
      holders.set(node, held.add(slot));
    }
  }
  const assignments = new Map<NodeId, number[]>();
  const assign = (node: NodeId, taken: readonly number[]): void => {
    assignments.set(node, [...taken]);
    holders.delete(node);
    for (const slot of taken) {
      open.delete(slot);
      for (const held of holders.values()) held.delete(slot);
    }
  };
  const own = choice.preferred && holders.get(choice.preferred);
  if (choice.preferred && own) assign(choice.preferred, [...own]);
  while (open.size > 0) {
    let best: { node: NodeId; slots: ReadonlySet<number>; tie: number } | undefined;
    for (const [node, held] of holders) {
      const tie = choice.random();
      const gain = held.size - (best?.slots.size ?? 0);
      if (gain > 0 || (gain === 0 && best && tie > best.tie)) best = { node, slots: held, tie };
    }
    if (!best) break;
    assign(best.node, [...best.slots]);
  }
  return { assignments, uncovered };
}
