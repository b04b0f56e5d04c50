/**
 * What a mesh sends, measured by making it: entries, lookups, queries and answers are built, signed and encoded by
 * the protocol's own code for real rows, and their bytes counted, HTTP headers among them. Left out: TLS and TCP.
 */
import type { Random } from "../../examples/random.ts";
import {
  BATCH_MAX_ENTRIES,
  ORIGIN_QUERY_PATH,
  PeerHealth,
  contentDigest,
  createPlacement,
  estimate,
  lookupBudget,
  openIdentity,
  runLookup,
  secretKeyFrom,
  signAnswer,
  signEntry,
  signatureOf,
  similarity,
  slotsOf,
  toBase64Url,
  utf8Bytes,
  type CompiledDomain,
  type EntryBytes,
  type Identity,
  type LookupRequest,
  type LookupResponse,
  type NodeId,
  type OriginQuery,
  type Profile,
  type PublishRequest,
  type PublishResponse,
} from "../../protocol/index.ts";
import { exchangeBytes, MESH, NOW, TIMEOUT_MS } from "./exchange.ts";
import { nearest } from "./neighbours.ts";
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
/** As nodes have them by default. */
const REQUESTS = 50;
const MAX_ORIGINS = 24;

interface Organisation {
  readonly identity: Identity;
  readonly records: readonly Row[];
  readonly entries: readonly { readonly signature: Uint8Array; readonly bytes: EntryBytes }[];
}

export async function measureWire(options: WireOptions): Promise<WireFigures> {
  const { compiled, queries, random } = options;
  const organisations = await Promise.all(
    Array.from({ length: options.organisations }, (_, i) => openOrganisation(i, options)),
  );
  const placement = createPlacement(
    organisations.map(({ identity }) => ({ node: identity.node, capacity: 1 })),
    REPLICAS,
  );
  const replicasOf = (slot: number): readonly NodeId[] => placement.replicasOf(slot);
  const byNode = new Map(organisations.map((each) => [each.identity.node, each]));
  const publication = await publish(organisations, replicasOf, compiled);
  const costs = [];
  for (const { row, profile } of queries) {
    const asker = random.pick(organisations);
    const signature = signatureOf(compiled, row.profile);
    const found = new Set<NodeId>();
    // Counted afterwards: signing takes as long as it will, and would settle what is asked when.
    const lookups: (() => Promise<number>)[] = [];
    const report = await runLookup<undefined>({
      slots: slotsByTree(compiled, signature),
      replicasOf,
      own: asker.identity.node,
      budget: lookupBudget(REQUESTS, MAX_ORIGINS),
      deadline: TIMEOUT_MS,
      health: new PeerHealth(),
      now: () => 0,
      sleep: (_, signal) => new Promise((done) => signal.addEventListener("abort", () => done())),
      random: () => random.unit(),
      askOwn: async (trees) => {
        for (const { node } of answerLookup(organisations, compiled, signature, trees).origins)
          found.add(node);
        return { ok: true, answer: undefined, pending: [] };
      },
      askPeer: async (node, trees) => {
        const response = answerLookup(organisations, compiled, signature, trees);
        for (const origin of response.origins) found.add(origin.node);
        const request: LookupRequest = {
          domain: compiled.id,
          signature: toBase64Url(signature),
          trees: [...trees],
          limit: MAX_ORIGINS,
          membership: placement.version,
        };
        const answerer = byNode.get(node) ?? asker;
        lookups.push(() =>
          exchangeBytes(asker.identity, answerer.identity, "/v1/peer/lookup", request, response),
        );
        return { ok: true, answer: undefined, pending: [] };
      },
    });
    const asked = [...found].slice(0, MAX_ORIGINS).flatMap((node) => byNode.get(node) ?? []);
    const query: OriginQuery = { domain: compiled.id, profile, k: options.k };
    const answers = await Promise.all(
      asked.map((origin) => askOrigin(asker, origin, query, row, compiled)),
    );
    const lookupBytes = sumOf(await Promise.all(lookups.map((count) => count())));
    const originBytes = sumOf(answers);
    costs.push({
      bytes: lookupBytes + originBytes,
      lookupRequests: report.requests,
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

/** Without the trees whose path ends at once, for want of a feature. */
function slotsByTree({ plan }: CompiledDomain, signature: Uint8Array): Map<number, number> {
  return new Map(
    slotsOf(plan, signature).flatMap((slot, tree) =>
      slot === undefined ? [] : [[tree, slot] as const],
    ),
  );
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
  return { identity, records: own, entries: await Promise.all(entries) };
}

/** Each organisation sends each node the entries with a root key in a slot that it holds. */
async function publish(
  organisations: readonly Organisation[],
  replicasOf: (slot: number) => readonly NodeId[],
  { plan }: CompiledDomain,
): Promise<number> {
  let total = 0;
  for (const publisher of organisations) {
    const batches = new Map<NodeId, string[]>();
    for (const { signature, bytes } of publisher.entries) {
      const nodes = new Set(
        slotsOf(plan, signature).flatMap((slot) => (slot === undefined ? [] : replicasOf(slot))),
      );
      for (const node of nodes) {
        const batch = batches.get(node) ?? [];
        batch.push(toBase64Url(bytes));
        batches.set(node, batch);
      }
    }
    for (const receiver of organisations) {
      const entries = batches.get(receiver.identity.node) ?? [];
      if (receiver === publisher) continue;
      for (let from = 0; from < entries.length; from += BATCH_MAX_ENTRIES) {
        const request: PublishRequest = { entries: entries.slice(from, from + BATCH_MAX_ENTRIES) };
        const response: PublishResponse = {
          stored: request.entries.length,
          refused: [],
          membership: MESH,
        };
        total += await exchangeBytes(
          publisher.identity,
          receiver.identity,
          "/v1/peer/publish",
          request,
          response,
        );
      }
    }
  }
  return total;
}

/** Each origin's best entry by estimate among those with a root key of the query's in one of `trees`. */
function answerLookup(
  organisations: readonly Organisation[],
  { plan }: CompiledDomain,
  query: Uint8Array,
  trees: readonly number[],
): LookupResponse {
  const wanted = slotsOf(plan, query);
  let scanned = 0;
  const best = organisations.flatMap(({ identity, entries }) => {
    const near = entries.filter(({ signature }) => {
      const slots = slotsOf(plan, signature);
      return trees.some((tree) => wanted[tree] !== undefined && slots[tree] === wanted[tree]);
    });
    scanned += near.length;
    const ranked = near
      .map(({ signature, bytes }) => ({ bytes, score: estimate(plan, query, signature) }))
      .toSorted((a, b) => b.score - a.score);
    return ranked.slice(0, 1).map(({ bytes, score }) => ({ node: identity.node, bytes, score }));
  });
  return {
    origins: best
      .toSorted((a, b) => b.score - a.score)
      .slice(0, MAX_ORIGINS)
      .map(({ node, bytes }) => ({ node, entries: [toBase64Url(bytes)] })),
    scanned,
    pending: [],
    membership: MESH,
  };
}

async function askOrigin(
  asker: Organisation,
  origin: Organisation,
  query: OriginQuery,
  row: Row,
  compiled: CompiledDomain,
): Promise<number> {
  const similarities = origin.records.map((record) =>
    similarity(compiled, row.profile, record.profile),
  );
  const scores = Float64Array.from(similarities, ({ score }) => score);
  const answer = {
    version: 1 as const,
    node: origin.identity.node,
    domain: compiled.id,
    query: contentDigest(utf8Bytes(JSON.stringify(query))),
    answeredAt: NOW,
    results: nearest(scores, query.k, () => true).map((i) => ({
      // As long as an origin's: a hash.
      reference: toBase64Url(new Uint8Array(16).fill(i)),
      score: scores[i] ?? 0,
      features: Object.fromEntries(
        compiled.features.flatMap(({ name }, f) => {
          const kernel = similarities[i]?.kernels[f];
          return kernel === undefined ? [] : [[name, kernel]];
        }),
      ),
      intervention: { procedure: "angiography" },
      result: { disease: origin.records[i]?.y === 1 },
    })),
    warnings: [],
  };
  const signed = await signAnswer(origin.identity, MESH, answer);
  return exchangeBytes(asker.identity, origin.identity, ORIGIN_QUERY_PATH, query, signed);
}
