/** One summary an organisation: what its profiles have in common. Origins by the similarity of their summary. */
import { similarity, type EncodedProfile, type FeatureValue } from "../../../protocol/index.ts";
import {
  isHidden,
  recordsByOrganisation,
  type Case,
  type Collection,
  type OutcomeCase,
} from "../collection.ts";
import { NO_COST, type Router } from "../router.ts";

export const CENTROIDS: Router = {
  name: "a summary per organisation",
  findAll: async ({ collection, limit, onProgress }) => {
    const { compiled, organisations, queries } = collection;
    const lists = recordsByOrganisation(collection).map((records) =>
      records.flatMap((i) => collection.records[i] ?? []),
    );
    const whole = lists.map((records) => centroidOf(collection, records));
    return queries.map((query, q) => {
      onProgress(q + 1, queries.length);
      const scores = lists.map((records, i) => {
        const centroid = withoutHidden(collection, query, records, whole[i]);
        return centroid ? similarity(compiled, query.profile, centroid).score : -1;
      });
      return {
        origins: [...scores.keys()]
          .filter((i) => (scores[i] ?? -1) >= 0)
          .toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
          .slice(0, limit),
        cost: { ...NO_COST, rowsScanned: organisations },
      };
    });
  },
};

function withoutHidden(
  collection: Collection,
  query: Case,
  records: readonly OutcomeCase[],
  whole: EncodedProfile | undefined,
): EncodedProfile | undefined {
  const seen = records.filter((record) => !isHidden(query, record));
  return seen.length === records.length ? whole : centroidOf(collection, seen);
}

/** Undefined for an organisation without records. */
export function centroidOf(
  { compiled }: Pick<Collection, "compiled">,
  records: readonly Case[],
): EncodedProfile | undefined {
  if (records.length === 0) return undefined;
  return compiled.features.map((feature, i) => {
    const values = records.flatMap(({ profile }) => profile[i] ?? []);
    const raw = values.length === 0 ? undefined : (meanOf(values) ?? feature.typical(values));
    if (raw === undefined) return undefined;
    const encoded = feature.encode(raw);
    return encoded.ok ? encoded.value : undefined;
  });
}

/** Of vectors, whose typical form is coarser; undefined for other kinds. */
function meanOf(values: readonly FeatureValue[]): number[] | undefined {
  const vectors = values.filter((value) => value instanceof Float64Array);
  const [first] = vectors;
  if (!first) return undefined;
  return Array.from(first, (_, i) => vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0));
}
