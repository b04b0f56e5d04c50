/** Lookups in the simulated mesh: the protocol's own plan and retries, each node answering by its own view. */
import type { Random } from "../../examples/random.ts";
import {
  PeerHealth,
  lookupBudget,
  runLookup,
  type LookupOutcome,
  type NodeId,
} from "../../protocol/index.ts";
import type { SimNode } from "./gossip-sim.ts";
import type { SimEntry, SlotsSim } from "./slots-sim.ts";

/** As a node's defaults have it. */
const REQUESTS = 50;
const MAX_ORIGINS = 24;

export interface LookupFigures {
  lookups: number;
  /** Those that found the entry looked for. */
  found: number;
  trees: number;
  /** Trees answered by a node that has all of their slot. */
  treesAnswered: number;
  /** To other nodes. */
  requests: number;
}

/** Looks for `entry` as one of the live nodes, and adds what came of it. */
export async function lookUp(
  slots: SlotsSim,
  asker: SimNode,
  entry: SimEntry,
  random: Random,
  figures: LookupFigures,
): Promise<void> {
  const slotOf = (tree: number): number => entry.slots[tree] ?? 0;
  const answer = async (
    id: NodeId,
    trees: readonly number[],
  ): Promise<LookupOutcome<{ readonly isFound: boolean }>> => {
    const keeper = slots.keeper(id);
    if (!keeper?.node.isAlive) return { ok: false, code: "unreachable" };
    if (trees.some((tree) => keeper.holdings.stateOf(slotOf(tree)) === undefined)) {
      for (const tree of trees) teach(slots, asker, keeper.node, slotOf(tree));
      return { ok: false, code: "misdirected" };
    }
    const asked = keeper.items.itemsIn(new Set(trees.map(slotOf)));
    return {
      ok: true,
      answer: { isFound: [...asked].some(({ seq }) => seq === entry.item.seq) },
      pending: trees.filter((tree) => keeper.holdings.stateOf(slotOf(tree)) === "pending"),
    };
  };
  const report = await runLookup({
    slots: new Map(entry.slots.entries()),
    replicasOf: (slot) => slots.replicasOf(asker, slot),
    own: asker.node,
    budget: lookupBudget(REQUESTS, MAX_ORIGINS),
    deadline: 1000,
    health: new PeerHealth(),
    now: () => 0,
    // Everyone answers at once: nothing is waited for.
    sleep: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve());
      }),
    random: () => random.unit(),
    askOwn: (trees) => answer(asker.node, trees),
    askPeer: (node, trees) => answer(node, trees),
  });
  figures.lookups += 1;
  figures.found += report.answers.some(({ answer: { isFound } }) => isFound) ? 1 : 0;
  figures.trees += entry.slots.length;
  figures.treesAnswered += report.treesAnswered.size;
  figures.requests += report.requests;
}

/** What a misdirected asker is told: who, in the answerer's view, holds the slot. */
function teach(slots: SlotsSim, asker: SimNode, answerer: SimNode, slot: number): void {
  const replicas = new Set(slots.replicasOf(answerer, slot));
  for (const { node, index } of slots.candidates(slot)) {
    const number = answerer.knowledge.numberOf(index);
    if (replicas.has(node) && number !== undefined) asker.knowledge.merge(number);
  }
}
