/** Choosing whom to ask: few nodes that together hold all wanted slots. */
import type { NodeId } from "../ids.ts";

export interface CoverChoice {
  /** Asked at no cost, so chosen wherever it holds a slot: the asker's own node. */
  readonly preferred?: NodeId | undefined;
  /** Not to be asked: they failed already. */
  readonly excluded?: ReadonlySet<NodeId>;
  /** Of equal choices the one of the lower rank is taken. */
  readonly rank?: (node: NodeId) => number;
  /** The most nodes to choose beside the preferred one. */
  readonly max?: number;
  /** In [0, 1): settles what is still equal, so that load spreads. */
  readonly random: () => number;
}

export interface Cover {
  /** In the order of choosing: the preferred node, then the one that covers most. */
  readonly assignments: ReadonlyMap<NodeId, readonly number[]>;
  /** Slots of which every replica is excluded. */
  readonly uncovered: readonly number[];
  /** Slots that more than `max` nodes would be needed for. */
  readonly overMax: readonly number[];
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
  const max = choice.max ?? Infinity;
  for (let chosen = 0; chosen < max && open.size > 0; chosen++) {
    const best = bestOf(
      [...holders].map(([node, held]) => ({ node, gain: held.size, taken: held })),
      choice,
    );
    if (!best) break;
    assign(best.node, [...best.taken]);
  }
  return { assignments, uncovered, overMax: [...open] };
}

/** The option that gains most; of equal ones that of the lowest rank; of these any. Undefined where none gains. */
export function bestOf<T extends { readonly node: NodeId; readonly gain: number }>(
  options: Iterable<T>,
  { rank = unranked, random }: Pick<CoverChoice, "rank" | "random">,
): T | undefined {
  let best: { option: T; rank: number; tie: number } | undefined;
  for (const option of options) {
    const entrant = { option, rank: rank(option.node), tie: random() };
    const order = best
      ? option.gain - best.option.gain || best.rank - entrant.rank || entrant.tie - best.tie
      : option.gain;
    if (order > 0) best = entrant;
  }
  return best?.option;
}

const unranked = (): number => 0;
