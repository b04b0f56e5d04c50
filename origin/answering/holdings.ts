/** What one origin answers from, put together from its store and its policies. */
import type { CompiledDomain, DomainId } from "../../protocol/index.ts";
import type { DomainPolicy } from "../policy/index.ts";
import { RecordIndex } from "../record-index.ts";
import type { Store } from "../store/index.ts";
import { CategoryCounts } from "./category-counts.ts";
import { CohortIndex } from "./cohort-index.ts";
import type { Holdings } from "./consider.ts";

export function createHoldings(
  store: Store,
  domains: readonly CompiledDomain[],
  policies: ReadonlyMap<DomainId, DomainPolicy>,
  now: () => number,
): Holdings {
  const cohorts = new Map<DomainId, CohortIndex>();
  for (const compiled of domains) {
    const policy = policies.get(compiled.id);
    if (!policy || policy.minimumGroupSize === 1) continue;
    cohorts.set(compiled.id, new CohortIndex(store, compiled, policy));
  }
  const indexes = new Map(domains.map((d) => [d.id, new RecordIndex(store, d)]));
  const counts = new Map(domains.map(({ id }) => [id, new CategoryCounts(store, id)]));
  return { store, indexes, policies, cohorts, counts, now };
}
