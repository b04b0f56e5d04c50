/**
 * Terms features: the ancestor closure a row, and its total information content. Of each block the least and
 * greatest total; which terms are where, `Postings` knows.
 */
import type { Feature, FeatureValue } from "../../../protocol/index.ts";
import { blockOf, BLOCK_ROWS, growFloat64 } from "../rows.ts";
import { readUnder, writeUnder, type SectionReader, type SectionWriter } from "../sections.ts";
import { wrongKind, type Column, type Probe } from "./column.ts";
import { Ragged } from "./ragged.ts";

export class TermsColumn implements Column {
  readonly #feature: Feature;
  /** Information content by term. */
  readonly weights: Float64Array;
  readonly #lists = new Ragged(false);
  #totals = new Float64Array();
  #least = new Float64Array();
  #greatest = new Float64Array();
  /** Information content of the terms of the query being answered; all 0 between queries. */
  readonly #asked: Float64Array;

  constructor(feature: Feature) {
    if (!feature.termWeights) wrongKind();
    this.#feature = feature;
    this.weights = feature.termWeights;
    this.#asked = new Float64Array(this.weights.length);
  }

  reserve(rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#lists.reserve(rows);
    this.#totals = growFloat64(this.#totals, rows);
    this.#least = growFloat64(this.#least, blocks, Infinity);
    this.#greatest = growFloat64(this.#greatest, blocks, -Infinity);
  }

  write(row: number, value: FeatureValue | undefined): void {
    if (value === undefined) return this.#lists.write(row, undefined);
    const closure = closureOf(value);
    this.#lists.write(row, closure);
    this.#totals[row] = this.total(closure);
  }

  move(from: number, to: number): void {
    this.#lists.move(from, to);
    this.#totals[to] = this.#totals[from] ?? 0;
  }

  clearBlock(block: number): void {
    this.#least[block] = Infinity;
    this.#greatest[block] = -Infinity;
  }

  cover(row: number): void {
    if (!this.#lists.has(row)) return;
    const block = blockOf(row);
    const total = this.#totals[row] ?? 0;
    this.#least[block] = Math.min(this.#least[block] ?? Infinity, total);
    this.#greatest[block] = Math.max(this.#greatest[block] ?? -Infinity, total);
  }

  /** The row's closure, in place; undefined where it lacks the feature. */
  closure(row: number): Uint32Array | undefined {
    if (!this.#lists.has(row)) return undefined;
    return this.#lists.items.subarray(this.#lists.start(row), this.#lists.end(row));
  }

  /** Information content of a closure. */
  total(closure: Uint32Array): number {
    return closure.reduce((sum, term) => sum + (this.weights[term] ?? 0), 0);
  }

  /** The kernel's greatest value for this row where `shared` of the query's `total` is shared with it at most. */
  boundOf(row: number, shared: number, total: number): number {
    if (!this.#lists.has(row)) return 0;
    return jaccardBound(shared, total, this.#totals[row] ?? 0, this.#totals[row] ?? 0);
  }

  probe(asked: FeatureValue): Probe {
    const closure = closureOf(asked);
    const total = this.total(closure);
    return {
      bound: (block) => {
        const least = this.#least[block] ?? Infinity;
        return least === Infinity
          ? 0
          : jaccardBound(total, total, least, this.#greatest[block] ?? least);
      },
      bounds: (rows, count, out) => {
        for (const term of closure) this.#asked[term] = this.weights[term] ?? 0;
        const { items } = this.#lists;
        for (let i = 0; i < count; i++) {
          const row = rows[i] ?? 0;
          const end = this.#lists.end(row);
          let shared = 0;
          for (let e = this.#lists.start(row); e < end; e++)
            shared += this.#asked[items[e] ?? 0] ?? 0;
          out[i] = this.boundOf(row, shared, total);
        }
        for (const term of closure) this.#asked[term] = 0;
      },
      kernels: (rows, count, out) => {
        for (let i = 0; i < count; i++) {
          const held = this.closure(rows[i] ?? 0);
          out[i] = held ? this.#feature.kernel(asked, { closure: held }) : 0;
        }
      },
    };
  }

  likeness(a: number, b: number): number {
    const left = this.closure(a);
    const right = this.closure(b);
    return left && right ? this.#feature.kernel({ closure: left }, { closure: right }) : 0;
  }

  /** Rows are not parted by terms: a block's rows would still have most terms between them. */
  pivot(): undefined {
    return undefined;
  }

  side(): 0 {
    return 0;
  }

  save(write: SectionWriter, rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#lists.save(writeUnder("lists", write), rows);
    write("totals", this.#totals.subarray(0, rows));
    write("least", this.#least.subarray(0, blocks));
    write("greatest", this.#greatest.subarray(0, blocks));
  }

  restore(read: SectionReader): void {
    this.#lists.restore(readUnder("lists", read));
    this.#totals = read.float64("totals");
    this.#least = read.float64("least");
    this.#greatest = read.float64("greatest");
  }
}

/** Weighted Jaccard of `total` and something between `least` and `greatest` that share no more than `shared`. */
function jaccardBound(shared: number, total: number, least: number, greatest: number): number {
  const common = Math.min(shared, total, greatest);
  const all = total + Math.max(least, common) - common;
  return all <= 0 ? 1 : Math.min(1, common / all);
}

/** Ascending indices of the value's terms and their ancestors. */
export function closureOf(value: FeatureValue): Uint32Array {
  return typeof value === "object" && "closure" in value ? value.closure : wrongKind();
}
