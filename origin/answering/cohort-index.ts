/** The cohorts of one domain in memory: forms those that are due, and finds the most similar ones. */
import { setImmediate } from "node:timers/promises";
import {
  encodeKnown,
  similarity,
  type AggregateCell,
  type CompiledDomain,
  type EncodedProfile,
} from "../../protocol/index.ts";
import {
  coarsenScore,
  formCohorts,
  stratumOf,
  type DomainPolicy,
  type StoredCell,
} from "../policy/index.ts";
import { CategoryCounts } from "./category-counts.ts";
import type { Store } from "../store/index.ts";

interface HeldCohort {
  readonly number: number;
  readonly centre: EncodedProfile;
  readonly cell: StoredCell;
}

export class CohortIndex {
  readonly #store: Store;
  readonly #compiled: CompiledDomain;
  readonly #policy: DomainPolicy;
  readonly #counts: CategoryCounts;
  #cohorts: readonly HeldCohort[] = [];
  #seq = -1;
  #running: Promise<void> | undefined;

  constructor(store: Store, compiled: CompiledDomain, policy: DomainPolicy) {
    this.#store = store;
    this.#compiled = compiled;
    this.#policy = policy;
    this.#counts = new CategoryCounts(store, compiled.id);
  }

  /** Individuals in all cohorts. */
  get individuals(): number {
    return this.#cohorts.reduce((sum, { cell }) => sum + cell.individuals, 0);
  }

  /** Whether the store has changed since the cohorts were looked at. */
  get isBehind(): boolean {
    return this.#store.lastSeq() !== this.#seq;
  }

  /** Follows the store: drops what was dissolved, and forms cohorts of records that are in none where they suffice. */
  async refresh(): Promise<void> {
    if (!this.isBehind) return;
    await (this.#running ??= this.#follow().finally(() => {
      this.#running = undefined;
    }));
  }

  /** The most similar cohorts, best first, until `k` individuals are in them; none that is not similar at all. */
  nearest(query: EncodedProfile, k: number): AggregateCell[] {
    const ranked = this.#cohorts
      .map(({ number, centre, cell }) => ({
        number,
        cell,
        score: similarity(this.#compiled, query, centre).score,
      }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score || a.number - b.number);
    const cells: AggregateCell[] = [];
    let individuals = 0;
    for (const { cell, score } of ranked) {
      if (individuals >= k) break;
      individuals += cell.individuals;
      const { scoreStep } = this.#policy.fields;
      cells.push({ ...cell, similarity: coarsenScore(score, scoreStep) });
    }
    return cells;
  }

  async #follow(): Promise<void> {
    const { id } = this.#compiled;
    // What changes from here on is newer than `seq`, and followed by the next call.
    const seq = this.#store.lastSeq();
    if (this.#store.countFree(id) >= this.#policy.minimumGroupSize) {
      const known = new Set(
        this.#store.cohorts(id).map(({ cell }) => stratumOf(cell.intervention)),
      );
      const formed = await formCohorts(this.#compiled, this.#store.freeRecords(id), {
        policy: this.#policy,
        countOf: {
          intervention: this.#counts.of("intervention"),
          result: this.#counts.of("result"),
        },
        known,
        pause: () => setImmediate(),
      });
      if (formed.length > 0) this.#store.addCohorts(id, formed);
    }
    this.#cohorts = this.#store.cohorts(id).map(({ number, centre, cell }) => ({
      number,
      cell,
      centre: encodeKnown(this.#compiled, centre),
    }));
    this.#seq = seq;
  }
}
