/** What one origin answers from, put together from its store and its policies. */
import type { CompiledDomain, DomainId } from "../../protocol/index.ts";
import type { DomainPolicy } from "../policy/index.ts";
import { openRankingIndexes } from "../ranking/index.ts";
import type { Store } from "../store/index.ts";
import { CategoryCounts } from "./category-counts.ts";
import { CohortIndex } from "./cohort-index.ts";
import type { Holdings } from "./consider.ts";

export interface HoldingsOptions {
  readonly store: Store;
  readonly domains: readonly CompiledDomain[];
  readonly policies: ReadonlyMap<DomainId, DomainPolicy>;
  /** The store's file: what ranking reads is kept beside it. */
  readonly database: string;
  readonly now: () => number;
}

export async function createHoldings(options: HoldingsOptions): Promise<Holdings> {
  const { store, domains, policies, database, now } = options;
  const cohorts = new Map<DomainId, CohortIndex>();
  for (const compiled of domains) {
    const policy = policies.get(compiled.id);
    if (!policy || policy.minimumGroupSize === 1) continue;
    cohorts.set(compiled.id, new CohortIndex(store, compiled, policy));
  }
  const indexes = await openRankingIndexes(store, domains, database);
  const counts = new Map(domains.map(({ id }) => [id, new CategoryCounts(store, id)]));
  return { store, indexes, policies, cohorts, counts, now };
}
