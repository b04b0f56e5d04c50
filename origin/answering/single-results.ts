/** Single results, as exact as policy lets them be. The only place where records are ranked. */
import {
  coarsenProfile,
  compareText,
  type EncodedProfile,
  type OriginQuery,
  type OutcomeResult,
} from "../../protocol/index.ts";
import { coarsenDate, coarsenScore, coarsenValues, type DomainPolicy } from "../policy/index.ts";
import type { Ranked, RankingIndex } from "../ranking/index.ts";
import type { Store } from "../store/index.ts";
import type { CategoryCounts } from "./category-counts.ts";

export async function singleResults(
  {
    store,
    index,
    policy,
    counts,
  }: {
    readonly store: Store;
    readonly index: RankingIndex;
    readonly policy: DomainPolicy;
    readonly counts: CategoryCounts;
  },
  profile: EncodedProfile,
  { k, excludeGroups }: OriginQuery,
): Promise<OutcomeResult[]> {
  const { compiled } = index;
  const { fields } = policy;
  await index.refresh();
  const asked = coarsenProfile(compiled, profile, fields.queryCoarseness);
  const resultOf = ({ number, reference, score, kernels }: Ranked): OutcomeResult[] => {
    const outcome = store.outcome(number);
    // Removed by another process since the ranking.
    if (!outcome) return [];
    const features: Record<string, number> = {};
    for (const [i, feature] of compiled.features.entries()) {
      const kernel = kernels[i];
      if (kernel === undefined || !fields.breakdown) continue;
      features[feature.name] = coarsenScore(kernel, fields.scoreStep);
    }
    const { intervention, result } = compiled.domain;
    const observedAt = coarsenDate(outcome.observed_at, fields.observedAt);
    return [
      {
        reference,
        score: coarsenScore(score, fields.scoreStep),
        features,
        intervention: coarsenValues(
          fields.intervention,
          intervention,
          outcome.intervention,
          counts.of("intervention"),
        ),
        result: coarsenValues(fields.result, result, outcome.result, counts.of("result")),
        ...(observedAt !== undefined && { observedAt }),
      },
    ];
  };
  // Once more, by what is told: the exact order would tell more.
  return index
    .rank(asked, k, excludeGroups)
    .flatMap(resultOf)
    .toSorted((a, b) => b.score - a.score || compareText(a.reference, b.reference));
}
