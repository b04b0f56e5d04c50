/**
 * The LSH Forest of one domain (Bawa, Condie & Ganesan 2005) over packed signatures: per branch of a tree the rows in
 * path order, so that a lookup is a binary search and a scan outward over bytes. Rows are numbers; what
 * they stand for is the caller's. Memory only: storage is the truth and this is rebuilt from it.
 */
import { MISSING } from "../features/index.ts";
import type { RoutingPlan } from "../signature/plan.ts";
import { estimateAt, queryWeight } from "../signature/signature.ts";

export interface IndexRow {
  /** S symbols. */
  readonly signature: Uint8Array;
  /** A small number that stands for the row's origin: rows are grouped by it. */
  readonly origin: number;
  /** The trees in which the row can be found. */
  readonly trees: readonly number[];
}

export interface LookupOptions {
  /** Origins to return at most. */
  readonly limit: number;
  /** Best rows to return of each origin. */
  readonly rowsPerOrigin: number;
  /** False for an origin whose rows are to be passed over. */
  readonly isLive: (origin: number) => boolean;
}

export interface OriginRows {
  readonly origin: number;
  /** Best first, with the estimated similarity. */
  readonly rows: readonly { readonly row: number; readonly estimate: number }[];
}

export interface Lookup {
  /** Best first, by each origin's best row. */
  readonly origins: readonly OriginRows[];
  /** Rows compared with the query. */
  readonly scanned: number;
}

/** One order of a tree's positions, and the tree's rows in it. */
interface Branch {
  readonly order: Uint16Array;
  readonly rows: Uint32Array;
}

/** No origin takes more than this share of a branch's candidates, so that one cannot crowd out the others. */
const ORIGIN_SHARE = 1 / 4;
/** Rows looked at for each candidate taken, at most: bounds a lookup where most rows are dead or over their share. */
const SCAN_FACTOR = 4;

export class TreeIndex {
  readonly plan: RoutingPlan;
  #signatures = new Uint8Array(0);
  #origins = new Uint32Array(0);
  #rowCount = 0;
  readonly #removed = new Set<number>();
  /** Per tree and branch, its rows in path order. */
  readonly #trees: Uint32Array[][];

  constructor(plan: RoutingPlan) {
    this.plan = plan;
    this.#trees = plan.branches.map((orders) => orders.map(() => new Uint32Array(0)));
  }

  /** Rows that can be found. */
  get size(): number {
    return this.#rowCount - this.#removed.size;
  }

  /** Rows that were removed: they still take memory. */
  get removed(): number {
    return this.#removed.size;
  }

  /** Adds rows; returns the number of the first, the others follow. */
  insert(rows: readonly IndexRow[]): number {
    const first = this.#rowCount;
    this.#grow(first + rows.length);
    const added: number[][] = this.#trees.map(() => []);
    for (const [i, { signature, origin, trees }] of rows.entries()) {
      this.#signatures.set(signature, (first + i) * this.plan.symbols);
      this.#origins[first + i] = origin;
      for (const tree of trees) added[tree]?.push(first + i);
    }
    this.#rowCount = first + rows.length;
    for (const [tree, newRows] of added.entries()) {
      if (newRows.length === 0) continue;
      this.#trees[tree] = this.#branches(tree).map(({ order, rows: old }) =>
        this.#merge(order, old, newRows),
      );
    }
    return first;
  }

  /** The row is found no more. Its number stays used. */
  remove(row: number): void {
    this.#removed.add(row);
  }

  /** Takes the candidates of each branch nearest to the query's path, and ranks them all by estimate. */
  lookup(query: Uint8Array, trees: readonly number[], options: LookupOptions): Lookup {
    const found = new Set<number>();
    for (const branch of trees.flatMap((tree) => this.#branches(tree))) {
      this.#collect(branch, query, options.isLive, found);
    }
    const weight = queryWeight(this.plan, query);
    const byOrigin = new Map<number, { row: number; estimate: number }[]>();
    for (const row of found) {
      const offset = row * this.plan.symbols;
      const estimate = estimateAt(this.plan, query, this.#signatures, offset, weight);
      const origin = this.#origins[row] ?? 0;
      const best = byOrigin.get(origin) ?? [];
      insertBest(best, { row, estimate }, options.rowsPerOrigin);
      byOrigin.set(origin, best);
    }
    const origins = [...byOrigin]
      .map(([origin, rows]) => ({ origin, rows }))
      .toSorted((a, b) => (b.rows[0]?.estimate ?? 0) - (a.rows[0]?.estimate ?? 0))
      .slice(0, options.limit);
    return { origins, scanned: found.size };
  }

  #branches(tree: number): Branch[] {
    const rows = this.#trees[tree] ?? [];
    return (this.plan.branches[tree] ?? []).map((order, b) => ({
      order,
      rows: rows[b] ?? new Uint32Array(0),
    }));
  }

  #collect(
    { order, rows }: Branch,
    query: Uint8Array,
    isLive: (origin: number) => boolean,
    found: Set<number>,
  ): void {
    const { candidates, rootDepth } = this.plan;
    const share = Math.ceil(candidates * ORIGIN_SHARE);
    const taken = new Map<number, number>();
    let left = this.#lowerBound(order, rows, query) - 1;
    let right = left + 1;
    let leftDepth = this.#sharedDepth(order, rows[left], query);
    let rightDepth = this.#sharedDepth(order, rows[right], query);
    let wanted = candidates;
    for (let steps = candidates * SCAN_FACTOR; wanted > 0 && steps > 0; steps--) {
      if (Math.max(leftDepth, rightDepth) < rootDepth) break;
      let row: number | undefined;
      if (leftDepth > rightDepth) {
        row = rows[left--];
        leftDepth = this.#sharedDepth(order, rows[left], query);
      } else {
        row = rows[right++];
        rightDepth = this.#sharedDepth(order, rows[right], query);
      }
      if (row === undefined || this.#removed.has(row)) continue;
      const origin = this.#origins[row] ?? 0;
      const ofOrigin = taken.get(origin) ?? 0;
      if (ofOrigin >= share || !isLive(origin)) continue;
      taken.set(origin, ofOrigin + 1);
      found.add(row);
      wanted -= 1;
    }
  }

  /** Symbols that the row's path shares with the query's from its start; -1 where there is no row. */
  #sharedDepth(order: Uint16Array, row: number | undefined, query: Uint8Array): number {
    if (row === undefined) return -1;
    const offset = row * this.plan.symbols;
    const symbols = this.plan.symbols;
    let depth = 0;
    while (depth < symbols) {
      const at = order[depth] ?? 0;
      const symbol = query[at];
      if (symbol === MISSING || symbol !== this.#signatures[offset + at]) break;
      depth += 1;
    }
    return depth;
  }

  /** Position of the first row whose path is not before the query's. */
  #lowerBound(order: Uint16Array, rows: Uint32Array, query: Uint8Array): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const offset = (rows[middle] ?? 0) * this.plan.symbols;
      if (comparePaths(order, this.#signatures, offset, query, 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #merge(order: Uint16Array, old: Uint32Array, added: number[]): Uint32Array {
    const { symbols } = this.plan;
    const packed = this.#signatures;
    const compare = (a: number, b: number): number =>
      comparePaths(order, packed, a * symbols, packed, b * symbols);
    const sorted = added.toSorted((a, b) => compare(a, b) || a - b);
    const merged = new Uint32Array(old.length + added.length);
    let from = 0;
    let to = 0;
    for (const row of sorted) {
      const end = upperBound(old, from, (other) => compare(other, row) <= 0);
      merged.set(old.subarray(from, end), to);
      to += end - from;
      merged[to++] = row;
      from = end;
    }
    merged.set(old.subarray(from), to);
    return merged;
  }

  #grow(rows: number): void {
    if (rows <= this.#origins.length) return;
    const capacity = Math.max(rows, 2 * this.#origins.length);
    const signatures = new Uint8Array(capacity * this.plan.symbols);
    signatures.set(this.#signatures);
    this.#signatures = signatures;
    const origins = new Uint32Array(capacity);
    origins.set(this.#origins);
    this.#origins = origins;
  }
}

/** Negative, 0 or positive, as the path of the signature at `atA` of `a` is before, at or after that at `atB` of `b`. */
function comparePaths(
  order: Uint16Array,
  a: Uint8Array,
  atA: number,
  b: Uint8Array,
  atB: number,
): number {
  for (const position of order) {
    const difference = (a[atA + position] ?? 0) - (b[atB + position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first position from `from` on whose row is not `before`. */
function upperBound(rows: Uint32Array, from: number, before: (row: number) => boolean): number {
  let low = from;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(rows[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertBest(
  best: { row: number; estimate: number }[],
  candidate: { row: number; estimate: number },
  keep: number,
): void {
  const at = best.findIndex((other) => candidate.estimate > other.estimate);
  if (at >= 0) best.splice(at, 0, candidate);
  else if (best.length < keep) best.push(candidate);
  if (best.length > keep) best.pop();
}
