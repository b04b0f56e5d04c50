/** Numeric and ordinal features: a number a row, NaN where it lacks one; each block's least and greatest. */
import { triangular, type FeatureValue } from "../../../protocol/index.ts";
import { blockOf, BLOCK_ROWS, growFloat64 } from "../rows.ts";
import type { SectionReader, SectionWriter } from "../sections.ts";
import { wrongKind, type Column, type Probe } from "./column.ts";

export class NumberColumn implements Column {
  readonly #tolerance: number;
  #values = new Float64Array();
  #least = new Float64Array();
  #greatest = new Float64Array();

  /** `tolerance` as the feature has it. */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  reserve(rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    this.#values = growFloat64(this.#values, rows, Number.NaN);
    this.#least = growFloat64(this.#least, blocks, Infinity);
    this.#greatest = growFloat64(this.#greatest, blocks, -Infinity);
  }

  write(row: number, value: FeatureValue | undefined): void {
    if (value !== undefined && typeof value !== "number") wrongKind();
    this.#values[row] = value ?? Number.NaN;
  }

  move(from: number, to: number): void {
    this.#values[to] = this.#values[from] ?? Number.NaN;
    this.#values[from] = Number.NaN;
  }

  clearBlock(block: number): void {
    this.#least[block] = Infinity;
    this.#greatest[block] = -Infinity;
  }

  cover(row: number): void {
    const block = blockOf(row);
    const value = this.#values[row] ?? Number.NaN;
    if (value < (this.#least[block] ?? Infinity)) this.#least[block] = value;
    if (value > (this.#greatest[block] ?? -Infinity)) this.#greatest[block] = value;
  }

  probe(asked: FeatureValue): Probe {
    if (typeof asked !== "number") return wrongKind();
    const tolerance = this.#tolerance;
    const values = this.#values;
    return {
      bound: (block) => {
        const least = this.#least[block] ?? Infinity;
        const greatest = this.#greatest[block] ?? -Infinity;
        if (greatest < least) return 0;
        return triangular(asked, Math.min(greatest, Math.max(least, asked)), tolerance);
      },
      kernels: (rows, count, out) => {
        for (let i = 0; i < count; i++) {
          const value = values[rows[i] ?? 0] ?? Number.NaN;
          out[i] = Number.isNaN(value) ? 0 : triangular(asked, value, tolerance);
        }
      },
    };
  }

  likeness(a: number, b: number): number {
    const left = this.#values[a] ?? Number.NaN;
    const right = this.#values[b] ?? Number.NaN;
    if (Number.isNaN(left) || Number.isNaN(right)) return Object.is(left, right) ? 1 : 0;
    return triangular(left, right, this.#tolerance);
  }

  /** Near the median; rows that lack the feature are below every number. */
  pivot(rows: Uint32Array, count: number): number | undefined {
    const sorted = Float64Array.from(rows.subarray(0, count), (row) => {
      const value = this.#values[row] ?? Number.NaN;
      return Number.isNaN(value) ? -Infinity : value;
    }).toSorted();
    const middle = sorted[count >>> 1] ?? 0;
    if (middle < (sorted[count - 1] ?? 0)) return middle;
    return sorted.findLast((value) => value < middle);
  }

  side(row: number, pivot: number): 0 | 1 {
    return (this.#values[row] ?? Number.NaN) > pivot ? 1 : 0;
  }

  save(write: SectionWriter, rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    write("values", this.#values.subarray(0, rows));
    write("least", this.#least.subarray(0, blocks));
    write("greatest", this.#greatest.subarray(0, blocks));
  }

  restore(read: SectionReader): void {
    this.#values = read.float64("values");
    this.#least = read.float64("least");
    this.#greatest = read.float64("greatest");
  }
}
