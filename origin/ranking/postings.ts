/**
 * Which rows have a term: lists of rows, built for all rows at once. Rows that were written since are kept apart,
 * and a list may name a row that has changed; whoever asks looks at those apart anyway.
 */
import type { TermsColumn } from "./columns/index.ts";
import { BLOCK_ROWS, growFloat64, growUint32 } from "./rows.ts";

/** Rows apart, as a share of all, at which the lists are built anew; and at least so many. */
const APART_SHARE = 1 / 16;
const APART_MIN = 512;

export class Postings {
  /** Which feature of the domain it is. */
  readonly feature: number;
  readonly column: TermsColumn;
  #starts: Uint32Array;
  #rows = new Uint32Array();
  #shared = new Float64Array();
  #seen = new Uint32Array();
  /** Rows that were written since the lists were built. */
  readonly apart = new Set<number>();

  constructor(feature: number, column: TermsColumn) {
    this.feature = feature;
    this.column = column;
    this.#starts = new Uint32Array(column.weights.length + 1);
  }

  /** Room for one query's sums by row, all 0, and for as many rows. Whoever takes it leaves the sums at 0 again. */
  scratch(end: number): { readonly shared: Float64Array; readonly seen: Uint32Array } {
    this.#shared = growFloat64(this.#shared, end);
    this.#seen = growUint32(this.#seen, end);
    return { shared: this.#shared, seen: this.#seen };
  }

  /** The row was written. */
  note(row: number): void {
    this.apart.add(row);
  }

  /** Builds the lists anew if too many rows are apart. Rows are below `end`. */
  settle(end: number): void {
    if (this.apart.size <= Math.max(APART_MIN, end * APART_SHARE)) return;
    const starts = new Uint32Array(this.#starts.length);
    for (let row = BLOCK_ROWS; row < end; row++) {
      for (const term of this.column.closure(row) ?? [])
        starts[term + 1] = (starts[term + 1] ?? 0) + 1;
    }
    for (let term = 1; term < starts.length; term++) {
      starts[term] = (starts[term] ?? 0) + (starts[term - 1] ?? 0);
    }
    const rows = new Uint32Array(starts.at(-1) ?? 0);
    const next = starts.slice();
    for (let row = BLOCK_ROWS; row < end; row++) {
      for (const term of this.column.closure(row) ?? []) {
        const at = next[term] ?? 0;
        rows[at] = row;
        next[term] = at + 1;
      }
    }
    this.#starts = starts;
    this.#rows = rows;
    this.apart.clear();
  }

  /**
   * Adds the term's information content to the sum of each row that has it; notes in `seen`, after the first `count`,
   * those whose sum was 0. Returns how many are noted by then.
   */
  share(term: number, shared: Float64Array, seen: Uint32Array, count: number): number {
    const rows = this.#rows;
    const content = this.column.weights[term] ?? 0;
    const end = this.#starts[term + 1] ?? 0;
    let noted = count;
    for (let i = this.#starts[term] ?? 0; i < end; i++) {
      const row = rows[i] ?? 0;
      const known = shared[row] ?? 0;
      if (known === 0) seen[noted++] = row;
      shared[row] = known + content;
    }
    return noted;
  }

  count(term: number): number {
    return (this.#starts[term + 1] ?? 0) - (this.#starts[term] ?? 0);
  }
}
