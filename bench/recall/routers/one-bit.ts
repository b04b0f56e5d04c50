/** Signatures of one bit a symbol, eight times as many symbols: the same size. Every signature is compared. */
import { MISSING, queryWeight, type RoutingPlan } from "../../../protocol/index.ts";
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
      return collection.queries.map((query, q) => {
        onProgress(q + 1, queries.length);
        const signature = queries[q] ?? new Uint8Array(0);
        const weight = queryWeight(compiled.plan, signature);
        const { origins, compared } = bestPerOrganisation(collection, limit, (record, i) => {
          const held = records[i];
          if (!held || isHidden(query, record)) return undefined;
          return oneBitEstimate(compiled.plan, signature, held, weight);
        });
        return { origins, cost: { ...NO_COST, rowsScanned: compared } };
      });
    },
  };
}

/** Similarity from the lowest bit of each symbol: of different values half agree by chance. */
export function oneBitEstimate(
  { weightAt }: Pick<RoutingPlan, "weightAt">,
  query: Uint8Array,
  record: Uint8Array,
  weight: number,
): number {
  let equal = 0;
  let present = 0;
  for (let i = 0; i < query.length; i++) {
    const asked = query[i] ?? MISSING;
    const held = record[i] ?? MISSING;
    if (asked === MISSING || held === MISSING) continue;
    const share = weightAt[i] ?? 0;
    present += share;
    if (((asked ^ held) & 1) === 0) equal += share;
  }
  return weight === 0 ? 0 : (2 * equal - present) / weight;
}
