/**
 * Computes scores of rows, a batch at a time and a feature at a time, the cheap ones first, and gives a row up as
 * soon as the features still to come can not bring it among the best. What is not given up gets the score that
 * `similarity` of the protocol gives, to the last bit: kernels are the domain's own, summed in the same order.
 */
import type { EncodedProfile } from "../../protocol/index.ts";
import { Best } from "./best.ts";
import { BOUND_ERROR, type Probe } from "./columns/index.ts";
import { BLOCK_ROWS } from "./rows.ts";
import type { Table } from "./table.ts";

interface Part {
  readonly feature: number;
  readonly weight: number;
  readonly probe: Probe;
  /** Of the batch's rows, by their place in it. */
  readonly kernels: Float64Array;
}

/** What is known of a batch's rows before any of their values is read. */
export interface KnownBounds {
  readonly feature: number;
  /** No kernel of the feature is greater, by the row's place in the batch. */
  readonly kernels: Float64Array;
}

/** What a kernel of each kind costs, roughly and relatively. */
const COST = { numeric: 1, ordinal: 1, category: 1, set: 2, vector: 3, terms: 4 } as const;

export class Evaluator {
  readonly best: Best;
  /** Of the best rows, so many are asked for. */
  readonly k: number;
  readonly #table: Table;
  /** In the order of the domain's features: those that the query has. */
  readonly #parts: readonly Part[];
  /** The same, as they are computed. */
  readonly #ordered: readonly Part[];
  /** Numbers of groups that are left out. */
  readonly #excluded: ReadonlySet<number>;
  readonly #total: number;
  readonly #places = new Uint32Array(BLOCK_ROWS);
  readonly #rows = new Uint32Array(BLOCK_ROWS);
  readonly #mass = new Float64Array(BLOCK_ROWS);
  readonly #column = new Float64Array(BLOCK_ROWS);

  constructor(table: Table, query: EncodedProfile, k: number, excludeGroups: readonly string[]) {
    const { features, domain } = table.compiled;
    this.#table = table;
    this.k = k;
    this.best = new Best(table, k);
    this.#excluded = new Set(excludeGroups.flatMap((group) => table.groupNumber(group) ?? []));
    this.#parts = features.flatMap(({ weight }, feature) => {
      const asked = query[feature];
      const probe = asked === undefined ? undefined : table.columns[feature]?.probe(asked);
      return probe ? [{ feature, weight, probe, kernels: new Float64Array(BLOCK_ROWS) }] : [];
    });
    const costOf = ({ feature }: Part): number => COST[domain.features[feature]?.kind ?? "terms"];
    this.#ordered = this.#parts.toSorted((a, b) => costOf(a) - costOf(b) || b.weight - a.weight);
    this.#total = this.#parts.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** Sum of the weights of the query's features: what a score of 1 is of. */
  get total(): number {
    return this.#total;
  }

  /** Weight times kernel, summed, that a row needs at least; bounds below it rule a row out. */
  get needed(): number {
    return (this.best.threshold - BOUND_ERROR) * this.#total;
  }

  /** At least the weight times kernel, summed, of every row of each block. */
  boundBlocks(first: number, end: number): Float64Array {
    const bounds = new Float64Array(end);
    for (const { weight, probe } of this.#parts) {
      for (let block = first; block < end; block++) {
        bounds[block] = (bounds[block] ?? 0) + weight * probe.bound(block);
      }
    }
    return bounds;
  }

  /**
   * Offers those of the first `count` rows that may be among the best; at most `BLOCK_ROWS`. `known` says of one
   * feature what each row's kernel is at most.
   */
  evaluate(rows: Uint32Array, count: number, known?: KnownBounds): void {
    let left = this.#begin(rows, count, known);
    const needed = this.needed;
    for (const part of this.#ordered) {
      if (left === 0) return;
      const { weight, probe, kernels } = part;
      if (known && part.feature === known.feature) {
        for (let i = 0; i < left; i++) {
          this.#mass[i] =
            (this.#mass[i] ?? 0) + weight * (1 - (known.kernels[this.#places[i] ?? 0] ?? 0));
        }
      }
      if (probe.bounds) {
        probe.bounds(this.#rows, left, this.#column);
        left = this.#keep(left, needed, weight, false);
      }
      probe.kernels(this.#rows, left, this.#column);
      for (let i = 0; i < left; i++) kernels[this.#places[i] ?? 0] = this.#column[i] ?? 0;
      left = this.#keep(left, needed, weight, true);
    }
    for (let i = 0; i < left; i++) {
      const place = this.#places[i] ?? 0;
      let sum = 0;
      let weights = 0;
      for (const { weight, kernels } of this.#parts) {
        sum += weight * (kernels[place] ?? 0);
        weights += weight;
      }
      const score = weights === 0 ? 0 : sum / weights;
      if (score >= this.best.threshold) this.best.offer(this.#rows[i] ?? 0, score);
    }
  }

  /** Per feature of the domain, as an answer tells them. */
  kernelsOf(row: number): (number | undefined)[] {
    const kernels = this.#table.columns.map((): number | undefined => undefined);
    for (const { feature, probe } of this.#parts) {
      probe.kernels(Uint32Array.of(row), 1, this.#column);
      kernels[feature] = this.#column[0];
    }
    return kernels;
  }

  /** Takes over the rows that hold a record which is not left out. */
  #begin(rows: Uint32Array, count: number, known: KnownBounds | undefined): number {
    const { numbers, groups } = this.#table;
    const weight = known ? (this.#table.compiled.features[known.feature]?.weight ?? 0) : 0;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] ?? 0;
      if (numbers[row] === 0) continue;
      if (this.#excluded.size > 0 && this.#excluded.has(groups[row] ?? 0)) continue;
      this.#rows[left] = row;
      this.#places[left] = i;
      this.#mass[left] = this.#total - weight * (1 - (known?.kernels[i] ?? 1));
      left += 1;
    }
    return left;
  }

  /** Drops rows that fall below `needed` by what `#column` says of one feature. */
  #keep(count: number, needed: number, weight: number, isExact: boolean): number {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const before = this.#mass[i] ?? 0;
      const mass = before - weight * (1 - (this.#column[i] ?? 0));
      if (mass < needed) continue;
      this.#rows[kept] = this.#rows[i] ?? 0;
      this.#places[kept] = this.#places[i] ?? 0;
      this.#mass[kept] = isExact ? mass : before;
      kept += 1;
    }
    return kept;
  }
}
