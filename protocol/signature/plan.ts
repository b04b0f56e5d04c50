/**
 * What routing needs to know of a domain, without its ontologies: whose each symbol is, what it
 * weighs, and the order in which each tree reads the symbols. From the domain id alone, also where the domain is
 * keyed: whoever routes needs no secret.
 */
import { fromBase64Url } from "../bytes.ts";
import type { Domain } from "../domain/schema.ts";
import type { DomainId } from "../ids.ts";
import { prfPermutation } from "../prf.ts";
import { retentionOf } from "./randomise.ts";

export interface RoutingPlan {
  readonly domainId: DomainId;
  readonly symbols: number;
  readonly trees: number;
  readonly rootDepth: number;
  readonly candidates: number;
  /** `retentionOf` the domain's epsilon; 1 where signatures are published without noise. */
  readonly retention: number;
  /** Symbols of each feature, in the order of the domain's features. */
  readonly symbolCounts: readonly number[];
  /** Feature index of each position of the signature. */
  readonly featureAt: Uint8Array;
  /** Weight of each position: its feature's weight shared out over that feature's symbols. */
  readonly weightAt: Float64Array;
  /** Per tree, the positions in the order that its path reads them. */
  readonly orders: readonly Uint16Array[];
  /** Per tree, the order of each of its branches: the tree's own, then others that begin with the same root. */
  readonly branches: readonly (readonly Uint16Array[])[];
}

export function planRouting(domain: Domain, domainId: DomainId): RoutingPlan {
  const { symbols, trees, rootDepth, candidates, epsilon, branches = 1 } = domain.signature;
  const key = fromBase64Url(domainId);
  const weights = domain.features.map((feature) => feature.weight);
  const symbolCounts = shareOut(symbols, weights);
  const owners = symbolCounts.flatMap((count, feature) => Array<number>(count).fill(feature));
  const positions = prfPermutation(key, "positions", symbols);
  const orders = Array.from({ length: trees }, (_, t) => prfPermutation(key, `tree/${t}`, symbols));
  const featureAt = Uint8Array.from(positions, (position) => owners[position] ?? 0);
  return {
    domainId,
    symbols,
    trees,
    rootDepth,
    candidates,
    retention: retentionOf(epsilon),
    symbolCounts,
    featureAt,
    weightAt: Float64Array.from(featureAt, (f) => (weights[f] ?? 0) / (symbolCounts[f] ?? 1)),
    orders,
    branches: orders.map((order, t) =>
      Array.from({ length: branches }, (_, b) =>
        b === 0
          ? order
          : branchOf(order, rootDepth, prfPermutation(key, `tree/${t}/${b}`, symbols)),
      ),
    ),
  };
}

/** The root's positions as the tree reads them, then all others as `order` does. */
function branchOf(tree: Uint16Array, rootDepth: number, order: Uint16Array): Uint16Array {
  const root = tree.subarray(0, rootDepth);
  return Uint16Array.of(...root, ...order.filter((position) => !root.includes(position)));
}

/** Shares out `total` in proportion to `weights` by largest remainder, at least one to each. */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const spare = total - weights.length;
  const quotas = weights.map((weight) => Math.max(0, (total * weight) / sum - 1));
  const quotaSum = quotas.reduce((a, b) => a + b, 0);
  const scaled = quotas.map((quota) => (quotaSum === 0 ? 0 : (spare * quota) / quotaSum));
  const counts = scaled.map(Math.floor);
  const byRemainder = scaled
    .map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.i - b.i);
  const left = spare - counts.reduce((a, b) => a + b, 0);
  for (const { i } of byRemainder.slice(0, left)) counts[i] = (counts[i] ?? 0) + 1;
  return counts.map((count) => count + 1);
}
