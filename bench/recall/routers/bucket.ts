/**
 * Exact-match bucketing: the profile is quantised by the domain, and the hash of the result is the key. Who has records
 * under the query's own key is found, most records first, and no one else.
 */
import {
  canonicalBytes,
  contentId,
  type CompiledDomain,
  type EncodedProfile,
} from "../../../protocol/index.ts";
import { isHidden } from "../collection.ts";
import type { Router } from "../router.ts";

/** `coarseness` as in `Feature.coarsen`. */
export function bucketRouter(name: string, coarseness: number): Router {
  return {
    name,
    findAll: async ({ collection, limit }) => {
      const { compiled, records, queries } = collection;
      const buckets = Map.groupBy(records, ({ profile }) =>
        bucketOf(compiled, profile, coarseness),
      );
      return queries.map((query) => {
        const counts = new Map<number, number>();
        const bucket = buckets.get(bucketOf(compiled, query.profile, coarseness)) ?? [];
        const seen = bucket.filter((record) => !isHidden(query, record));
        for (const { organisation } of seen) {
          counts.set(organisation, (counts.get(organisation) ?? 0) + 1);
        }
        return {
          origins: [...counts]
            .toSorted(([, a], [, b]) => b - a)
            .slice(0, limit)
            .map(([organisation]) => organisation),
          cost: { lookups: 1, nodesAsked: 1, rowsScanned: seen.length },
        };
      });
    },
  };
}

export function bucketOf(
  { features }: CompiledDomain,
  profile: EncodedProfile,
  coarseness: number,
): string {
  const coarse = features.map((feature, i) => {
    const value = profile[i];
    return value === undefined ? null : (feature.coarsen(value, coarseness) ?? null);
  });
  return contentId(canonicalBytes(coarse));
}
