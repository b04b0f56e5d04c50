/**
 * The LSH Forest of one domain (Bawa, Condie & Ganesan 2005) over packed signatures: per branch of a tree the rows in
 * path order, so that a lookup is a binary search and a scan outward over bytes. Rows are numbers; what
 * they stand for is the caller's. Memory only: storage is the truth and this is rebuilt from it.
 */
import type { RoutingPlan } from "../signature/plan.ts";
import { capacityFor } from "./capacity.ts";
import { PackedSignatures } from "./packed-signatures.ts";
import { PathOrder } from "./path-order.ts";

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

/** No origin takes more than this share of a branch's candidates, so that one cannot crowd out the others. */
const ORIGIN_SHARE = 1 / 4;
/** Rows looked at for each candidate taken, at most: bounds a lookup where most rows are dead or over their share. */
const SCAN_FACTOR = 4;

/** Stands for the origin of a row that was removed. */
const REMOVED = 0xffffffff;

export class TreeIndex {
  readonly plan: RoutingPlan;
  readonly #signatures: PackedSignatures;
  #origins = new Uint32Array(0);
  #rowCount = 0;
  #removedCount = 0;
  /** Origin numbers are below this. */
  #originsEnd = 0;
  /** Per tree, its branches. */
  readonly #trees: readonly (readonly PathOrder[])[];

  constructor(plan: RoutingPlan) {
    this.plan = plan;
    this.#signatures = new PackedSignatures(plan);
    this.#trees = plan.branches.map((orders) =>
      orders.map((order) => new PathOrder(order, this.#signatures)),
    );
  }

  /** Rows that can be found. */
  get size(): number {
    return this.#rowCount - this.#removedCount;
  }

  /** Rows that were removed: they still take memory. */
  get removed(): number {
    return this.#removedCount;
  }

  /** Adds rows; returns the number of the first, the others follow. */
  insert(rows: readonly IndexRow[]): number {
    const first = this.#rowCount;
    this.#grow(first + rows.length);
    const added: number[][] = this.#trees.map(() => []);
    for (const [i, { signature, origin, trees }] of rows.entries()) {
      this.#signatures.set(first + i, signature);
      this.#origins[first + i] = origin;
      this.#originsEnd = Math.max(this.#originsEnd, origin + 1);
      for (const tree of trees) added[tree]?.push(first + i);
    }
    this.#rowCount = first + rows.length;
    for (const [tree, newRows] of added.entries()) {
      if (newRows.length === 0) continue;
      for (const branch of this.#trees[tree] ?? []) branch.insert(newRows);
    }
    return first;
  }

  /** A row's symbols; good until rows are added. */
  symbolsOf(row: number): Uint8Array {
    return this.#signatures.get(row);
  }

  /** The row is found no more. Its number stays used. */
  remove(row: number): void {
    if (row >= this.#rowCount || this.#origins[row] === REMOVED) return;
    this.#origins[row] = REMOVED;
    this.#removedCount += 1;
  }

  /** Takes the candidates of each branch nearest to the query's path, and ranks them all by estimate. */
  lookup(query: Uint8Array, trees: readonly number[], options: LookupOptions): Lookup {
    const found = this.#collect(query, trees, options.isLive);
    const packed = this.#signatures.pack(query);
    const byOrigin = new Map<number, { row: number; estimate: number }[]>();
    for (const row of found) {
      const estimate = this.#signatures.estimate(packed, row);
      const origin = this.#origins[row] ?? REMOVED;
      const best = byOrigin.get(origin);
      if (best) insertBest(best, row, estimate, options.rowsPerOrigin);
      else byOrigin.set(origin, [{ row, estimate }]);
    }
    const origins = Array.from(byOrigin, ([origin, rows]) => ({ origin, rows }))
      .toSorted((a, b) => (b.rows[0]?.estimate ?? 0) - (a.rows[0]?.estimate ?? 0))
      .slice(0, options.limit);
    return { origins, scanned: found.length };
  }

  /** The candidates of all branches, each row once. */
  #collect(
    query: Uint8Array,
    trees: readonly number[],
    isLive: (origin: number) => boolean,
  ): number[] {
    const { candidates, rootDepth } = this.plan;
    const share = Math.ceil(candidates * ORIGIN_SHARE);
    const found: number[] = [];
    const isFound = new Uint8Array(this.#rowCount);
    const taken = new Uint16Array(this.#originsEnd);
    const origins = this.#origins;
    for (const branch of trees.flatMap((tree) => this.#trees[tree] ?? [])) {
      taken.fill(0);
      let wanted = candidates;
      let steps = candidates * SCAN_FACTOR;
      branch.nearest(query, rootDepth, (row) => {
        steps -= 1;
        const origin = origins[row] ?? REMOVED;
        // A removed row's origin has no count, and so no share left.
        const ofOrigin = taken[origin] ?? share;
        if (ofOrigin < share && isLive(origin)) {
          taken[origin] = ofOrigin + 1;
          if (isFound[row] === 0) {
            isFound[row] = 1;
            found.push(row);
          }
          wanted -= 1;
        }
        return wanted > 0 && steps > 0;
      });
    }
    return found;
  }

  #grow(rows: number): void {
    this.#signatures.grow(rows);
    if (rows <= this.#origins.length) return;
    const origins = new Uint32Array(capacityFor(rows, this.#origins.length));
    origins.set(this.#origins);
    this.#origins = origins;
  }
}

function insertBest(
  best: { row: number; estimate: number }[],
  row: number,
  estimate: number,
  keep: number,
): void {
  if (best.length >= keep && estimate <= (best.at(-1)?.estimate ?? 0)) return;
  const at = best.findIndex((other) => estimate > other.estimate);
  best.splice(at < 0 ? best.length : at, 0, { row, estimate });
  if (best.length > keep) best.pop();
}
