/** The mesh: the protocol's own routing, over a mesh in which all have published but the query's own group. */
import { openRoutedMesh, type RoutedMesh } from "../../routing/routed-mesh.ts";
import {
  recordsByOrganisation,
  signCollection,
  type Collection,
  type SignatureSettings,
  type Signed,
} from "../collection.ts";
import type { Found, Router } from "../router.ts";

const REPLICAS = 3;

export interface MeshRouterOptions {
  readonly settings?: Partial<SignatureSettings>;
  /** Requests of one query, lookups and origins together; a node's default where absent. */
  readonly requests?: number;
}

export function meshRouter(name: string, options: MeshRouterOptions = {}): Router {
  return {
    name,
    dependsOnLimit: true,
    findAll: async ({ collection, limit, random, onProgress }) => {
      const signed = signCollection(collection, options.settings);
      const mesh = openMesh(collection, signed, options);
      const found: Found[] = [];
      for (const [i, query] of collection.queries.entries()) {
        onProgress(i + 1, collection.queries.length);
        const { origins, cost } = await mesh.route(signed.queries[i] ?? new Uint8Array(0), {
          asker: query.organisation,
          limit,
          hidden: query.group,
          random: () => random.unit(),
        });
        found.push({
          origins: origins.map(({ organisation }) => organisation),
          cost: {
            lookups: cost.lookupRequests,
            nodesAsked: cost.nodesAsked,
            rowsScanned: cost.rowsScanned,
            bytes: cost.bytes,
          },
        });
      }
      return found;
    },
  };
}

/** Indexed for the collection's queries. */
export function openMesh(
  collection: Collection,
  { compiled: { plan }, records, queries }: Signed,
  { requests }: Pick<MeshRouterOptions, "requests"> = {},
): RoutedMesh {
  const lists = recordsByOrganisation(collection);
  return openRoutedMesh({
    plan,
    organisations: lists.map((own) => {
      const packed = new Uint8Array(own.length * plan.symbols);
      for (const [at, i] of own.entries()) packed.set(records[i] ?? [], at * plan.symbols);
      return packed;
    }),
    groups: lists.map((own) => own.map((i) => collection.records[i]?.group ?? "")),
    replicas: REPLICAS,
    queries,
    ...(requests !== undefined && { requests }),
  });
}
