/**
 * Which nodes to ask for which trees next: the fewest that cover what no one was asked for, then more, until no
 * single node is believed alone for more than a few trees. Pure; the same for a first plan and for every later
 * one, after a node failed or was slow.
 */
import type { NodeId } from "../ids.ts";
import { bestOf, coverSlots } from "../placement/cover.ts";

/** Trees for which one other node is believed alone: one that lies, or lost what it held, costs 2 of 24. */
export const SOLE_TREES_MAX = 2;

/** A tree, and who may know what is in it. */
export interface WantedTree {
  readonly tree: number;
  /** Replicas of its slot that may be asked: neither asked already nor failed. */
  readonly holders: readonly NodeId[];
  /** Those asked, that have answered or still may. */
  readonly asked: readonly NodeId[];
  /** The own node was asked, and is believed alone. */
  readonly trusted: boolean;
}

export interface PlanOptions {
  /** Requests that may be planned; each asks one node. */
  readonly budget: number;
  /** Of these, what may not be spent on requests that only confirm. */
  readonly reserve: number;
  /** Nodes to leave out while a tree has others. */
  readonly isLeftOut: (node: NodeId) => boolean;
  /** Of equal choices the one of the lower rank is taken. */
  readonly rank?: (node: NodeId) => number;
  /** In [0, 1): settles what is still equal, so that load spreads. */
  readonly random: () => number;
}

export interface PlannedRequest {
  readonly node: NodeId;
  readonly trees: readonly number[];
  /** Sent only so that another node is not believed alone. */
  readonly confirms: boolean;
}

export interface Plan {
  /** The most useful first. */
  readonly requests: readonly PlannedRequest[];
  /** Trees that no one is asked for, although someone could be: the budget does not suffice. */
  readonly overBudget: readonly number[];
  /** Trees that no one is left to be asked for. */
  readonly unheld: readonly number[];
}

export function planRequests(wanted: readonly WantedTree[], options: PlanOptions): Plan {
  const trees = new Map(wanted.map((tree) => [tree.tree, tree]));
  const open = wanted.filter(({ asked, trusted }) => !trusted && asked.length === 0);
  const able = ({ holders }: WantedTree): readonly NodeId[] => {
    const healthy = holders.filter((node) => !options.isLeftOut(node));
    return healthy.length > 0 ? healthy : holders;
  };
  const cover = coverSlots(
    open.map(({ tree }) => tree),
    (tree) => able(trees.get(tree) ?? NO_TREE),
    { ...options, max: Math.max(0, options.budget) },
  );
  const planned = new Map([...cover.assignments].map(([node, taken]) => [node, new Set(taken)]));
  const covering = new Set(planned.keys());
  confirm(wanted, planned, options, options.budget - planned.size - options.reserve);
  return {
    requests: [...planned].map(([node, taken]) => ({
      node,
      trees: [...taken],
      confirms: !covering.has(node),
    })),
    overBudget: cover.overMax,
    unheld: cover.uncovered,
  };
}

/** Whether one node is alone in more than `SOLE_TREES_MAX` trees. */
export function isBelievedAlone(wanted: readonly WantedTree[]): boolean {
  return [...aloneIn(wanted, new Map()).values()].some(({ length }) => length > SOLE_TREES_MAX);
}

/** Adds to `planned` until no node is alone in more than `SOLE_TREES_MAX` trees, or no one and nothing is left. */
function confirm(
  wanted: readonly WantedTree[],
  planned: Map<NodeId, Set<number>>,
  options: PlanOptions,
  budget: number,
): void {
  let left = budget;
  for (;;) {
    const lonely = [...aloneIn(wanted, planned).values()].filter(
      (alone) => alone.length > SOLE_TREES_MAX,
    );
    const helpers = helpersOf(lonely, options);
    // A tree more in a request that is sent anyway costs little; another request counts.
    const helper =
      bestOf(
        helpers.filter(({ node }) => planned.has(node)),
        options,
      ) ?? (left > 0 ? bestOf(helpers, options) : undefined);
    if (!helper) return;
    const taken = planned.get(helper.node);
    if (!taken) left -= 1;
    planned.set(helper.node, new Set([...(taken ?? []), ...helper.trees]));
  }
}

/** By node, the trees for which it alone is asked. */
function aloneIn(
  wanted: readonly WantedTree[],
  planned: ReadonlyMap<NodeId, ReadonlySet<number>>,
): Map<NodeId, WantedTree[]> {
  const alone = new Map<NodeId, WantedTree[]>();
  for (const tree of wanted) {
    if (tree.trusted) continue;
    const asked = new Set(tree.asked);
    for (const [node, taken] of planned) if (taken.has(tree.tree)) asked.add(node);
    const [only] = asked;
    if (only === undefined || asked.size > 1) continue;
    const rest = tree.holders.filter((node) => node !== only);
    alone.set(only, [...(alone.get(only) ?? []), { ...tree, holders: rest }]);
  }
  return alone;
}

interface Helper {
  readonly node: NodeId;
  /** All that it can confirm. */
  readonly trees: readonly number[];
  /** How far it brings lonely nodes down to their limit. */
  readonly gain: number;
}

function helpersOf(lonely: readonly (readonly WantedTree[])[], options: PlanOptions): Helper[] {
  const nodes = new Set(lonely.flatMap((alone) => alone.flatMap(({ holders }) => holders)));
  return [...nodes]
    .filter((node) => !options.isLeftOut(node))
    .map((node) => {
      const held = lonely.map((alone) => alone.filter(({ holders }) => holders.includes(node)));
      const gains = held.map((trees, i) =>
        Math.min(trees.length, (lonely[i]?.length ?? 0) - SOLE_TREES_MAX),
      );
      return {
        node,
        trees: held.flat().map(({ tree }) => tree),
        gain: gains.reduce((sum, gain) => sum + gain, 0),
      };
    });
}

const NO_TREE: WantedTree = { tree: -1, holders: [], asked: [], trusted: false };
