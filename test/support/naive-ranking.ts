/** Ranking by its definition: every record's similarity, sorted. What the origin's index must agree with to the last bit. */
import type { RankableRecord, Ranked } from "../../origin/ranking/index.ts";
import {
  compareText,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
} from "../../protocol/index.ts";

export function rankNaively(
  compiled: CompiledDomain,
  records: Iterable<RankableRecord>,
  query: EncodedProfile,
  k: number,
  excludeGroups: readonly string[] = [],
): Ranked[] {
  return [...records]
    .filter(({ group }) => group === undefined || !excludeGroups.includes(group))
    .map(({ number, reference, group, profile }) => ({
      number,
      reference,
      group,
      ...similarity(compiled, query, profile),
    }))
    .toSorted((a, b) => b.score - a.score || compareText(a.reference, b.reference))
    .slice(0, k);
}
