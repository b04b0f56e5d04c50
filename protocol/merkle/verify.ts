/** Verifying proofs of RFC 9162, without the tree. Never throws, whatever the numbers and the proof are. */
import { compareBytes } from "../bytes.ts";
import { HASH_BYTES, nodeHash } from "./hash.ts";

/** The root that a proof of inclusion leads to (section 2.1.3.2); undefined where it can not be one. */
export function rootFromInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!isCount(index) || !isCount(size) || index >= size) return undefined;
  if (leaf.length !== HASH_BYTES) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const node of proof) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(node, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      root = nodeHash(root, node);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? root : undefined;
}

/** True if the leaf of that hash is leaf `index` of the tree of `size` leaves and that root. */
export function verifyInclusion(
  claim: { readonly index: number; readonly size: number; readonly leaf: Uint8Array },
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const found = rootFromInclusion(claim.index, claim.size, claim.leaf, proof);
  return found !== undefined && isEqual(found, root);
}

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** True if the tree of `earlier` began that of `later` (section 2.1.4.2). */
export function verifyConsistency(
  earlier: TreeHead,
  later: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(earlier.size) || !isCount(later.size)) return false;
  // Every tree begins with the empty one: there is nothing to prove.
  if (earlier.size === 0 || earlier.size > later.size) return false;
  if (earlier.size === later.size) return proof.length === 0 && isEqual(earlier.root, later.root);
  let fn = earlier.size - 1;
  let sn = later.size - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  // A power of two is a node of the later tree: its root is known, and not in the proof.
  const [first, ...rest] = fn === 0 ? [earlier.root, ...proof] : proof;
  if (first === undefined) return false;
  let former = first;
  let present = first;
  for (const node of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      former = nodeHash(node, former);
      present = nodeHash(node, present);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      present = nodeHash(present, node);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && isEqual(former, earlier.root) && isEqual(present, later.root);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}
