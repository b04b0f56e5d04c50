/** Every signature compared with the query's, at one place: what the signature costs in recall, without the trees. */
import { estimateAt, queryWeight } from "../../../protocol/index.ts";
import { isHidden, signCollection, type SignatureSettings } from "../collection.ts";
import { NO_COST, type Router } from "../router.ts";
import { bestPerOrganisation } from "./best-per-organisation.ts";

export function scanRouter(name: string, settings: Partial<SignatureSettings> = {}): Router {
  return {
    name,
    findAll: async ({ collection, limit, onProgress }) => {
      const { compiled, records, queries } = signCollection(collection, settings);
      const { plan } = compiled;
      return collection.queries.map((query, q) => {
        onProgress(q + 1, queries.length);
        const signature = queries[q] ?? new Uint8Array(0);
        const weight = queryWeight(plan, signature);
        const { origins, compared } = bestPerOrganisation(collection, limit, (record, i) => {
          const held = records[i];
          if (!held || isHidden(query, record)) return undefined;
          return estimateAt(plan, signature, held, 0, weight);
        });
        return { origins, cost: { ...NO_COST, rowsScanned: compared } };
      });
    },
  };
}
