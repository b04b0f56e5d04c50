/** The exact answers to queries, over records that come one by one. */
import { FINDINGS } from "./population.ts";

export interface Neighbour {
  readonly record: number;
  readonly similarity: number;
}

/** Bins of similarity, of equal width. */
const BINS = 400;

/** Compares records with all queries at once, by Jaccard, as the domain's feature has it. */
export class Similarities {
  readonly #sizes: readonly number[];
  /** By finding, the queries that have it. */
  readonly #having: readonly (readonly number[])[];
  readonly #shared: Uint16Array;
  readonly #counts: readonly Uint32Array[];
  readonly #nearest: readonly NearestRecords[];

  constructor(queries: readonly Uint16Array[], k: number) {
    this.#sizes = queries.map(({ length }) => length);
    const having = Array.from({ length: FINDINGS }, () => new Array<number>());
    for (const [query, findings] of queries.entries()) {
      for (const finding of findings) having[finding]?.push(query);
    }
    this.#having = having;
    this.#shared = new Uint16Array(queries.length);
    this.#counts = queries.map(() => new Uint32Array(BINS));
    this.#nearest = queries.map(() => new NearestRecords(k));
  }

  /** `profile` has the record's findings, `size` of them. */
  offer(record: number, profile: Uint16Array, size: number): void {
    const shared = this.#shared;
    shared.fill(0);
    for (let i = 0; i < size; i++) {
      const having = this.#having[profile[i] ?? 0];
      if (!having) continue;
      for (const query of having) shared[query] = (shared[query] ?? 0) + 1;
    }
    for (let query = 0; query < shared.length; query++) {
      const both = shared[query] ?? 0;
      const similarity = both / (size + (this.#sizes[query] ?? 0) - both);
      const counts = this.#counts[query];
      const bin = Math.min(BINS - 1, Math.floor(similarity * BINS));
      if (counts) counts[bin] = (counts[bin] ?? 0) + 1;
      this.#nearest[query]?.offer(record, similarity);
    }
  }

  of(query: number): { readonly nearest: readonly Neighbour[]; readonly counts: Uint32Array } {
    return {
      nearest: this.#nearest[query]?.nearest ?? [],
      counts: this.#counts[query] ?? new Uint32Array(BINS),
    };
  }
}

/** The `k` most similar records, and those that are as similar as the k-th: each of them answers as well. */
export class NearestRecords {
  readonly #k: number;
  #nearest: Neighbour[] = [];
  #least = 0;

  constructor(k: number) {
    this.#k = k;
  }

  offer(record: number, similarity: number): void {
    if (similarity < this.#least || similarity === 0) return;
    const at = this.#nearest.findLastIndex((held) => held.similarity >= similarity) + 1;
    this.#nearest.splice(at, 0, { record, similarity });
    this.#least = this.#nearest[this.#k - 1]?.similarity ?? 0;
    if (this.#nearest.length > this.#k && this.#nearest.at(-1)?.similarity !== this.#least) {
      this.#nearest = this.#nearest.filter((held) => held.similarity >= this.#least);
    }
  }

  /** Most similar first. */
  get nearest(): readonly Neighbour[] {
    return this.#nearest;
  }
}

/** Share of the `k` best answers that are among records with `isFound`: of equally similar ones any will do. */
export function recallOf(
  nearest: readonly Neighbour[],
  k: number,
  isFound: (record: number) => boolean,
): number {
  const wanted = Math.min(k, nearest.length);
  const found = nearest.filter(({ record }) => isFound(record)).length;
  return wanted === 0 ? 1 : Math.min(found, wanted) / wanted;
}
