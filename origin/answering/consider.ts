/** From a query to what policy lets out of it. Used by the live path and by the dry run alike. */
import {
  encodeProfile,
  Refusal,
  type Aggregate,
  type Decision,
  type DomainId,
  type Issue,
  type OriginQuery,
  type OutcomeResult,
} from "../../protocol/index.ts";
import { dayOf, decide, type Asker, type DomainPolicy } from "../policy/index.ts";
import type { RankingIndex } from "../ranking/index.ts";
import type { Store } from "../store/index.ts";
import type { CategoryCounts } from "./category-counts.ts";
import type { CohortIndex } from "./cohort-index.ts";
import { singleResults } from "./single-results.ts";

/** As many as an answer may carry. */
const WARNINGS_MAX = 1000;
const WITHHELD: Issue = {
  path: "",
  message: "an origin withheld its answer: too few individuals are behind it",
};

/** What one origin answers from. */
export interface Holdings {
  readonly store: Store;
  /** One a domain that this origin serves; likewise the others. */
  readonly indexes: ReadonlyMap<DomainId, RankingIndex>;
  readonly policies: ReadonlyMap<DomainId, DomainPolicy>;
  /** Where policy gives no single results. */
  readonly cohorts: ReadonlyMap<DomainId, CohortIndex>;
  readonly counts: ReadonlyMap<DomainId, CategoryCounts>;
  readonly now: () => number;
}

export interface Consideration {
  readonly asker: Asker;
  readonly query: OriginQuery;
  /** Whether it counts against the asker's quota. */
  readonly counts: boolean;
  /** Throws where the asker no longer waits. */
  readonly requireTime: () => void;
}

export interface Considered {
  readonly decision: Decision;
  readonly results: readonly OutcomeResult[];
  readonly aggregate?: Aggregate;
  readonly warnings: readonly Issue[];
  /** The asker's queries today, this one included where it counts. */
  readonly usedToday: number;
  readonly perDay: number;
}

/** Throws a `Refusal` where the query is not one that policy could decide on: of an unknown domain, or misfitting it. */
export async function considerQuery(
  holdings: Holdings,
  { asker, query, counts, requireTime }: Consideration,
): Promise<Considered> {
  const { store, now } = holdings;
  const index = holdings.indexes.get(query.domain);
  const policy = holdings.policies.get(query.domain);
  const cohorts = holdings.cohorts.get(query.domain);
  const categories = holdings.counts.get(query.domain);
  if (!index || !policy || !categories) throw new Refusal("unknown-domain");
  await cohorts?.refresh();
  const day = dayOf(now());
  const { node } = asker;
  const usedToday = node === undefined ? 0 : store.quotas.used(node, query.domain, day);
  const decision = decide(policy, {
    asker,
    purpose: query.purpose,
    excludes: query.excludeGroups !== undefined && query.excludeGroups.length > 0,
    usedToday,
    individuals: cohorts?.individuals ?? 0,
  });
  const { queriesPerDay: perDay, minimumGroupSize } = policy;
  const nothing = { decision, results: [], warnings: [], usedToday, perDay };
  if (decision.outcome === "refused") return nothing;
  const profile = encodeProfile(index.compiled, query.profile);
  // Paths as the gateway gives them, so that a requester hears of one unknown term once.
  if (!profile.ok) throw new Refusal("bad-profile", { errors: profile.error });
  requireTime();
  // Between the quota's reading and here nothing else runs.
  if (counts && node !== undefined) store.quotas.count(node, query.domain, day);
  const { values, warnings: all } = profile.value;
  const warnings = all.slice(0, WARNINGS_MAX);
  const known = { ...nothing, usedToday: usedToday + (counts ? 1 : 0), warnings };
  switch (decision.outcome) {
    case "withheld":
      return { ...known, warnings: [...warnings.slice(0, WARNINGS_MAX - 1), WITHHELD] };
    case "aggregate": {
      const cells = cohorts?.nearest(values, query.k) ?? [];
      return { ...known, aggregate: { minimumGroupSize, cells } };
    }
    case "released": {
      const source = { store, index, policy, counts: categories };
      return { ...known, results: await singleResults(source, values, query) };
    }
  }
}
