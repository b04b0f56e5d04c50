/**
 * What a mesh sends, measured by making it: entries, lookups, queries and answers are built, signed and encoded by
 * the protocol's own code for real rows, and their bytes counted, HTTP headers among them. Left out: TLS and TCP.
 */
import type { Random } from "../../examples/random.ts";
import {
  BATCH_MAX_ENTRIES,
  openIdentity,
  secretKeyFrom,
  signEntry,
  signatureOf,
  slotsOf,
  toBase64Url,
  type CompiledDomain,
  type EntryBytes,
  type NodeId,
  type Profile,
  type PublishRequest,
  type PublishResponse,
} from "../../protocol/index.ts";
import { originExchangeBytes, type Outcome } from "../routing/origin-exchange.ts";
import { openRoutedMesh, type RoutedMesh } from "../routing/routed-mesh.ts";
import { exchangeBytes, MESH, NOW } from "../suite/exchange.ts";
import { mean } from "../suite/bootstrap.ts";
import type { Row } from "./rows.ts";

export interface WireOptions {
  readonly compiled: CompiledDomain;
  readonly organisations: number;
  /** Dealt to the organisations in turn. */
  readonly records: readonly Row[];
  readonly queries: readonly { readonly row: Row; readonly profile: Profile }[];
  readonly k: number;
  readonly random: Random;
}

export interface WireFigures {
  readonly organisations: number;
  /** Publishing all records to all replicas, once. */
  readonly publication: number;
  /** Means over the queries; every origin found is asked, though the stop rule would ask fewer. */
  readonly query: {
    readonly bytes: number;
    readonly lookupRequests: number;
    readonly originRequests: number;
    /** What one origin is asked and answers. */
    readonly bytesPerOrigin: number;
  };
}

const REPLICAS = 3;
/** As queries have it by default. */
const MAX_ORIGINS = 24;

interface Organisation {
  readonly outcomes: readonly Outcome[];
  readonly entries: readonly { readonly signature: Uint8Array; readonly bytes: EntryBytes }[];
}

export async function measureWire(options: WireOptions): Promise<WireFigures> {
  const { compiled, queries, random } = options;
  const organisations = await Promise.all(
    Array.from({ length: options.organisations }, (_, i) => openOrganisation(i, options)),
  );
  const mesh = openRoutedMesh({
    plan: compiled.plan,
    organisations: organisations.map(({ entries }) =>
      Uint8Array.from(entries.flatMap(({ signature }) => [...signature])),
    ),
    replicas: REPLICAS,
  });
  const publication = await publish(organisations, mesh, compiled);
  const costs = [];
  for (const { row, profile } of queries) {
    const { origins, cost } = await mesh.route(signatureOf(compiled, row.profile), {
      asker: random.below(organisations.length),
      limit: MAX_ORIGINS,
      random: () => random.unit(),
    });
    const ask = { compiled, raw: profile, profile: row.profile, k: options.k };
    const asked = origins.flatMap(({ organisation }) => organisations[organisation] ?? []);
    const answers = asked.map(({ outcomes }) => originExchangeBytes(ask, outcomes));
    const originBytes = sumOf(await Promise.all(answers));
    costs.push({
      bytes: cost.bytes + originBytes,
      lookupRequests: cost.lookupRequests,
      originRequests: asked.length,
      bytesPerOrigin: originBytes / asked.length,
    });
  }
  return {
    organisations: options.organisations,
    publication,
    query: {
      bytes: mean(costs.map(({ bytes }) => bytes)),
      lookupRequests: mean(costs.map(({ lookupRequests }) => lookupRequests)),
      originRequests: mean(costs.map(({ originRequests }) => originRequests)),
      bytesPerOrigin: mean(costs.map(({ bytesPerOrigin }) => bytesPerOrigin)),
    },
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

async function openOrganisation(
  index: number,
  { compiled, organisations, records }: WireOptions,
): Promise<Organisation> {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, index + 1);
  const identity = await openIdentity(secretKeyFrom(seed));
  const own = records.filter((_, i) => i % organisations === index);
  const entries = own.map(async ({ profile }, i) => {
    const signature = signatureOf(compiled, profile);
    const entry = {
      node: identity.node,
      domain: compiled.id,
      epoch: 1,
      seq: NOW + i,
      count: 1,
      signature,
    };
    return { signature, bytes: await signEntry(identity, MESH, entry) };
  });
  const outcomes = own.map(({ profile, y }) => ({
    profile,
    intervention: { procedure: "angiography" },
    result: { disease: y === 1 },
  }));
  return { outcomes, entries: await Promise.all(entries) };
}

/** Each organisation sends each node the entries with a root key in a slot that it holds. */
async function publish(
  organisations: readonly Organisation[],
  { nodes, placement }: RoutedMesh,
  { plan }: CompiledDomain,
): Promise<number> {
  let total = 0;
  for (const [publisher, { entries }] of organisations.entries()) {
    const batches = new Map<NodeId, string[]>();
    for (const { signature, bytes } of entries) {
      const holders = slotsOf(plan, signature).flatMap((slot) =>
        slot === undefined ? [] : placement.replicasOf(slot),
      );
      for (const node of new Set(holders)) {
        const batch = batches.get(node) ?? [];
        batch.push(toBase64Url(bytes));
        batches.set(node, batch);
      }
    }
    for (const [node, batch] of batches) {
      if (node === nodes[publisher]) continue;
      for (let from = 0; from < batch.length; from += BATCH_MAX_ENTRIES) {
        const request: PublishRequest = { entries: batch.slice(from, from + BATCH_MAX_ENTRIES) };
        const response: PublishResponse = {
          stored: request.entries.length,
          refused: [],
          membership: MESH,
        };
        total += await exchangeBytes("/v1/peer/publish", request, response);
      }
    }
  }
  return total;
}
