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
  /** Requests of one query, lookups and origins together. A node's default where absent: then origins compete with lookups. */
  readonly requests?: number;
}

export function meshRouter(name: string, options: MeshRouterOptions = {}): Router {
  return {
    name,
    ...(options.requests === undefined && { dependsOnLimit: true }),
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

/** By signature settings: to index takes longer than to look up. */
const opened = new WeakMap<Signed, Map<number | undefined, RoutedMesh>>();

/** Indexed for the collection's queries. */
export function openMesh(
  collection: Collection,
  signed: Signed,
  { requests }: Pick<MeshRouterOptions, "requests"> = {},
): RoutedMesh {
  const {
    compiled: { plan },
    records,
    queries,
  } = signed;
  const meshes = opened.get(signed) ?? new Map<number | undefined, RoutedMesh>();
  opened.set(signed, meshes);
  const lists = recordsByOrganisation(collection);
  const mesh =
    meshes.get(requests) ??
    openRoutedMesh({
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
  meshes.set(requests, mesh);
  return mesh;
}
