import { describe, expect, test } from "vitest";
import {
  completedNodes,
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  nodeCount,
  nodeHash,
  nodePosition,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../../protocol/merkle/index.ts";
import { fc } from "../support/property.ts";
import published from "../../vectors/published/rfc6962-merkle.json" with { type: "json" };

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString("hex");

/** The definition of RFC 9162 section 2.1.1, over all leaves. */
function plainRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (!first) return EMPTY_ROOT;
  if (hashes.length === 1) return first;
  const split = 2 ** Math.ceil(Math.log2(hashes.length) - 1);
  return nodeHash(plainRoot(hashes.slice(0, split)), plainRoot(hashes.slice(split)));
}

/** A tree in memory that keeps its nodes in one growing list, as a store does. */
class Tree {
  readonly kept: Uint8Array[] = [];
  reads = 0;
  size = 0;

  add(hash: Uint8Array): void {
    for (const node of completedNodes(this.size, hash, this.read)) {
      if (nodePosition(node.level, node.index) !== this.kept.length) throw new Error("a gap");
      this.kept.push(node.hash);
    }
    this.size += 1;
  }

  readonly read = (level: number, index: number): Uint8Array => {
    this.reads += 1;
    const node = this.kept[nodePosition(level, index)];
    if (!node) throw new RangeError(`node ${index} of level ${level} is not kept`);
    return node;
  };
}

function treeOf(leaves: readonly Uint8Array[]): Tree {
  const tree = new Tree();
  for (const leaf of leaves) tree.add(leafHash(leaf));
  return tree;
}

const numbered = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.of(i % 256, Math.floor(i / 256)));

const hashAt = (place: number | undefined): Uint8Array =>
  bytes(published.hashes[place ?? -1] ?? "");
const leaves = published.leaves.map(bytes);

interface Claim {
  readonly numbers: readonly [number, number];
  readonly hashes: readonly [Uint8Array, Uint8Array];
  readonly proof: readonly Uint8Array[];
  readonly isValid: boolean;
  readonly comment: string;
}

function claimsOf(rows: readonly (readonly (number | number[] | boolean | string)[])[]): Claim[] {
  return rows.map(([a, b, c, d, proof, isValid, comment]) => ({
    numbers: [Number(a), Number(b)],
    hashes: [hashAt(Number(c)), hashAt(Number(d))],
    proof: Array.isArray(proof) ? proof.map(hashAt) : [],
    isValid: isValid === true,
    comment: String(comment),
  }));
}

const happy = (claims: readonly Claim[]): Claim[] =>
  claims.filter(({ comment }) => comment === "happy path");

describe("P-110: a tree is that of RFC 6962 and 9162, by the published vectors", () => {
  test("has the published root of every size", () => {
    const tree = treeOf(leaves);
    expect(published.roots).toHaveLength(leaves.length + 1);
    expect(published.roots.map((_, size) => hexOf(rootOf(size, tree.read)))).toEqual(
      published.roots,
    );
  });

  const inclusion = claimsOf(published.inclusion);
  const consistency = claimsOf(published.consistency);

  test("takes those published proofs of inclusion that are valid, and no other", () => {
    const verdicts = inclusion.map(({ numbers: [index, size], hashes: [root, leaf], proof }) =>
      verifyInclusion({ index, size, leaf }, proof, root),
    );
    expect(verdicts).toEqual(inclusion.map(({ isValid }) => isValid));
    expect(verdicts).toContain(true);
    expect(verdicts).toContain(false);
  });

  test("takes those published proofs of consistency that are valid, and no other", () => {
    const verdicts = consistency.map(
      ({ numbers: [earlier, later], hashes: [root, laterRoot], proof }) =>
        verifyConsistency({ size: earlier, root }, { size: later, root: laterRoot }, proof),
    );
    expect(verdicts).toEqual(consistency.map(({ isValid }) => isValid));
    expect(verdicts).toContain(true);
    expect(verdicts).toContain(false);
  });

  test("makes the published proofs itself", () => {
    const tree = treeOf(leaves);
    expect(happy(inclusion).length + happy(consistency).length).toBe(10);
    for (const { numbers, proof } of happy(inclusion)) {
      expect(inclusionProof(...numbers, tree.read).map(hexOf)).toEqual(proof.map(hexOf));
    }
    for (const { numbers, proof } of happy(consistency)) {
      expect(consistencyProof(...numbers, tree.read).map(hexOf)).toEqual(proof.map(hexOf));
    }
  });
});

describe("P-110: properties of trees", () => {
  const size = fc.integer({ min: 1, max: 300 });

  test("every root, from stored nodes, is that of the definition", () => {
    const all = numbered(130);
    const tree = treeOf(all);
    for (let n = 0; n <= all.length; n++) {
      expect(rootOf(n, tree.read)).toEqual(plainRoot(all.slice(0, n).map(leafHash)));
    }
  });

  test("every leaf's proof verifies in every later tree, for that leaf and place alone", () => {
    const tree = treeOf(numbered(300));
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (n, pick, other) => {
        const index = pick % n;
        const wrong = other % n;
        const proof = inclusionProof(index, n, tree.read);
        const root = rootOf(n, tree.read);
        const leaf = tree.read(0, index);
        expect(verifyInclusion({ index, size: n, leaf }, proof, root)).toBe(true);
        expect(verifyInclusion({ index: wrong, size: n, leaf }, proof, root)).toBe(wrong === index);
        expect(verifyInclusion({ index, size: n, leaf: tree.read(0, wrong) }, proof, root)).toBe(
          wrong === index,
        );
      }),
    );
  });

  test("every tree is consistent with every later one, and with no changed one", () => {
    const tree = treeOf(numbered(300));
    fc.assert(
      fc.property(size, size, fc.nat(), (a, b, pick) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const proof = consistencyProof(from, to, tree.read);
        const earlier = { size: from, root: rootOf(from, tree.read) };
        const later = { size: to, root: rootOf(to, tree.read) };
        expect(verifyConsistency(earlier, later, proof)).toBe(true);
        const changed = numbered(to).with(pick % from, Uint8Array.of(9, 9, 9));
        const other = { size: to, root: plainRoot(changed.map(leafHash)) };
        expect(verifyConsistency(earlier, other, proof)).toBe(false);
      }),
    );
  });

  test("no flipped bit of a proof goes unnoticed, and no hash too many or too few", () => {
    const tree = treeOf(numbered(300));
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), (n, pick, bit) => {
        const index = pick % n;
        const proof = inclusionProof(index, n, tree.read);
        const root = rootOf(n, tree.read);
        const claim = { index, size: n, leaf: tree.read(0, index) };
        const at = bit % proof.length;
        const flipped = Uint8Array.from(proof[at] ?? []);
        flipped[bit % 32] = (flipped[bit % 32] ?? 0) ^ (1 << (bit % 8));
        expect(verifyInclusion(claim, proof.with(at, flipped), root)).toBe(false);
        expect(verifyInclusion(claim, proof.slice(1), root)).toBe(false);
        expect(verifyInclusion(claim, [...proof, root], root)).toBe(false);
      }),
    );
  });

  test("appending and proving read a number of nodes that grows with the tree's height alone", () => {
    const tree = treeOf(numbered(5000));
    const readsOf = (work: () => unknown): number => {
      tree.reads = 0;
      work();
      return tree.reads;
    };
    const height = Math.ceil(Math.log2(tree.size));
    expect(readsOf(() => tree.add(leafHash(Uint8Array.of(1))))).toBeLessThanOrEqual(height);
    for (const index of [0, 1, 4095, 4096, 5000]) {
      expect(readsOf(() => inclusionProof(index, tree.size, tree.read))).toBeLessThanOrEqual(
        2 * height,
      );
    }
    expect(readsOf(() => consistencyProof(3001, tree.size, tree.read))).toBeLessThanOrEqual(
      2 * height,
    );
  });

  test("nodes stand in the order in which they are completed, without gap, beyond 32 bits too", () => {
    expect([0, 1, 2, 3, 4, 7, 8].map(nodeCount)).toEqual([0, 1, 3, 4, 7, 11, 15]);
    expect(nodePosition(0, 2 ** 40)).toBe(nodeCount(2 ** 40));
    expect(nodePosition(40, 0)).toBe(nodeCount(2 ** 40) - 1);
  });

  test("there is no proof beyond the tree's end, and none from the empty tree", () => {
    const tree = treeOf(numbered(4));
    expect(() => inclusionProof(4, 4, tree.read)).toThrow(RangeError);
    expect(inclusionProof(3, 4, tree.read)).toHaveLength(2);
    expect(() => consistencyProof(5, 4, tree.read)).toThrow(RangeError);
    expect(() => consistencyProof(0, 4, tree.read)).toThrow(RangeError);
    expect(consistencyProof(4, 4, tree.read)).toEqual([]);
  });
});
