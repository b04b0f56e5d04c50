/**
 * Which block a new row belongs to: a binary tree whose nodes each part the rows by one feature, and whose leaves
 * are blocks. Rows of a block are alike, so one bound rules out all of them.
 */
import type { SectionReader, SectionWriter } from "./sections.ts";

/** Children 1 + 2n and 2 + 2n are node n's, child 0 is the root: a node as 2n, a block as 2b + 1. */
export class Partition {
  #features: number[] = [];
  #pivots: number[] = [];
  #children: number[];

  constructor(block: number) {
    this.#children = [leaf(block)];
  }

  /** The block that `sideOf` leads to, and the slot where it hangs. */
  find(sideOf: (feature: number, pivot: number) => 0 | 1): { block: number; slot: number } {
    let slot = 0;
    for (;;) {
      const child = this.#children[slot] ?? 0;
      if (child % 2 === 1) return { block: (child - 1) / 2, slot };
      const node = child / 2;
      const side = sideOf(this.#features[node] ?? 0, this.#pivots[node] ?? 0);
      slot = 1 + 2 * node + side;
    }
  }

  /** Hangs another block there. */
  replace(slot: number, block: number): void {
    this.#children[slot] = leaf(block);
  }

  /** Hangs a node there, with a block on each side. */
  part(slot: number, feature: number, pivot: number, low: number, high: number): void {
    const node = this.#features.length;
    this.#features.push(feature);
    this.#pivots.push(pivot);
    this.#children[slot] = 2 * node;
    this.#children.push(leaf(low), leaf(high));
  }

  save(write: SectionWriter): void {
    write("features", Uint32Array.from(this.#features));
    write("pivots", Float64Array.from(this.#pivots));
    write("children", Uint32Array.from(this.#children));
  }

  restore(read: SectionReader): void {
    this.#features = [...read.uint32("features")];
    this.#pivots = [...read.float64("pivots")];
    this.#children = [...read.uint32("children")];
  }
}

function leaf(block: number): number {
  return 2 * block + 1;
}
