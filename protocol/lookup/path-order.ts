/**
 * The rows of one branch of a tree in path order. Beside each row lie the first four symbols of its path as one number:
 * nearly every comparison ends there, and is spared the signature, which lies anywhere in memory.
 */
import { MISSING } from "../features/index.ts";
import { capacityFor } from "./capacity.ts";
import type { PackedSignatures } from "./packed-signatures.ts";

const PREFIX_SYMBOLS = 4;
/** With a prefix of 32 bits in front, a row's place among so many is still a whole number in a double. */
const SORTED_MAX = 2 ** 20;

export class PathOrder {
  readonly #positions: Uint16Array;
  readonly #signatures: PackedSignatures;
  #rows = new Uint32Array(0);
  #prefixes = new Uint32Array(0);
  /** Rows that there are: the arrays have room for more. */
  #count = 0;

  constructor(positions: Uint16Array, signatures: PackedSignatures) {
    this.#positions = positions;
    this.#signatures = signatures;
  }

  /** Brings rows in, in ascending order and above those that are there. Of equal paths the lower row comes first. */
  insert(added: readonly number[]): void {
    for (let from = 0; from < added.length; from += SORTED_MAX) {
      this.#merge(this.#sort(added.slice(from, from + SORTED_MAX)));
    }
  }

  /**
   * Gives rows to `take` until it says false: those whose path shares the longest beginning with the query's first, at
   * least `least` symbols. A symbol that the query lacks ends what is shared.
   */
  nearest(query: Uint8Array, least: number, take: (row: number) => boolean): void {
    const rows = this.#rows;
    const prefix = this.#prefixOf(query, 0);
    const known = this.#presentAtStart(query);
    const depthAt = (at: number): number => this.#sharedDepth(at, query, prefix, known);
    let left = this.#lowerBound(query, prefix) - 1;
    let right = left + 1;
    let leftDepth = depthAt(left);
    let rightDepth = depthAt(right);
    for (;;) {
      if (Math.max(leftDepth, rightDepth) < least) return;
      let row: number | undefined;
      if (leftDepth > rightDepth) {
        row = rows[left--];
        leftDepth = depthAt(left);
      } else {
        row = rows[right++];
        rightDepth = depthAt(right);
      }
      if (row === undefined || !take(row)) return;
    }
  }

  /** Symbols that the path at `at` shares with the query's from its start; -1 where there is none. */
  #sharedDepth(at: number, query: Uint8Array, prefix: number, known: number): number {
    if (at < 0 || at >= this.#count) return -1;
    const shared = Math.clz32((this.#prefixes[at] ?? 0) ^ prefix) >>> 3;
    if (shared < PREFIX_SYMBOLS || known < PREFIX_SYMBOLS) return Math.min(shared, known);
    const { bytes, stride } = this.#signatures;
    const offset = (this.#rows[at] ?? 0) * stride;
    const positions = this.#positions;
    let depth = PREFIX_SYMBOLS;
    while (depth < positions.length) {
      const position = positions[depth] ?? 0;
      const symbol = query[position];
      if (symbol === MISSING || symbol !== bytes[offset + position]) break;
      depth += 1;
    }
    return depth;
  }

  /** Symbols of the prefix that the query has before one that it lacks. */
  #presentAtStart(query: Uint8Array): number {
    const lacking = this.#positions
      .subarray(0, PREFIX_SYMBOLS)
      .findIndex((position) => query[position] === MISSING);
    return lacking < 0 ? PREFIX_SYMBOLS : lacking;
  }

  /** The place of the first row whose path is not before the query's. */
  #lowerBound(query: Uint8Array, prefix: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const held = this.#prefixes[middle] ?? 0;
      const isBefore =
        held === prefix ? this.#comparePaths(this.#rows[middle] ?? 0, query, 0) < 0 : held < prefix;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rows with their prefixes, in path order. */
  #sort(added: readonly number[]): { rows: Uint32Array; prefixes: Uint32Array } {
    const { bytes, stride } = this.#signatures;
    const keys = new Float64Array(added.length);
    for (const [i, row] of added.entries()) {
      keys[i] = this.#prefixOf(bytes, row * stride) * SORTED_MAX + i;
    }
    // Numbers sort many times as fast as by a function.
    keys.sort();
    const rows = new Uint32Array(added.length);
    const prefixes = new Uint32Array(added.length);
    for (const [i, key] of keys.entries()) {
      rows[i] = added[key % SORTED_MAX] ?? 0;
      prefixes[i] = Math.floor(key / SORTED_MAX);
    }
    for (let from = 0; from < rows.length;) {
      let to = from + 1;
      while (to < rows.length && prefixes[to] === prefixes[from]) to += 1;
      if (to > from + 1) {
        rows.subarray(from, to).sort((a, b) => this.#comparePaths(a, bytes, b * stride) || a - b);
      }
      from = to;
    }
    return { rows, prefixes };
  }

  /** From the last on, so that each row that is there moves once, to its place. */
  #merge(added: { rows: Uint32Array; prefixes: Uint32Array }): void {
    let end = this.#count;
    this.#grow(end + added.rows.length);
    for (let i = added.rows.length - 1; i >= 0; i--) {
      const row = added.rows[i] ?? 0;
      const prefix = added.prefixes[i] ?? 0;
      const place = this.#upperBound(end, row, prefix);
      this.#rows.copyWithin(place + i + 1, place, end);
      this.#prefixes.copyWithin(place + i + 1, place, end);
      this.#rows[place + i] = row;
      this.#prefixes[place + i] = prefix;
      end = place;
    }
    this.#count += added.rows.length;
  }

  #grow(count: number): void {
    if (count <= this.#rows.length) return;
    const capacity = capacityFor(count, this.#rows.length);
    const rows = new Uint32Array(capacity);
    rows.set(this.#rows);
    this.#rows = rows;
    const prefixes = new Uint32Array(capacity);
    prefixes.set(this.#prefixes);
    this.#prefixes = prefixes;
  }

  /** The first place before `end` whose row's path is after that of `row`. */
  #upperBound(end: number, row: number, prefix: number): number {
    const { bytes, stride } = this.#signatures;
    let low = 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const held = this.#prefixes[middle] ?? 0;
      const isAfter =
        held === prefix
          ? this.#comparePaths(this.#rows[middle] ?? 0, bytes, row * stride) > 0
          : held > prefix;
      if (isAfter) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first symbols of the path of the signature at `offset` of `symbols`, the first of them on top. */
  #prefixOf(symbols: Uint8Array, offset: number): number {
    let prefix = 0;
    for (let depth = 0; depth < PREFIX_SYMBOLS; depth++) {
      prefix = (prefix << 8) | (symbols[offset + (this.#positions[depth] ?? 0)] ?? 0);
    }
    return prefix >>> 0;
  }

  /** Negative, 0 or positive, as the row's path is before, at or after that of the signature at `offset` of `symbols`. */
  #comparePaths(row: number, symbols: Uint8Array, offset: number): number {
    const { bytes, stride } = this.#signatures;
    const start = row * stride;
    for (const position of this.#positions) {
      const difference = (bytes[start + position] ?? 0) - (symbols[offset + position] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
