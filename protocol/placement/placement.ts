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

/** Memoises per slot; make a new one when the membership changes. */
export function createPlacement(nodes: readonly Placeable[], replicas: number): Placement {
  const seeded: readonly Seeded[] = [...nodes]
    .toSorted((a, b) => compareText(a.node, b.node))
    .map(({ node, capacity }) => {
      const id = fromBase64Url(node);
      const view = new DataView(id.buffer, id.byteOffset, id.byteLength);
      return { node, capacity, s0: view.getUint32(0), s1: view.getUint32(4) };
    });
  const indexOf = new Map(seeded.map(({ node }, i) => [node, i]));
  const memo = new Map<number, readonly NodeId[]>();
  const digest = new ByteWriter().u8(replicas);
  for (const { node, capacity } of seeded) digest.raw(fromBase64Url(node)).u16(capacity);
  const ranked = (slot: number, count: number): NodeId[] => {
    const best: { node: NodeId; score: number }[] = [];
    for (const candidate of seeded) {
      const score = scoreOf(candidate, slot);
      if (best.length === count && score <= (best.at(-1)?.score ?? 0)) continue;
      // After its equals: the lesser node id comes first.
      const at = best.findLastIndex((other) => other.score >= score) + 1;
      best.splice(at, 0, { node: candidate.node, score });
      if (best.length > count) best.pop();
    }
    return best.map(({ node }) => node);
  };
  return {
    replicas,
    version: contentId(digest.bytes()),
    ranked,
    replicasOf: (slot) => {
      const known = memo.get(slot);
      if (known) return known;
      const chosen = ranked(slot, replicas);
      memo.set(slot, chosen);
      return chosen;
    },
    holds: (node, slot) => {
      const index = indexOf.get(node);
      const own = index === undefined ? undefined : seeded[index];
      if (index === undefined || !own) return false;
      const score = scoreOf(own, slot);
      let before = 0;
      for (const [i, other] of seeded.entries()) {
        if (i === index) continue;
        const theirs = scoreOf(other, slot);
        if (theirs > score || (theirs === score && i < index)) before += 1;
        if (before >= replicas) return false;
      }
      return true;
    },
  };
}

interface Seeded {
  readonly node: NodeId;
  readonly capacity: number;
  readonly s0: number;
  readonly s1: number;
}

function scoreOf({ capacity, s0, s1 }: Seeded, slot: number): number {
  return -capacity / ln(toUnit(mix(s0, s1, slot, SLOT_DOMAIN)));
}

/** Keeps slot hashes apart from other uses of the mixer. */
const SLOT_DOMAIN = 0x510751a7;
