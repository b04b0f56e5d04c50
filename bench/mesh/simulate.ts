/** One simulated mesh from its first second to its last: gossip, repair and lookups under churn, seeded. */
import { seededRandom } from "../../examples/random.ts";
import { SLOTS, createPlacement, type NodeId } from "../../protocol/index.ts";
import { GossipSim, type SimNode } from "./gossip-sim.ts";
import { lookUp, type LookupFigures } from "./lookups.ts";
import { drawPopulation } from "./population.ts";
import { REPAIR_S, SAMPLE_SLOTS, SlotsSim } from "./slots-sim.ts";

const REPLICAS = 3;
const LOOKUPS_PER_MINUTE = 30;

export interface SimulationOptions {
  readonly nodes: number;
  readonly minutes: number;
  readonly churnPerHour: number;
  readonly seed: string;
  /** Size of a descriptor's JSON. */
  readonly descriptorBytes: number;
  readonly onProgress: (minute: number) => void;
}

/** What came of one simulation. Rates are of all nodes' own and answered messages, per live node and minute. */
export interface SimulationReport {
  readonly nodes: number;
  readonly minutes: number;
  readonly churnPerHour: number;
  readonly seed: string;
  readonly arrived: number;
  readonly departed: number;
  readonly lookups: number;
  /** Share of lookups that found their entry. */
  readonly found: number;
  /** Share of trees answered by a node that has all of their slot. */
  readonly treesAnswered: number;
  readonly lookupRequests: number;
  readonly gossip: { readonly messages: number; readonly bytes: number };
  /**
   * Of a mesh in which all 65,536 slots hold as much as those simulated. Messages at most: as if what a change leaves
   * to do in one slot were never sent together with that of others.
   */
  readonly repair: {
    readonly messages: number;
    readonly bytes: number;
    readonly entriesMoved: number;
  };
  /** Seconds until 99 % of the live nodes know a change. */
  readonly convergence: { readonly median: number; readonly p99: number; readonly max: number };
  /** The same of revocations, which are told at once. */
  readonly revocation: { readonly median: number; readonly max: number };
  /** Changes that 99 % did not know when the simulation ended. */
  readonly unfinished: number;
  /** Other nodes with which a node shares slots. */
  readonly partners: number;
  /** Slots of the node that holds most, over the mean. */
  readonly loadBalance: number;
}

export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { nodes, minutes, churnPerHour, seed, descriptorBytes } = options;
  const random = seededRandom(`mesh ${nodes} ${minutes} ${churnPerHour} ${seed}`);
  const seconds = minutes * 60;
  const population = drawPopulation({ nodes, seconds, churnPerHour }, random);
  let now = 0;
  const pokes: { node: SimNode; subject: SimNode }[] = [];
  const gossip: GossipSim = new GossipSim(population, descriptorBytes, random, (node, index) => {
    const subject = gossip.nodes[index];
    if (subject) pokes.push({ node, subject });
  });
  const slots = new SlotsSim(gossip.nodes, random);
  slots.fill();
  const lookups: LookupFigures = { lookups: 0, found: 0, trees: 0, treesAnswered: 0, requests: 0 };
  let nodeMinutes = 0;
  for (; now < seconds; now++) {
    gossip.step();
    for (const { node, subject } of pokes.splice(0)) slots.poke(node, subject, now);
    slots.step(now);
    nodeMinutes += gossip.alive / 60;
    if (now % 2 === 0 && LOOKUPS_PER_MINUTE > 0) {
      const alive = gossip.nodes.filter(({ isAlive }) => isAlive);
      await lookUp(slots, random.pick(alive), random.pick(slots.entries), random, lookups);
    }
    if (now % 60 === 59) options.onProgress((now + 1) / 60);
  }
  const { messages, bytes, convergence, revocations, unfinished } = gossip.figures;
  const perNodeMinute = (count: number): number => count / nodeMinutes;
  const scale = SLOTS / SAMPLE_SLOTS;
  const repair = slots.figures;
  const alive = gossip.nodes.filter(({ isAlive }) => isAlive);
  const held = slotsHeld(alive);
  return {
    nodes,
    minutes,
    churnPerHour,
    seed,
    arrived: population.filter(({ arrivesAt }) => arrivesAt > 0 && arrivesAt < seconds).length,
    departed: population.filter(({ departsAt }) => departsAt < seconds).length,
    lookups: lookups.lookups,
    found: lookups.found / lookups.lookups,
    treesAnswered: lookups.treesAnswered / lookups.trees,
    lookupRequests: lookups.requests / lookups.lookups,
    gossip: { messages: perNodeMinute(messages), bytes: perNodeMinute(bytes) },
    repair: {
      messages: perNodeMinute(repair.messages * scale) + (2 * 60 * held.partners) / REPAIR_S,
      bytes: perNodeMinute(repair.bytes * scale),
      entriesMoved: perNodeMinute(repair.entriesMoved * scale),
    },
    convergence: {
      median: quantile(convergence, 0.5),
      p99: quantile(convergence, 0.99),
      max: convergence.at(-1) ?? 0,
    },
    revocation: { median: quantile(revocations, 0.5), max: revocations.at(-1) ?? 0 },
    unfinished,
    partners: held.partners,
    loadBalance: held.mostOverMean,
  };
}

/** Over all slots, by the placement of the nodes that are alive at the end. */
function slotsHeld(alive: readonly SimNode[]): { mostOverMean: number; partners: number } {
  const placement = createPlacement(
    alive.map(({ node }) => ({ node, capacity: 1 })),
    REPLICAS,
  );
  const held = new Map<NodeId, number>();
  const partners = new Map<NodeId, Set<NodeId>>();
  for (let slot = 0; slot < SLOTS; slot++) {
    const replicas = placement.ranked(slot, REPLICAS);
    for (const node of replicas) {
      held.set(node, (held.get(node) ?? 0) + 1);
      const others = partners.get(node) ?? new Set();
      for (const other of replicas) others.add(other);
      partners.set(node, others);
    }
  }
  const mean = (SLOTS * Math.min(REPLICAS, alive.length)) / alive.length;
  // Everyone is in the sets of its own partners, itself too.
  const sum = [...partners.values()].reduce((total, { size }) => total + size - 1, 0);
  return { mostOverMean: Math.max(...held.values()) / mean, partners: sum / alive.length };
}

/** Of a sorted list; 0 of an empty one. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
