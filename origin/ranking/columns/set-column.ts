/**
 * Set features: the elements' numbers a row, in the order of their texts, with their weights where the feature has
 * them. Of each block: which elements may be in it, and the least total weight.
 */
import type { Feature, FeatureValue } from "../../../protocol/index.ts";
import { Dictionary } from "../dictionary.ts";
import { blockOf, BLOCK_ROWS, growFloat64, growUint32 } from "../rows.ts";
import { readUnder, writeUnder, type SectionReader, type SectionWriter } from "../sections.ts";
import { wrongKind, type Column, type Probe } from "./column.ts";
import { Ragged } from "./ragged.ts";

/** Words of a block's summary; elements share its bits by their number. */
const MASK_WORDS = 16;
const NO_KEYS = new Uint32Array();

export class SetColumn implements Column {
  readonly #feature: Feature;
  readonly #isWeighted: boolean;
  readonly #dictionary = new Dictionary();
  readonly #lists: Ragged;
  /** Of each row's weights; their number where they are all 1. */
  #totals = new Float64Array();
  #masks = new Uint32Array();
  #least = new Float64Array();
  /** Of the query being answered, by element; all 0 between queries. */
  #asked = new Float64Array();

  constructor(feature: Feature, isWeighted: boolean) {
    this.#feature = feature;
    this.#isWeighted = isWeighted;
    this.#lists = new Ragged(isWeighted);
  }

  reserve(rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#lists.reserve(rows);
    this.#totals = growFloat64(this.#totals, rows);
    this.#masks = growUint32(this.#masks, MASK_WORDS * blocks);
    this.#least = growFloat64(this.#least, blocks, Infinity);
  }

  write(row: number, value: FeatureValue | undefined): void {
    if (value === undefined) return this.#lists.write(row, undefined);
    const { elements, weights } = setOf(value);
    const items = Uint32Array.from(elements, (element) => this.#dictionary.add(element));
    this.#lists.write(row, items, weights);
    this.#totals[row] = sum(weights);
  }

  move(from: number, to: number): void {
    this.#lists.move(from, to);
    this.#totals[to] = this.#totals[from] ?? 0;
  }

  clearBlock(block: number): void {
    this.#masks.fill(0, MASK_WORDS * block, MASK_WORDS * (block + 1));
    this.#least[block] = Infinity;
  }

  cover(row: number): void {
    if (!this.#lists.has(row)) return;
    const block = blockOf(row);
    const { items } = this.#lists;
    const end = this.#lists.end(row);
    for (let i = this.#lists.start(row); i < end; i++) {
      const item = items[i] ?? 0;
      const word = wordOf(block, item);
      this.#masks[word] = (this.#masks[word] ?? 0) | (1 << (item % 32));
    }
    this.#least[block] = Math.min(this.#least[block] ?? Infinity, this.#totals[row] ?? 0);
  }

  probe(asked: FeatureValue): Probe {
    const value = setOf(asked);
    const total = sum(value.weights);
    const known: { item: number; weight: number }[] = [];
    value.elements.forEach((element, i) => {
      const item = this.#dictionary.numberOf(element);
      if (item !== undefined) known.push({ item, weight: value.weights[i] ?? 0 });
    });
    const bound = (block: number): number => {
      const least = this.#least[block] ?? Infinity;
      if (least === Infinity) return 0;
      if (total === 0) return least === 0 ? 1 : 0;
      let shared = 0;
      for (const { item, weight } of known) {
        if (((this.#masks[wordOf(block, item)] ?? 0) >>> (item % 32)) & 1) shared += weight;
      }
      return shared / (total + Math.max(0, least - shared));
    };
    /** Sum of the smaller weights over the sum of the larger: exact where all weights are 1. */
    const estimates = (rows: Uint32Array, count: number, out: Float64Array): void => {
      this.#asked = growFloat64(this.#asked, this.#dictionary.size);
      for (const { item, weight } of known) this.#asked[item] = weight;
      if (this.#isWeighted) this.#estimateWeighted(rows, count, total, out);
      else this.#computePlain(rows, count, total, out);
      for (const { item } of known) this.#asked[item] = 0;
    };
    if (!this.#isWeighted) return { bound, kernels: estimates };
    return {
      bound,
      bounds: estimates,
      kernels: (rows, count, out) => {
        for (let i = 0; i < count; i++) out[i] = this.#kernel(asked, rows[i] ?? 0);
      },
    };
  }

  #computePlain(rows: Uint32Array, count: number, total: number, out: Float64Array): void {
    const { items } = this.#lists;
    for (let i = 0; i < count; i++) {
      const row = rows[i] ?? 0;
      if (!this.#lists.has(row)) {
        out[i] = 0;
        continue;
      }
      const start = this.#lists.start(row);
      const end = this.#lists.end(row);
      let shared = 0;
      for (let e = start; e < end; e++) shared += this.#asked[items[e] ?? 0] ?? 0;
      const all = total + (end - start) - shared;
      out[i] = all === 0 ? 1 : shared / all;
    }
  }

  #estimateWeighted(rows: Uint32Array, count: number, total: number, out: Float64Array): void {
    const { items, weights } = this.#lists;
    for (let i = 0; i < count; i++) {
      const row = rows[i] ?? 0;
      const end = this.#lists.end(row);
      let shared = 0;
      for (let e = this.#lists.start(row); e < end; e++) {
        shared += Math.min(this.#asked[items[e] ?? 0] ?? 0, weights[e] ?? 0);
      }
      const all = total + (this.#totals[row] ?? 0) - shared;
      if (!this.#lists.has(row)) out[i] = 0;
      else out[i] = all <= 0 ? 1 : shared / all;
    }
  }

  /** By the feature's own kernel, whose sums follow the order of the texts. */
  #kernel(asked: FeatureValue, row: number): number {
    if (!this.#lists.has(row)) return 0;
    const start = this.#lists.start(row);
    const end = this.#lists.end(row);
    const items = this.#lists.items.subarray(start, end);
    return this.#feature.kernel(asked, {
      elements: Array.from(items, (item) => this.#dictionary.textOf(item)),
      keys: NO_KEYS,
      weights: this.#lists.weights.subarray(start, end),
    });
  }

  /** Of the elements alone, whatever they weigh. */
  likeness(a: number, b: number): number {
    if (!this.#lists.has(a) || !this.#lists.has(b)) return 0;
    const left = this.#lists.items.subarray(this.#lists.start(a), this.#lists.end(a));
    const right = this.#lists.items.subarray(this.#lists.start(b), this.#lists.end(b));
    const shared = left.reduce((n, item) => n + (right.includes(item) ? 1 : 0), 0);
    const all = left.length + right.length - shared;
    return all === 0 ? 1 : shared / all;
  }

  /** Rows are not parted by sets: the rest of a block's rows would still have most elements between them. */
  pivot(): undefined {
    return undefined;
  }

  side(): 0 {
    return 0;
  }

  save(write: SectionWriter, rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#dictionary.save(write);
    this.#lists.save(writeUnder("lists", write), rows);
    write("totals", this.#totals.subarray(0, rows));
    write("masks", this.#masks.subarray(0, MASK_WORDS * blocks));
    write("least", this.#least.subarray(0, blocks));
  }

  restore(read: SectionReader): void {
    this.#dictionary.restore(read);
    this.#lists.restore(readUnder("lists", read));
    this.#totals = read.float64("totals");
    this.#masks = read.uint32("masks");
    this.#least = read.float64("least");
  }
}

function setOf(value: FeatureValue) {
  return typeof value === "object" && "elements" in value ? value : wrongKind();
}

function sum(weights: Float64Array): number {
  return weights.reduce((total, weight) => total + weight, 0);
}

function wordOf(block: number, item: number): number {
  return MASK_WORDS * block + (Math.floor(item / 32) % MASK_WORDS);
}
