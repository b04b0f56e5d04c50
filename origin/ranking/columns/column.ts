/**
 * What ranking asks of a column: the values of one feature over all rows, with a summary per block of rows. One
 * file per kind of feature. Kernels are the domain's own to the last bit; bounds are never below them by more
 * than `BOUND_ERROR`.
 */
import type { FeatureValue } from "../../../protocol/index.ts";
import type { SectionReader, SectionWriter } from "../sections.ts";

/**
 * By how much a bound may be too low, for it is summed in another order than the kernel. Sums of up to 10^4
 * positive numbers are right to 10^-12; whoever compares allows for this.
 */
export const BOUND_ERROR = 1e-9;

/** A query's value against a column. Valid until the column's next probe or change. */
export interface Probe {
  /** At least the kernel of every row of the block. */
  bound(block: number): number;
  /** Writes the kernel of each of the first `count` rows, 0 where one lacks the feature. */
  kernels(rows: Uint32Array, count: number, out: Float64Array): void;
  /** Writes what no kernel exceeds; there where it costs much less than the kernels. */
  readonly bounds?: (rows: Uint32Array, count: number, out: Float64Array) => void;
}

export interface Column {
  /** Makes room for as many rows, of which the new ones lack the feature. */
  reserve(rows: number): void;
  /** Sets or clears a row's value; says nothing of its block. */
  write(row: number, value: FeatureValue | undefined): void;
  /** Moves a row's value, and leaves `from` without one. */
  move(from: number, to: number): void;
  /** Forgets what the block's summary says. */
  clearBlock(block: number): void;
  /** Makes the summary of the row's block true of this row, too. */
  cover(row: number): void;
  probe(asked: FeatureValue): Probe;
  /** Kernel of two rows, or near it: how alike they are, for choosing by what to part rows. */
  likeness(a: number, b: number): number;
  /** A pivot that leaves rows on both sides; undefined where the column knows none. */
  pivot(rows: Uint32Array, count: number): number | undefined;
  /** On which side of a pivot the row is. */
  side(row: number, pivot: number): 0 | 1;
  /** Of `rows` rows. */
  save(write: SectionWriter, rows: number): void;
  restore(read: SectionReader): void;
}

/** Throws: the value is of another kind than its feature, which is a bug. */
export function wrongKind(): never {
  throw new TypeError("a feature value of another kind");
}
