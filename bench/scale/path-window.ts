/**
 * Which records a tree's lookup can come to: of those with the query's root key, the nearest to its path on either
 * side. What lies further is passed over as it comes, so that millions of records leave a few thousand numbers.
 */
import { SYMBOL_VALUES } from "../../protocol/index.ts";

/** Symbols that order records, after the root's: as many as a double holds exactly. */
const DIGITS = 6;
const BASE = SYMBOL_VALUES + 1;

/** The nearest rows of one side, and some that are to be dropped. */
class Side {
  readonly #keep: number;
  #distances = new Float64Array(256);
  #rows = new Uint32Array(256);
  #count = 0;
  /** Further is too far. */
  #bound = Infinity;

  constructor(keep: number) {
    this.#keep = keep;
  }

  offer(distance: number, row: number): void {
    if (distance > this.#bound) return;
    if (this.#count === this.#rows.length) this.#makeRoom();
    this.#distances[this.#count] = distance;
    this.#rows[this.#count] = row;
    this.#count += 1;
  }

  /** Nearest first. */
  sorted(): { readonly distances: Float64Array; readonly rows: Uint32Array } {
    const distances = this.#distances.subarray(0, this.#count);
    const rows = this.#rows.subarray(0, this.#count);
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i).toSorted(
      (a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || (rows[a] ?? 0) - (rows[b] ?? 0),
    );
    return {
      distances: Float64Array.from(order, (i) => distances[i] ?? 0),
      rows: Uint32Array.from(order, (i) => rows[i] ?? 0),
    };
  }

  #makeRoom(): void {
    if (this.#count >= 1.5 * this.#keep) this.#drop();
    // Many at the same distance: none of them may be dropped.
    if (this.#count < 0.9 * this.#rows.length) return;
    const capacity = Math.ceil(1.5 * this.#rows.length);
    const distances = new Float64Array(capacity);
    distances.set(this.#distances);
    this.#distances = distances;
    const rows = new Uint32Array(capacity);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  #drop(): void {
    this.#bound = this.#distances.slice(0, this.#count).toSorted()[this.#keep - 1] ?? Infinity;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const distance = this.#distances[i] ?? 0;
      if (distance > this.#bound) continue;
      this.#distances[kept] = distance;
      this.#rows[kept] = this.#rows[i] ?? 0;
      kept += 1;
    }
    this.#count = kept;
  }
}

export class PathWindow {
  readonly #key: number;
  /** What the path reads after the key's symbols, and the query's signature. */
  readonly #rest: Uint16Array;
  readonly #query: Uint8Array;
  readonly #before: Side;
  readonly #after: Side;

  constructor(key: number, rest: Uint16Array, query: Uint8Array, keep: number) {
    this.#key = key;
    this.#rest = rest;
    this.#query = query;
    this.#before = new Side(keep);
    this.#after = new Side(keep);
  }

  offer(key: number, row: number, signature: Uint8Array): void {
    const difference = key - this.#key || this.#further(signature);
    if (difference < 0) this.#before.offer(-difference, row);
    else this.#after.offer(difference, row);
  }

  /** The `count` rows that a lookup comes to first: from the side that shares more of the path, as TreeIndex has it. */
  nearest(count: number): Uint32Array {
    const before = this.#before.sorted();
    const after = this.#after.sorted();
    const total = Math.min(count, before.rows.length + after.rows.length);
    const rows = new Uint32Array(total);
    let i = 0;
    let j = 0;
    for (let taken = 0; taken < total; taken++) {
      const left = before.distances[i];
      const right = after.distances[j];
      const leftDepth = left === undefined ? -1 : this.#sharedDigits(-left);
      const rightDepth = right === undefined ? -1 : this.#sharedDigits(right);
      rows[taken] = (leftDepth > rightDepth ? before.rows[i++] : after.rows[j++]) ?? 0;
    }
    return rows;
  }

  /** Where the keys are equal: in (-1, 1), below 0 where the signature comes first, nearer to 0 the more is shared. */
  #further(signature: Uint8Array): number {
    const at = this.#rest.findIndex((position) => signature[position] !== this.#query[position]);
    if (at < 0) return 0;
    const position = this.#rest[at] ?? 0;
    return Math.sign((signature[position] ?? 0) - (this.#query[position] ?? 0)) * 2 ** -(at + 1);
  }

  #sharedDigits(difference: number): number {
    // What shares all digits differs by a fraction that says after how many symbols it does.
    if (Math.abs(difference) < 1) return DIGITS - Math.log2(Math.abs(difference));
    let a = this.#key;
    let b = this.#key + difference;
    let shared = DIGITS;
    for (let digit = DIGITS - 1; digit >= 0; digit--) {
      if (a % BASE !== b % BASE) shared = digit;
      a = Math.floor(a / BASE);
      b = Math.floor(b / BASE);
    }
    return shared;
  }
}

/** The windows of all queries in one tree. */
export class TreeWindows {
  /** By query, then by branch. */
  readonly windows: readonly (readonly PathWindow[])[];
  readonly #branches: readonly Uint16Array[];
  readonly #rootDepth: number;
  /** By the first symbol of the path, the queries that have it. */
  readonly #rooted: readonly {
    readonly query: Uint8Array;
    readonly windows: readonly PathWindow[];
  }[][];

  /** `branches` are the tree's; `keep` rows at least are kept on each side of each query. */
  constructor(
    branches: readonly Uint16Array[],
    queries: readonly Uint8Array[],
    rootDepth: number,
    keep: number,
  ) {
    this.#branches = branches;
    this.#rootDepth = rootDepth;
    this.windows = queries.map((query) =>
      branches.map((order) => {
        const rest = order.subarray(rootDepth + DIGITS);
        return new PathWindow(this.#keyOf(order, query), rest, query, keep);
      }),
    );
    this.#rooted = Array.from({ length: BASE }, (_, symbol) =>
      queries.flatMap((query, i) => {
        const windows = this.windows[i];
        return windows && query[branches[0]?.[0] ?? 0] === symbol ? [{ query, windows }] : [];
      }),
    );
  }

  offer(signature: Uint8Array, row: number): void {
    const rooted = this.#rooted[signature[this.#branches[0]?.[0] ?? 0] ?? 0];
    if (!rooted || rooted.length === 0) return;
    for (let branch = 0; branch < this.#branches.length; branch++) {
      const order = this.#branches[branch];
      const key = order ? this.#keyOf(order, signature) : 0;
      for (let i = 0; i < rooted.length; i++) {
        const entry = rooted[i];
        if (entry && this.#hasRootOf(signature, entry.query)) {
          entry.windows[branch]?.offer(key, row, signature);
        }
      }
    }
  }

  #hasRootOf(signature: Uint8Array, query: Uint8Array): boolean {
    for (let depth = 1; depth < this.#rootDepth; depth++) {
      const at = this.#branches[0]?.[depth] ?? 0;
      if (signature[at] !== query[at]) return false;
    }
    return true;
  }

  #keyOf(order: Uint16Array, signature: Uint8Array): number {
    let key = 0;
    for (let i = this.#rootDepth; i < this.#rootDepth + DIGITS; i++) {
      key = key * BASE + (signature[order[i] ?? 0] ?? 0);
    }
    return key;
  }
}
