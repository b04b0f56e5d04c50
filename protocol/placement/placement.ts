/**
 * Which nodes hold a slot: the top R by weighted rendezvous hashing (Thaler & Ravishankar 1998; weights
 * after Schindelhauer & Schomaker 2005). A node's arrival or loss moves only the slots it gains or held.
 */
import { ByteWriter, compareText, fromBase64Url } from "../bytes.ts";
import { contentId, type NodeId } from "../ids.ts";
import { ln } from "../math.ts";
import { mix, toUnit } from "../prf.ts";

export interface Placeable {
  readonly node: NodeId;
  /** Relative share of slots, at least 1. */
  readonly capacity: number;
}

export interface Placement {
  readonly replicas: number;
  /** Equal for equal placements: of the same nodes with the same capacities. */
  readonly version: string;
  /** The nodes that hold `slot`, most preferred first; all nodes where there are fewer than R. */
  replicasOf(slot: number): readonly NodeId[];
  /** The first `count` nodes of the slot's ranking: its replicas, then those who would follow. Not memoised. */
  ranked(slot: number, count: number): NodeId[];
  /** True if `node` holds `slot`. About R ln(nodes) steps and no memory: for walks over all slots. */
  holds(node: NodeId, slot: number): boolean;
}

/** Memoises per slot; make a new one when who holds what changes. */
export function createPlacement(nodes: readonly Placeable[], replicas: number): Placement {
  const sorted = nodes.toSorted((a, b) => compareText(a.node, b.node));
  const seeds = new Uint32Array(sorted.length * 2);
  const capacities = Float64Array.from(sorted, ({ capacity }) => capacity);
  const digest = new ByteWriter().u8(replicas);
  for (const [i, { node, capacity }] of sorted.entries()) {
    const id = fromBase64Url(node);
    const view = new DataView(id.buffer, id.byteOffset, id.byteLength);
    seeds[2 * i] = view.getUint32(0);
    seeds[2 * i + 1] = view.getUint32(4);
    digest.raw(id).u16(capacity);
  }
  const indexOf = new Map(sorted.map(({ node }, i) => [node, i]));
  const unitOf = (i: number, slot: number): number =>
    toUnit(mix(seeds[2 * i] ?? 0, seeds[2 * i + 1] ?? 0, slot, SLOT_DOMAIN));

  /** One pass that keeps the best in order. */
  const ranked = (slot: number, count: number): NodeId[] => {
    const best: { readonly index: number; readonly score: number }[] = [];
    let least = 0;
    for (let i = 0; i < capacities.length; i++) {
      const unit = unitOf(i, slot);
      const capacity = capacities[i] ?? 0;
      if (isSurelyBelow(capacity, unit, least)) continue;
      const score = -capacity / ln(unit);
      let place = best.length;
      // Only a higher score goes before: of equal ones the lesser node id came first.
      while (place > 0 && score > (best[place - 1]?.score ?? 0)) place -= 1;
      if (place >= count) continue;
      best.splice(place, 0, { index: i, score });
      if (best.length > count) best.pop();
      if (best.length === count) least = best[count - 1]?.score ?? 0;
    }
    return best.flatMap(({ index }) => sorted[index]?.node ?? []);
  };

  const holds = (node: NodeId, slot: number): boolean => {
    const index = indexOf.get(node);
    if (index === undefined) return false;
    const own = -(capacities[index] ?? 0) / ln(unitOf(index, slot));
    let before = 0;
    for (let i = 0; i < capacities.length; i++) {
      const unit = unitOf(i, slot);
      const capacity = capacities[i] ?? 0;
      if (i === index || isSurelyBelow(capacity, unit, own)) continue;
      const score = -capacity / ln(unit);
      if (score > own || (score === own && i < index)) before += 1;
      if (before >= replicas) return false;
    }
    return true;
  };

  const memo = new Map<number, readonly NodeId[]>();
  const replicasOf = (slot: number): readonly NodeId[] => {
    const known = memo.get(slot);
    if (known) return known;
    const chosen = ranked(slot, replicas);
    memo.set(slot, chosen);
    return chosen;
  };
  return { replicas, version: contentId(digest.bytes()), replicasOf, ranked, holds };
}

/**
 * As -1 / ln(u) is at most 1 / (1 - u), nearly every one of 10,000 nodes is passed over without a logarithm, which
 * costs more than all the rest.
 */
function isSurelyBelow(capacity: number, unit: number, score: number): boolean {
  return capacity * ROUNDING < score * (1 - unit);
}

/** Far more than the rounding of the bound and of the logarithm together: a doubtful case is computed. */
const ROUNDING = 1 + 1e-9;
/** Keeps slot hashes apart from other uses of the mixer. */
const SLOT_DOMAIN = 0x510751a7;
