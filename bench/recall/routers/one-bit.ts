/** Signatures of one bit a symbol, eight times as many symbols: the same size. Every signature is compared. */
import { MISSING, queryWeight } from "../../../protocol/index.ts";
import { isHidden, signCollection } from "../collection.ts";
import { NO_COST, type Router } from "../router.ts";
import { bestPerOrganisation } from "./best-per-organisation.ts";

export const BITS_A_SYMBOL = 8;

export function oneBitRouter(name: string): Router {
  return {
    name,
    findAll: async ({ collection, limit, onProgress }) => {
      const symbols = BITS_A_SYMBOL * collection.compiled.domain.signature.symbols;
      const { compiled, records, queries } = signCollection(collection, { symbols });
      const { plan } = compiled;
      const held = records.map(signsOf);
      return collection.queries.map((query, q) => {
        onProgress(q + 1, queries.length);
        const signature = queries[q] ?? new Uint8Array(0);
        const asked = signsOf(signature);
        const weighted = plan.weightAt.map((weight, i) => weight * (asked[i] ?? 0));
        const weight = queryWeight(plan, signature);
        const { origins, compared } = bestPerOrganisation(collection, limit, (record, i) => {
          const signs = held[i];
          if (!signs || isHidden(query, record)) return undefined;
          return weight === 0 ? 0 : product(weighted, signs) / weight;
        });
        return { origins, cost: { ...NO_COST, rowsScanned: compared } };
      });
    },
  };
}

/** The lowest bit of each symbol as 1 or -1; 0 where it is missing. */
export function signsOf(signature: Uint8Array): Int8Array {
  return Int8Array.from(signature, (symbol) => {
    if (symbol === MISSING) return 0;
    return (symbol & 1) === 1 ? 1 : -1;
  });
}

/** Over the weight of the query this is the similarity: of different values half agree by chance. */
export function product(a: Float64Array, b: Int8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
