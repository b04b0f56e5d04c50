/** A way to choose the origins that a query is put to: the mesh's, and those that it is compared with. */
import { z } from "zod";
import type { Random } from "../../examples/random.ts";
import type { Collection } from "./collection.ts";
import type { Truth } from "./truth.ts";

export const findingCostSchema = z.object({
  /** Requests to find the origins. */
  lookups: z.number(),
  /** Distinct nodes that these go to. */
  nodesAsked: z.number(),
  /** Rows, entries or summaries compared with the query. Absent where it is not known. */
  rowsScanned: z.number().optional(),
  /** Of all requests and responses. Absent where nothing is said of how they are encoded. */
  bytes: z.number().optional(),
});
export type FindingCost = z.infer<typeof findingCostSchema>;

export const foundSchema = z.object({
  /** Best first. */
  origins: z.array(z.number()),
  cost: findingCostSchema,
});
export type Found = z.infer<typeof foundSchema>;

export interface RouterInput {
  readonly collection: Collection;
  /** For those that only an all-knowing one could be. */
  readonly truths: readonly Truth[];
  /** Origins to find, at most. */
  readonly limit: number;
  readonly random: Random;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Router {
  readonly name: string;
  /** What it finds, or at what cost, depends on how many origins are wanted: fewer are not just the first of more. */
  readonly dependsOnLimit?: true;
  /** Of each query of the collection, in their order. */
  findAll(input: RouterInput): Promise<readonly Found[]>;
}

/** Of choosing without asking anyone. */
export const NO_COST = { lookups: 0, nodesAsked: 0, rowsScanned: 0 } satisfies FindingCost;
