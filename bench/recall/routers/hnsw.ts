/** A central index of all vectors: USearch's HNSW (Malkov & Yashunin 2018) by cosine. For domains of one vector. */
import { Index, MetricKind, ScalarKind } from "usearch";
import type { EncodedProfile } from "../../../protocol/index.ts";
import type { Router } from "../router.ts";

/** Common for some hundred dimensions: edges a node, and nodes looked at when adding and searching. */
const CONNECTIVITY = 16;
const EXPANSION_ADD = 128;
const EXPANSION_SEARCH = 256;
/** Nearest vectors that origins are taken from. */
const NEIGHBOURS = 256;
/** More threads make another graph each time. */
const THREADS = 1;

export const CENTRAL_HNSW: Router = {
  name: "central index, HNSW",
  findAll: async ({ collection: { records, queries }, limit }) => {
    const vectors = records.map(vectorOf);
    const dimensions = vectors[0]?.length ?? 0;
    const index = new Index({
      dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.F32,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION_ADD,
      expansion_search: EXPANSION_SEARCH,
      multi: false,
    });
    const packed = new Float32Array(vectors.length * dimensions);
    for (const [i, vector] of vectors.entries()) packed.set(vector, i * dimensions);
    index.add(
      BigUint64Array.from(vectors, (_, i) => BigInt(i)),
      packed,
      THREADS,
    );
    return queries.map((query) => {
      const { keys } = index.search(Float32Array.from(vectorOf(query)), NEIGHBOURS, THREADS);
      const organisations = Array.from(keys, (key) => records[Number(key)]?.organisation ?? -1);
      return {
        origins: [...new Set(organisations)].slice(0, limit),
        // How many vectors it compares it does not say.
        cost: { lookups: 1, nodesAsked: 1 },
      };
    });
  },
};

function vectorOf({ profile: [vector] }: { readonly profile: EncodedProfile }): Float64Array {
  if (!(vector instanceof Float64Array)) throw new TypeError("not a domain of one vector");
  return vector;
}
