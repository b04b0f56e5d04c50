/**
 * The records of one domain as rows of columns. Rows are in blocks; where the domain allows it, the rows of a block
 * are alike (`Partition`), else they stay where they were put, which `Postings` needs.
 */
import type { CompiledDomain, EncodedProfile } from "../../protocol/index.ts";
import { createColumns, TermsColumn, type Column } from "./columns/index.ts";
import { Dictionary } from "./dictionary.ts";
import { Partition } from "./partition.ts";
import { Postings } from "./postings.ts";
import { blockOf, BLOCK_ROWS, growFloat64, growUint32, growUint8 } from "./rows.ts";
import { readUnder, writeUnder, type SectionReader, type SectionWriter } from "./sections.ts";

/** A record as ranking reads it. */
export interface RankableRecord {
  /** Its number in the store, at least 1. */
  readonly number: number;
  /** Of `REFERENCE_LENGTH` ASCII characters. */
  readonly reference: string;
  readonly group: string | undefined;
  /** Of its last change in the store. */
  readonly seq: number;
  readonly profile: EncodedProfile;
}

/** 16 bytes as base64url: `referenceOf` of the store. */
export const REFERENCE_LENGTH = 22;
/** Where a record is until its block is known. Its block holds no other row. */
const SCRATCH_ROW = 0;
/** The first block that holds records. */
export const FIRST_BLOCK = 1;
/** Pairs of rows that are compared before a block is parted. */
const SAMPLE_PAIRS = 48;
/** A terms feature of at least this share of all weight rules out most records by itself. */
const POSTINGS_MIN_SHARE = 0.5;

export class Table {
  readonly compiled: CompiledDomain;
  readonly columns: readonly Column[];
  /** There where the domain is ruled by a terms feature. */
  readonly postings: Postings | undefined;
  readonly #groups = new Dictionary();
  readonly #rowOf = new Map<number, number>();
  readonly #partition = new Partition(FIRST_BLOCK);
  /** The record's number, 0 where the row is free. */
  numbers = new Float64Array();
  /** The group's number plus 1, 0 where there is none. */
  groups = new Uint32Array();
  #references = new Uint8Array();
  #seqs = new Float64Array();
  /** Records of each block. */
  #fill = new Uint32Array();
  /** Blocks in use, the scratch row's among them. */
  #blocks = 0;
  /** Full blocks that no leaf names any more, because their rows can not be told apart. */
  readonly #closed = new Set<number>();
  readonly #emptyBlocks: number[] = [];
  /** Free rows among those in use, where rows stay where they are. */
  #freeRows: number[] = [];

  constructor(compiled: CompiledDomain) {
    this.compiled = compiled;
    this.columns = createColumns(compiled);
    this.postings = postingsFor(compiled, this.columns);
    this.#addBlock();
    this.#addBlock();
    if (this.postings) this.#freeRows = this.#freeOf(FIRST_BLOCK);
  }

  get size(): number {
    return this.#rowOf.size;
  }

  /** Rows are below this. */
  get end(): number {
    return this.#blocks * BLOCK_ROWS;
  }

  get blocks(): number {
    return this.#blocks;
  }

  /** Adds the record, or takes it in the place of the one of its number. */
  put({ number, reference, group, seq, profile }: RankableRecord): void {
    this.remove(number);
    this.columns.forEach((column, i) => column.write(SCRATCH_ROW, profile[i]));
    const row = this.postings ? this.#anyRow() : this.#placedRow();
    this.#move(SCRATCH_ROW, row);
    this.numbers[row] = number;
    this.groups[row] = group === undefined ? 0 : this.#groups.add(group) + 1;
    for (let i = 0; i < REFERENCE_LENGTH; i++) {
      this.#references[REFERENCE_LENGTH * row + i] = reference.charCodeAt(i);
    }
    this.#seqs[row] = seq;
    this.#rowOf.set(number, row);
    this.#fill[blockOf(row)] = (this.#fill[blockOf(row)] ?? 0) + 1;
    this.postings?.note(row);
  }

  /** Removes the record of that number, if there is one. */
  remove(number: number): void {
    const row = this.#rowOf.get(number);
    if (row === undefined) return;
    this.#rowOf.delete(number);
    this.numbers[row] = 0;
    for (const column of this.columns) column.write(row, undefined);
    const block = blockOf(row);
    const left = (this.#fill[block] ?? 0) - 1;
    this.#fill[block] = left;
    if (this.postings) this.#freeRows.push(row);
    else if (left === 0) {
      for (const column of this.columns) column.clearBlock(block);
      if (this.#closed.delete(block)) this.#emptyBlocks.push(block);
    }
  }

  referenceOf(row: number): string {
    const start = REFERENCE_LENGTH * row;
    return String.fromCharCode(...this.#references.subarray(start, start + REFERENCE_LENGTH));
  }

  groupOf(row: number): string | undefined {
    const group = this.groups[row] ?? 0;
    return group === 0 ? undefined : this.#groups.textOf(group - 1);
  }

  /** As `groups` has it; undefined for a group that no record has. */
  groupNumber(group: string): number | undefined {
    const number = this.#groups.numberOf(group);
    return number === undefined ? undefined : number + 1;
  }

  /** Of all records' seqs, each by its remainder of `modulus`: tells whether these are the store's records. */
  checksum(modulus: number): number {
    let sum = 0;
    for (const row of this.#rowOf.values()) sum += (this.#seqs[row] ?? 0) % modulus;
    return sum;
  }

  /** Negative where the reference of `a` comes first. ASCII, so bytes are ordered as `compareText` orders texts. */
  compareReferences(a: number, b: number): number {
    for (let i = 0; i < REFERENCE_LENGTH; i++) {
      const left = this.#references[REFERENCE_LENGTH * a + i] ?? 0;
      const right = this.#references[REFERENCE_LENGTH * b + i] ?? 0;
      if (left !== right) return left - right;
    }
    return 0;
  }

  #anyRow(): number {
    if (this.#freeRows.length === 0) this.#freeRows = this.#freeOf(this.#addBlock());
    return this.#freeRows.pop() ?? 0;
  }

  #placedRow(): number {
    const { block, slot } = this.#partition.find((feature, pivot) =>
      this.#sideOf(SCRATCH_ROW, feature, pivot),
    );
    if ((this.#fill[block] ?? 0) < BLOCK_ROWS) return this.#freeIn(block);
    const other = this.#emptyBlocks.pop() ?? this.#addBlock();
    const parting = this.#partingOf(block);
    if (!parting) {
      this.#closed.add(block);
      this.#partition.replace(slot, other);
      return this.#freeIn(other);
    }
    const { feature, pivot } = parting;
    this.#partition.part(slot, feature, pivot, block, other);
    for (const column of this.columns) column.clearBlock(block);
    let next = other * BLOCK_ROWS;
    for (let row = block * BLOCK_ROWS; row < (block + 1) * BLOCK_ROWS; row++) {
      if (this.#sideOf(row, feature, pivot) === 1) this.#moveRecord(row, next++);
      else for (const column of this.columns) column.cover(row);
    }
    return this.#freeIn(this.#sideOf(SCRATCH_ROW, feature, pivot) === 1 ? other : block);
  }

  /** By the feature that says most of how unlike the block's rows are, if they can be parted by one. */
  #partingOf(block: number): { feature: number; pivot: number } | undefined {
    const rows = Uint32Array.from({ length: BLOCK_ROWS }, (_, i) => block * BLOCK_ROWS + i);
    const spreads = this.columns.map((column, feature) => {
      let unlike = 0;
      for (let i = 0; i < SAMPLE_PAIRS; i++) {
        const a = rows[(i * 5) % BLOCK_ROWS] ?? 0;
        const b = rows[(i * 7 + BLOCK_ROWS / 2) % BLOCK_ROWS] ?? 0;
        unlike += 1 - column.likeness(a, b);
      }
      return { feature, spread: unlike * (this.compiled.features[feature]?.weight ?? 0) };
    });
    for (const { feature } of spreads.toSorted((a, b) => b.spread - a.spread)) {
      const pivot = this.columns[feature]?.pivot(rows, BLOCK_ROWS);
      if (pivot !== undefined) return { feature, pivot };
    }
    return undefined;
  }

  #sideOf(row: number, feature: number, pivot: number): 0 | 1 {
    return this.columns[feature]?.side(row, pivot) ?? 0;
  }

  #moveRecord(from: number, to: number): void {
    const number = this.numbers[from] ?? 0;
    this.#move(from, to);
    this.numbers[to] = number;
    this.numbers[from] = 0;
    this.groups[to] = this.groups[from] ?? 0;
    this.#seqs[to] = this.#seqs[from] ?? 0;
    const start = REFERENCE_LENGTH * from;
    this.#references.copyWithin(REFERENCE_LENGTH * to, start, start + REFERENCE_LENGTH);
    this.#rowOf.set(number, to);
    this.#fill[blockOf(from)] = (this.#fill[blockOf(from)] ?? 0) - 1;
    this.#fill[blockOf(to)] = (this.#fill[blockOf(to)] ?? 0) + 1;
  }

  #move(from: number, to: number): void {
    for (const column of this.columns) {
      column.move(from, to);
      column.cover(to);
    }
  }

  #freeIn(block: number): number {
    return this.numbers.indexOf(0, block * BLOCK_ROWS);
  }

  /** The block's rows, the first last: rows are taken from the end of the list. */
  #freeOf(block: number): number[] {
    return Array.from({ length: BLOCK_ROWS }, (_, i) => (block + 1) * BLOCK_ROWS - 1 - i);
  }

  #addBlock(): number {
    const block = this.#blocks++;
    const rows = this.end;
    this.numbers = growFloat64(this.numbers, rows);
    this.groups = growUint32(this.groups, rows);
    this.#references = growUint8(this.#references, REFERENCE_LENGTH * rows);
    this.#seqs = growFloat64(this.#seqs, rows);
    this.#fill = growUint32(this.#fill, this.#blocks);
    for (const column of this.columns) column.reserve(rows);
    return block;
  }

  save(write: SectionWriter): void {
    const rows = this.end;
    write("numbers", this.numbers.subarray(0, rows));
    write("groups", this.groups.subarray(0, rows));
    write("references", this.#references.subarray(0, REFERENCE_LENGTH * rows));
    write("seqs", this.#seqs.subarray(0, rows));
    write("closed", Uint32Array.from(this.#closed));
    write("empty", Uint32Array.from(this.#emptyBlocks));
    this.#groups.save(writeUnder("groupNames", write));
    this.#partition.save(writeUnder("partition", write));
    this.columns.forEach((column, i) => column.save(writeUnder(`column${i}`, write), rows));
  }

  /** Into a table that holds nothing. */
  restore(read: SectionReader): void {
    this.numbers = read.float64("numbers");
    this.groups = read.uint32("groups");
    this.#references = read.uint8("references");
    this.#seqs = read.float64("seqs");
    this.#blocks = this.numbers.length / BLOCK_ROWS;
    this.#fill = new Uint32Array(this.#blocks);
    for (const block of read.uint32("closed")) this.#closed.add(block);
    this.#emptyBlocks.push(...read.uint32("empty"));
    this.#groups.restore(readUnder("groupNames", read));
    this.#partition.restore(readUnder("partition", read));
    this.columns.forEach((column, i) => column.restore(readUnder(`column${i}`, read)));
    this.#freeRows = [];
    for (let row = this.end - 1; row >= FIRST_BLOCK * BLOCK_ROWS; row--) {
      const number = this.numbers[row] ?? 0;
      if (number === 0) {
        if (this.postings) this.#freeRows.push(row);
        continue;
      }
      this.#rowOf.set(number, row);
      this.#fill[blockOf(row)] = (this.#fill[blockOf(row)] ?? 0) + 1;
      this.postings?.note(row);
    }
  }
}

function postingsFor(
  { features }: CompiledDomain,
  columns: readonly Column[],
): Postings | undefined {
  const all = features.reduce((sum, { weight }) => sum + weight, 0);
  for (const [feature, column] of columns.entries()) {
    const share = (features[feature]?.weight ?? 0) / all;
    if (column instanceof TermsColumn && share >= POSTINGS_MIN_SHARE) {
      return new Postings(feature, column);
    }
  }
  return undefined;
}
