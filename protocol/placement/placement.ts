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
}

/** Memoises per slot; make a new one when the membership changes. */
export function createPlacement(nodes: readonly Placeable[], replicas: number): Placement {
  const seeded = [...nodes]
    .toSorted((a, b) => compareText(a.node, b.node))
    .map(({ node, capacity }) => {
      const id = fromBase64Url(node);
      const view = new DataView(id.buffer, id.byteOffset, id.byteLength);
      return { node, capacity, s0: view.getUint32(0), s1: view.getUint32(4) };
    });
  const memo = new Map<number, readonly NodeId[]>();
  const digest = new ByteWriter().u8(replicas);
  for (const { node, capacity } of seeded) digest.raw(fromBase64Url(node)).u16(capacity);
  return {
    replicas,
    version: contentId(digest.bytes()),
    replicasOf: (slot) => {
      const known = memo.get(slot);
      if (known) return known;
      const chosen = seeded
        .map(({ node, capacity, s0, s1 }) => ({
          node,
          score: -capacity / ln(toUnit(mix(s0, s1, slot, SLOT_DOMAIN))),
        }))
        .toSorted((a, b) => b.score - a.score)
        .slice(0, replicas)
        .map(({ node }) => node);
      memo.set(slot, chosen);
      return chosen;
    },
  };
}

/** Keeps slot hashes apart from other uses of the mixer. */
const SLOT_DOMAIN = 0x510751a7;
