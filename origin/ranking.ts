/** Exact ranking: the records of one domain that are most similar to a query. */
import {
  compareText,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
} from "../protocol/index.ts";

/** A record as ranking reads it. */
export interface RankableRecord {
  /** Its number in the store. */
  readonly number: number;
  readonly reference: string;
  readonly group: string | undefined;
  readonly profile: EncodedProfile;
}

export interface RankableIndex {
  readonly compiled: CompiledDomain;
  records(): Iterable<RankableRecord>;
}

export interface Ranked {
  readonly record: RankableRecord;
  readonly score: number;
  /** Per feature of the domain; undefined where the query lacks it. */
  readonly kernels: readonly (number | undefined)[];
}

/** The `k` best, best first, equal scores by reference: the same for the same records, however they are held. */
export function rank(
  index: RankableIndex,
  query: EncodedProfile,
  k: number,
  excludeGroups: readonly string[] = [],
): Ranked[] {
  const excluded = new Set<string | undefined>(excludeGroups);
  const best: Ranked[] = [];
  for (const record of index.records()) {
    if (record.group !== undefined && excluded.has(record.group)) continue;
    const candidate = { record, ...similarity(index.compiled, query, record.profile) };
    const last = best.length >= k ? best[k - 1] : undefined;
    if (last && compareRanked(candidate, last) > 0) continue;
    best.splice(insertionPoint(best, candidate), 0, candidate);
    if (best.length > k) best.pop();
  }
  return best;
}

/** Negative where `a` ranks before `b`. */
function compareRanked(a: Ranked, b: Ranked): number {
  return b.score - a.score || compareText(a.record.reference, b.record.reference);
}

function insertionPoint(sorted: readonly Ranked[], candidate: Ranked): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other && compareRanked(other, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
