/** As many origins, drawn at random. */
import { NO_COST, type Router } from "../router.ts";

export const RANDOM_CHOICE: Router = {
  name: "random choice",
  findAll: async ({ collection, limit, random }) => {
    const all = Array.from({ length: collection.organisations }, (_, i) => i);
    return collection.queries.map(() => ({
      origins: random.sample(all, limit),
      cost: { ...NO_COST, bytes: 0 },
    }));
  },
};
