/** Vector features: a unit vector a row, NaN where it lacks one; each block's bounding box. */
import type { Feature, FeatureValue } from "../../../protocol/index.ts";
import { blockOf, BLOCK_ROWS, growFloat64 } from "../rows.ts";
import type { SectionReader, SectionWriter } from "../sections.ts";
import { wrongKind, type Column, type Probe } from "./column.ts";

export class VectorColumn implements Column {
  readonly #feature: Feature;
  readonly #dimensions: number;
  #values = new Float64Array();
  #least = new Float64Array();
  #greatest = new Float64Array();

  constructor(feature: Feature, dimensions: number) {
    this.#feature = feature;
    this.#dimensions = dimensions;
  }

  reserve(rows: number): void {
    const bounds = this.#dimensions * Math.ceil(rows / BLOCK_ROWS);
    this.#values = growFloat64(this.#values, this.#dimensions * rows, Number.NaN);
    this.#least = growFloat64(this.#least, bounds, Infinity);
    this.#greatest = growFloat64(this.#greatest, bounds, -Infinity);
  }

  write(row: number, value: FeatureValue | undefined): void {
    const start = this.#dimensions * row;
    if (value === undefined) this.#values[start] = Number.NaN;
    else if (value instanceof Float64Array) this.#values.set(value, start);
    else wrongKind();
  }

  move(from: number, to: number): void {
    const start = this.#dimensions * from;
    this.#values.copyWithin(this.#dimensions * to, start, start + this.#dimensions);
    this.#values[start] = Number.NaN;
  }

  clearBlock(block: number): void {
    const start = this.#dimensions * block;
    this.#least.fill(Infinity, start, start + this.#dimensions);
    this.#greatest.fill(-Infinity, start, start + this.#dimensions);
  }

  cover(row: number): void {
    if (!this.#has(row)) return;
    const bounds = this.#dimensions * blockOf(row);
    const start = this.#dimensions * row;
    for (let d = 0; d < this.#dimensions; d++) {
      const x = this.#values[start + d] ?? 0;
      if (x < (this.#least[bounds + d] ?? Infinity)) this.#least[bounds + d] = x;
      if (x > (this.#greatest[bounds + d] ?? -Infinity)) this.#greatest[bounds + d] = x;
    }
  }

  probe(asked: FeatureValue): Probe {
    if (!(asked instanceof Float64Array)) return wrongKind();
    return {
      bound: (block) => {
        const bounds = this.#dimensions * block;
        if (this.#least[bounds] === Infinity) return 0;
        // Summed as the kernel sums, of factors that are none smaller: so is the sum, rounding and all.
        let dot = 0;
        for (let d = 0; d < this.#dimensions; d++) {
          const x = asked[d] ?? 0;
          dot += x * ((x > 0 ? this.#greatest[bounds + d] : this.#least[bounds + d]) ?? 0);
        }
        return 1 - Math.acos(Math.min(1, Math.max(-1, dot))) / Math.PI;
      },
      kernels: (rows, count, out) => {
        for (let i = 0; i < count; i++) {
          const row = rows[i] ?? 0;
          out[i] = this.#has(row) ? this.#feature.kernel(asked, this.#vector(row)) : 0;
        }
      },
    };
  }

  likeness(a: number, b: number): number {
    if (!this.#has(a) || !this.#has(b)) return 0;
    return this.#feature.kernel(this.#vector(a), this.#vector(b));
  }

  /** Rows are not parted by vectors: one axis of many says little. */
  pivot(): undefined {
    return undefined;
  }

  side(): 0 {
    return 0;
  }

  #has(row: number): boolean {
    return !Number.isNaN(this.#values[this.#dimensions * row] ?? Number.NaN);
  }

  #vector(row: number): Float64Array {
    const start = this.#dimensions * row;
    return this.#values.subarray(start, start + this.#dimensions);
  }

  save(write: SectionWriter, rows: number): void {
    const bounds = this.#dimensions * Math.ceil(rows / BLOCK_ROWS);
    write("values", this.#values.subarray(0, this.#dimensions * rows));
    write("least", this.#least.subarray(0, bounds));
    write("greatest", this.#greatest.subarray(0, bounds));
  }

  restore(read: SectionReader): void {
    this.#values = read.float64("values");
    this.#least = read.float64("least");
    this.#greatest = read.float64("greatest");
  }
}
