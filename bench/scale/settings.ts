/** How far lookups reach: the same signatures and trees, read in fewer or more branches, with fewer or more candidates. */
import type { RoutingPlan } from "../../protocol/index.ts";

export interface Setting {
  readonly branches: number;
  /** Of each branch. */
  readonly candidates: number;
}

/** As the rare-disease example has it. */
export const DEFAULT_SETTING: Setting = { branches: 4, candidates: 50 };

/**
 * In the order of trying: each compares more rows for the same lookup requests, since a shard compares a million rows
 * in less time than a request takes. A domain has 16 branches at most.
 */
export const SETTINGS: readonly Setting[] = [
  DEFAULT_SETTING,
  { branches: 16, candidates: 50 },
  { branches: 16, candidates: 200 },
];

export const CANDIDATES_MAX = Math.max(...SETTINGS.map(({ candidates }) => candidates));

export function planWith(plan: RoutingPlan, { branches, candidates }: Setting): RoutingPlan {
  return {
    ...plan,
    candidates,
    branches: plan.branches.map((orders) => orders.slice(0, branches)),
  };
}

export function settingName({ branches, candidates }: Setting): string {
  return `${branches} x ${candidates}`;
}
