/** Lists of numbers, one a row, end to end in one array; with a weight a number where asked for. */
import { growFloat64, growUint32 } from "../rows.ts";
import type { SectionReader, SectionWriter } from "../sections.ts";

/** Length of a row that has no list, which is not the same as an empty one. */
const ABSENT = 0xffff_ffff;
/** Gaps that rows left are closed when they are more than a third of the array, and worth the copying. */
const GAPS_MIN = 65_536;

export class Ragged {
  readonly #isWeighted: boolean;
  #starts = new Uint32Array();
  #lengths = new Uint32Array();
  #used = 0;
  #gaps = 0;
  /** The lists' numbers; a row's are `start` to `end`. */
  items = new Uint32Array();
  /** Beside each of `items`; empty if not weighted. */
  weights = new Float64Array();

  constructor(isWeighted: boolean) {
    this.#isWeighted = isWeighted;
  }

  reserve(rows: number): void {
    this.#starts = growUint32(this.#starts, rows);
    this.#lengths = growUint32(this.#lengths, rows, ABSENT);
  }

  has(row: number): boolean {
    return this.#lengths[row] !== ABSENT;
  }

  start(row: number): number {
    return this.#starts[row] ?? 0;
  }

  end(row: number): number {
    return this.start(row) + this.length(row);
  }

  length(row: number): number {
    const length = this.#lengths[row] ?? ABSENT;
    return length === ABSENT ? 0 : length;
  }

  /** Replaces the row's list, if it has one. */
  write(row: number, items: Uint32Array | undefined, weights?: Float64Array): void {
    this.#gaps += this.length(row);
    this.#lengths[row] = ABSENT;
    if (!items) return;
    if (this.#gaps > GAPS_MIN && this.#gaps > this.#used / 3) this.#closeGaps();
    this.items = growUint32(this.items, this.#used + items.length);
    this.items.set(items, this.#used);
    if (this.#isWeighted) {
      this.weights = growFloat64(this.weights, this.#used + items.length);
      if (weights) this.weights.set(weights, this.#used);
    }
    this.#starts[row] = this.#used;
    this.#lengths[row] = items.length;
    this.#used += items.length;
  }

  move(from: number, to: number): void {
    this.#gaps += this.length(to);
    this.#starts[to] = this.start(from);
    this.#lengths[to] = this.#lengths[from] ?? ABSENT;
    this.#lengths[from] = ABSENT;
  }

  #closeGaps(): void {
    const items = new Uint32Array(this.#used - this.#gaps);
    const weights = new Float64Array(this.#isWeighted ? items.length : 0);
    let used = 0;
    for (let row = 0; row < this.#lengths.length; row++) {
      const start = this.start(row);
      const end = this.end(row);
      items.set(this.items.subarray(start, end), used);
      if (this.#isWeighted) weights.set(this.weights.subarray(start, end), used);
      this.#starts[row] = used;
      used += end - start;
    }
    this.items = items;
    this.weights = weights;
    this.#used = used;
    this.#gaps = 0;
  }

  save(write: SectionWriter, rows: number): void {
    write("starts", this.#starts.subarray(0, rows));
    write("lengths", this.#lengths.subarray(0, rows));
    write("items", this.items.subarray(0, this.#used));
    if (this.#isWeighted) write("weights", this.weights.subarray(0, this.#used));
  }

  restore(read: SectionReader): void {
    this.#starts = read.uint32("starts");
    this.#lengths = read.uint32("lengths");
    this.items = read.uint32("items");
    if (this.#isWeighted) this.weights = read.float64("weights");
    this.#used = this.items.length;
    let live = 0;
    for (let row = 0; row < this.#lengths.length; row++) live += this.length(row);
    this.#gaps = this.#used - live;
  }
}
