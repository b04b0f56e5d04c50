/** A central index of all profiles, searched exactly: who holds the nearest record is asked first. */
import { isHidden } from "../collection.ts";
import { NO_COST, type Router } from "../router.ts";

export const CENTRAL_EXACT: Router = {
  name: "central index, exact",
  findAll: async ({ collection, truths, limit }) =>
    collection.queries.map((query, i) => ({
      origins: (truths[i]?.order ?? []).slice(0, limit),
      cost: {
        ...NO_COST,
        lookups: 1,
        nodesAsked: 1,
        rowsScanned: collection.records.filter((record) => !isHidden(query, record)).length,
      },
    })),
};
