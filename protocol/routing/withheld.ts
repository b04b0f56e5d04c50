/**
 * Who withheld what: a node that was asked for a tree must know the entries whose root key there is the query's.
 * Entries prove themselves, so what one node returned shows what another left out.
 */
import { MISSING } from "../features/index.ts";
import type { NodeId } from "../ids.ts";
import type { RoutingPlan } from "../signature/plan.ts";

/** An origin whose entry was verified. */
export interface ProvenEntry {
  readonly node: NodeId;
  readonly estimate: number;
  readonly signature: Uint8Array;
}

/** What one node returned. */
export interface LookupAnswer {
  readonly node: NodeId;
  readonly trees: readonly number[];
  readonly pending: readonly number[];
  /** Entries that it says it compared. */
  readonly scanned: number;
  /** The estimates of the origins with an entry that may be real, by origin. */
  readonly origins: ReadonlyMap<NodeId, number>;
}

export interface WithheldQuery {
  readonly plan: RoutingPlan;
  readonly signature: Uint8Array;
  /** How many origins each node was asked for. */
  readonly limit: number;
}

/** Nodes may add up an estimate in another order: what differs by less was the same to whoever ranked it. */
const ROUNDING = 1e-9;

/**
 * The nodes whose answers lack a proven origin for which they had room. Sound for nodes that hold what they
 * should, but not complete: a node that says it compared as many entries as it must may have come to others.
 */
export function withholders(
  answers: readonly LookupAnswer[],
  proven: readonly ProvenEntry[],
  query: WithheldQuery,
): Set<NodeId> {
  const lacking = answers.filter((answer) =>
    proven.some((entry) => isWithheld(entry, answer, query)),
  );
  return new Set(lacking.map(({ node }) => node));
}

function isWithheld(
  entry: ProvenEntry,
  { trees, pending, scanned, origins }: LookupAnswer,
  { plan, signature, limit }: WithheldQuery,
): boolean {
  if (origins.has(entry.node)) return false;
  const worst = Math.min(...origins.values());
  const hadRoom = origins.size < limit || entry.estimate > worst + ROUNDING;
  const sawAll = scanned < plan.candidates || origins.size === 0;
  return (
    hadRoom &&
    sawAll &&
    trees.some(
      (tree) => !pending.includes(tree) && haveSameRoot(plan, entry.signature, signature, tree),
    )
  );
}

function haveSameRoot(plan: RoutingPlan, a: Uint8Array, b: Uint8Array, tree: number): boolean {
  const order = plan.orders[tree];
  for (let depth = 0; depth < plan.rootDepth; depth++) {
    const at = order?.[depth] ?? 0;
    if (a[at] === MISSING || a[at] !== b[at]) return false;
  }
  return true;
}
