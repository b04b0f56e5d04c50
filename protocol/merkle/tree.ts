/**
 * A Merkle tree that grows at its end, over hashes that someone else keeps. Node `index` of `level` is the hash
 * over leaves index × 2^level up to the next one's first: kept are the nodes whose leaves are all there, each
 * once, since it never changes. Root and proofs of any size so far follow from O(log² n) of them at most.
 */
import { EMPTY_ROOT, nodeHash } from "./hash.ts";

/** Reads a node that is kept. May throw where it is not. */
export type ReadNode = (level: number, index: number) => Uint8Array;

export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * Where a kept node stands in the order in which nodes are completed, from 0: leaf 0, leaf 1, the node over
 * both, leaf 2, ... So nodes can be kept in one sequence that only grows.
 */
export function nodePosition(level: number, index: number): number {
  // The node is complete with its last leaf: all nodes before that leaf, and those on the way up from it.
  return nodeCount((index + 1) * 2 ** level - 1) + level;
}

/** How many nodes a tree of `size` leaves keeps. */
export function nodeCount(size: number): number {
  let count = 0;
  for (let whole = size; whole > 0; whole = Math.floor(whole / 2)) count += whole;
  return count;
}

/** The nodes that leaf `index` completes, itself first; those to their left are read. */
export function completedNodes(index: number, hash: Uint8Array, read: ReadNode): TreeNode[] {
  const nodes: TreeNode[] = [{ level: 0, index, hash }];
  let last = { level: 0, index, hash };
  while (last.index % 2 === 1) {
    const { level, index: at } = last;
    last = {
      level: level + 1,
      index: (at - 1) / 2,
      hash: nodeHash(read(level, at - 1), last.hash),
    };
    nodes.push(last);
  }
  return nodes;
}

/** The root over the first `size` leaves. */
export function rootOf(size: number, read: ReadNode): Uint8Array {
  return size === 0 ? EMPTY_ROOT : rangeHash(0, size, read);
}

/** RFC 9162 section 2.1.3.1: proves that leaf `index` is in the tree of `size`. Throws a `RangeError`. */
export function inclusionProof(index: number, size: number, read: ReadNode): Uint8Array[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} of ${size}`);
  const proof: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      proof.push(rangeHash(middle, to, read));
      to = middle;
    } else {
      proof.push(rangeHash(from, middle, read));
      from = middle;
    }
  }
  return proof.toReversed();
}

/** RFC 9162 section 2.1.4.1: proves that the tree of `from` leaves began that of `to`. Throws a `RangeError`. */
export function consistencyProof(from: number, to: number, read: ReadNode): Uint8Array[] {
  if (!(from >= 1 && from <= to)) throw new RangeError(`no tree of ${from} began one of ${to}`);
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = to;
  while (end !== from) {
    const middle = start + splitOf(end - start);
    if (from <= middle) {
      proof.push(rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeHash(start, middle, read));
      start = middle;
    }
  }
  // What the asker has already, where it is the whole former tree.
  if (start > 0) proof.push(rangeHash(start, end, read));
  return proof.toReversed();
}

/** The hash over leaves `from` up to `to`, where `from` is a multiple of the power of two at or above their number. */
function rangeHash(from: number, to: number, read: ReadNode): Uint8Array {
  const count = to - from;
  const split = splitOf(count);
  // A power of two is a node of its own.
  if (count === 1 || split * 2 === count) return read(Math.round(Math.log2(count)), from / count);
  return nodeHash(rangeHash(from, from + split, read), rangeHash(from + split, to, read));
}

/** The largest power of two below `count`, and 0 for 1. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return count === 1 ? 0 : split;
}
