/**
 * A mesh in one process, for measuring what routing finds and costs: the protocol's own placement, plan, lookup and
 * trees. Every node is there, serves and answers; no message is sent, but every one is made and its bytes counted.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  PeerHealth,
  createPlacement,
  lookupBudget,
  nodeIdSchema,
  runLookup,
  slotsOf,
  toBase64Url,
  utf8Bytes,
  type LookupRequest,
  type LookupResponse,
  type NodeId,
  type Placement,
} from "../../protocol/index.ts";
import { TIMEOUT_MS, exchangeBytes } from "../suite/exchange.ts";
import { entryText } from "./entry-text.ts";
import {
  MeshIndex,
  type FoundEntry,
  type MeshIndexOptions,
  type NodeAnswer,
} from "./mesh-index.ts";
import { orderOrigins, type RoutedOrigin } from "./order.ts";

export interface RoutedMeshOptions extends MeshIndexOptions {
  readonly replicas: number;
  /** Of one query, lookups and origins together; as nodes have it by default where absent. */
  readonly requests?: number;
}

export interface RouteOptions {
  /** Whose node looks up: its own shards are asked without a request. */
  readonly asker: number;
  /** Origins to find; each node returns as many at most. */
  readonly limit: number;
  /** A group whose records are passed over, as if they were not published. */
  readonly hidden?: string | undefined;
  /** In [0, 1): settles which of equal plans is taken. */
  readonly random: () => number;
}

export interface RouteCost {
  /** To other nodes; confirmations included. */
  readonly lookupRequests: number;
  readonly confirmations: number;
  /** Distinct nodes, the own one not among them. */
  readonly nodesAsked: number;
  /** Rows compared with the query, at all shards of all nodes asked; the own node's too. */
  readonly rowsScanned: number;
  /** At the shard that compared most. */
  readonly rowsScannedByOneShard: number;
  /** Requests and responses, HTTP headers among them. */
  readonly bytes: number;
}

export interface Route {
  /** Best first, `limit` at most. */
  readonly origins: readonly RoutedOrigin[];
  readonly cost: RouteCost;
}

export interface RoutedMesh {
  /** Of each organisation. */
  readonly nodes: readonly NodeId[];
  readonly placement: Placement;
  route(signature: Uint8Array, options: RouteOptions): Promise<Route>;
}

/** What a node may send for one query by default. */
const REQUESTS = 50;
const LOOKUP_PATH = "/v1/peer/lookup";

interface Exchange {
  readonly node: NodeId;
  readonly request: LookupRequest;
  readonly response: LookupResponse;
}

export function openRoutedMesh(options: RoutedMeshOptions): RoutedMesh {
  const { plan, organisations, replicas, requests = REQUESTS } = options;
  const nodes = organisations.map((_, i) =>
    nodeIdSchema.parse(toBase64Url(sha256(utf8Bytes(`organisation ${i}`)))),
  );
  const nodeOf = (organisation: number): NodeId => {
    const node = nodes[organisation];
    if (node === undefined) throw new RangeError(`the mesh has no organisation ${organisation}`);
    return node;
  };
  const placement = createPlacement(
    nodes.map((node) => ({ node, capacity: 1 })),
    replicas,
  );
  const index = new MeshIndex(options);
  /** By row: what is often found is encoded once. */
  const texts = new Map<number, string>();
  const textOf = (organisation: number, { row, signature }: FoundEntry): string => {
    const text = texts.get(row) ?? entryText(nodeOf(organisation), plan.domainId, signature);
    texts.set(row, text);
    return text;
  };

  const toResponse = ({ origins, scanned }: NodeAnswer): LookupResponse => ({
    origins: origins.map(({ organisation, entries }) => ({
      node: nodeOf(organisation),
      entries: entries.map((entry) => textOf(organisation, entry)),
    })),
    scanned: sumOf(scanned),
    pending: [],
    membership: placement.version,
  });

  const route = async (
    signature: Uint8Array,
    { asker, limit, hidden, random }: RouteOptions,
  ): Promise<Route> => {
    const answers: NodeAnswer[] = [];
    const exchanges: Exchange[] = [];
    const answer = (trees: readonly number[]): NodeAnswer => {
      const found = index.lookup({ signature, trees, limit, hidden });
      answers.push(found);
      return found;
    };
    const report = await runLookup<undefined>({
      slots: new Map(
        [...slotsOf(plan, signature).entries()].flatMap(([tree, slot]) =>
          slot === undefined ? [] : [[tree, slot] as const],
        ),
      ),
      replicasOf: (slot) => placement.replicasOf(slot),
      own: nodeOf(asker),
      budget: lookupBudget(requests, limit),
      deadline: TIMEOUT_MS,
      health: new PeerHealth(),
      now: () => 0,
      // Everyone answers at once: nothing is waited for.
      sleep: (_, signal) => new Promise((done) => signal.addEventListener("abort", () => done())),
      random,
      askOwn: async (trees) => {
        answer(trees);
        return { ok: true, answer: undefined, pending: [] };
      },
      askPeer: async (node, trees) => {
        const request = {
          domain: plan.domainId,
          signature: toBase64Url(signature),
          trees: [...trees],
          limit,
          membership: placement.version,
        };
        exchanges.push({ node, request, response: toResponse(answer(trees)) });
        return { ok: true, answer: undefined, pending: [] };
      },
    });
    // Counted afterwards: what is waited for would settle what is asked when.
    const bytes = await Promise.all(
      exchanges.map(({ request, response }) => exchangeBytes(LOOKUP_PATH, request, response)),
    );
    const scanned = answers.flatMap((each) => each.scanned);
    return {
      origins: orderOrigins(answers).slice(0, limit),
      cost: {
        lookupRequests: report.requests,
        confirmations: report.confirmations,
        nodesAsked: new Set(exchanges.map(({ node }) => node)).size,
        rowsScanned: sumOf(scanned),
        rowsScannedByOneShard: Math.max(0, ...scanned),
        bytes: sumOf(bytes),
      },
    };
  };
  return { nodes, placement, route };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
