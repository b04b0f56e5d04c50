/** The right edge of a growing tree: all that is needed to append to it, and to know its root. */
import { completedNodes, rootOf, type TreeNode } from "./tree.ts";

export class Frontier {
  /** The last complete node of each level. */
  readonly #edge: Uint8Array[] = [];
  #size = 0;

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Appends a leaf; the nodes that it completes, itself first. */
  add(leaf: Uint8Array): readonly TreeNode[] {
    const nodes = completedNodes(this.#size, leaf, this.#read);
    for (const { level, hash } of nodes) this.#edge[level] = hash;
    this.#size += 1;
    return nodes;
  }

  root(): Uint8Array {
    return rootOf(this.#size, this.#read);
  }

  readonly #read = (level: number): Uint8Array => {
    const hash = this.#edge[level];
    if (!hash) throw new RangeError(`a tree of ${this.#size} leaves has no node at level ${level}`);
    return hash;
  };
}
