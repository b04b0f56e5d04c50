/** Delivering signed statements to every node that holds one of their slots, in batches. */
import pLimit from "p-limit";
import {
  BATCH_MAX_ENTRIES,
  publishResponseSchema,
  slotsOf,
  utf8Bytes,
  type Member,
  type MembershipView,
  type NodeId,
  type RoutingPlan,
} from "../../protocol/index.ts";
import type { DomainId } from "../../protocol/index.ts";
import type { PeerClient } from "./peer-client.ts";

/** Nodes served at once: enough to hide a slow one, few enough to share one uplink. */
const CONCURRENT_NODES = 6;

/** A signed statement on its way. */
export interface Parcel {
  readonly domain: DomainId;
  /** The signed entry as base64url: many nodes are sent the same. */
  readonly entry: string;
  readonly isTombstone: boolean;
  readonly nodes: readonly NodeId[];
  /** Of each of its slots. */
  readonly replicaSets: readonly (readonly NodeId[])[];
}

export interface Delivery {
  /** Per parcel, the nodes that did not store it, and why. */
  readonly missing: ReadonlyMap<Parcel, ReadonlyMap<NodeId, string>>;
  /** The membership versions that nodes answered with. */
  readonly versions: ReadonlySet<string>;
}

export interface DeliveryOptions {
  readonly client: PeerClient;
  readonly view: MembershipView;
  readonly now: () => number;
  /** Canonical JSON of a domain, for nodes that do not know it. */
  readonly domainDocument: (domain: DomainId) => string | undefined;
  readonly patience: Patience;
}

/** How long to wait for nodes; those that have not answered then count as missing. */
export interface Patience {
  readonly inAllMs: number;
  /** Left to the others once all parcels are acknowledged. */
  readonly afterQuorumMs: number;
}

/** The replica set of each slot of the signature. */
export function replicaSetsOf(
  view: MembershipView,
  plan: RoutingPlan,
  signature: Uint8Array,
): (readonly NodeId[])[] {
  const slots = slotsOf(plan, signature).filter((slot) => slot !== undefined);
  return [...new Set(slots)].map((slot) => view.placement.replicasOf(slot));
}

/**
 * True if of every slot's replicas a majority stored the parcel: then it outlasts the loss of the others, and every
 * later replica learns of it.
 */
export function isAcknowledged(
  { replicaSets }: Parcel,
  isMissing: (node: NodeId) => boolean,
): boolean {
  return replicaSets.every((replicas) => {
    const stored = replicas.filter((node) => !isMissing(node)).length;
    return stored >= Math.floor(replicas.length / 2) + 1;
  });
}

/** Sends each parcel to each of its nodes. Never rejects: what was not stored is in the answer. */
export async function deliver(
  parcels: readonly Parcel[],
  options: DeliveryOptions,
): Promise<Delivery> {
  const missing = new Map<Parcel, Map<NodeId, string>>();
  const versions = new Set<string>();
  const byNode = Map.groupBy(
    parcels.flatMap((parcel) => parcel.nodes.map((node) => ({ parcel, node }))),
    ({ node }) => node,
  );
  const waiting = new Set(byNode.keys());
  const hasQuorum = (): boolean =>
    parcels.every((parcel) =>
      isAcknowledged(
        parcel,
        (node) => waiting.has(node) || missing.get(parcel)?.has(node) === true,
      ),
    );
  const { patience } = options;
  const giveUp = new AbortController();
  const giveUpIn = (ms: number): NodeJS.Timeout => setTimeout(() => giveUp.abort(), ms);
  let timer = giveUpIn(patience.inAllMs);
  let isAwaited = true;
  const limit = pLimit(CONCURRENT_NODES);
  await limit.map(byNode, async ([node, list]) => {
    const mine = list.map(({ parcel }) => parcel);
    const delivery = { ...options, versions, signal: giveUp.signal };
    for (const [parcel, reason] of await deliverToNode(node, mine, delivery)) {
      missing.set(parcel, (missing.get(parcel) ?? new Map<NodeId, string>()).set(node, reason));
    }
    waiting.delete(node);
    // Only for the last ones, as looking at all parcels takes its time.
    if (isAwaited && waiting.size <= CONCURRENT_NODES && hasQuorum()) {
      isAwaited = false;
      clearTimeout(timer);
      timer = giveUpIn(patience.afterQuorumMs);
    }
  });
  clearTimeout(timer);
  return { missing, versions };
}

interface NodeDelivery extends DeliveryOptions {
  /** Takes the membership versions that nodes answer with. */
  readonly versions: Set<string>;
  /** Ends what is not answered yet. */
  readonly signal: AbortSignal;
}

type Refusals = Map<Parcel, string>;

async function deliverToNode(
  node: NodeId,
  parcels: readonly Parcel[],
  options: NodeDelivery,
): Promise<Refusals> {
  const member = options.view.live(node, options.now());
  if (!member) return new Map(parcels.map((parcel) => [parcel, "lease-over"]));
  const refused: Refusals = new Map();
  for (const isTombstone of [false, true]) {
    const kind = parcels.filter((parcel) => parcel.isTombstone === isTombstone);
    for (let start = 0; start < kind.length; start += BATCH_MAX_ENTRIES) {
      const batch = kind.slice(start, start + BATCH_MAX_ENTRIES);
      const outcome = await deliverBatch(member, batch, options);
      for (const [parcel, reason] of outcome) refused.set(parcel, reason);
    }
  }
  return refused;
}

/** A node that does not know a domain is given it, and asked once more. */
async function deliverBatch(
  member: Member,
  batch: readonly Parcel[],
  options: NodeDelivery,
): Promise<Refusals> {
  const first = await sendBatch(member, batch, options);
  const again = [...first].filter(([, reason]) => reason === "unknown-domain").map(([p]) => p);
  if (again.length === 0) return first;
  for (const domain of new Set(again.map((parcel) => parcel.domain))) {
    await putDomain(options, member, domain);
  }
  const second = await sendBatch(member, again, options);
  for (const parcel of again) first.delete(parcel);
  return new Map([...first, ...second]);
}

async function putDomain(
  { client, domainDocument, signal }: NodeDelivery,
  member: Member,
  domain: DomainId,
): Promise<void> {
  const document = domainDocument(domain);
  if (document === undefined) return;
  // Whether it worked, the second attempt tells.
  await client.put(member, {
    method: "PUT",
    path: `/v1/domains/${domain}`,
    body: utf8Bytes(document),
    signal,
  });
}

async function sendBatch(
  member: Member,
  batch: readonly Parcel[],
  { client, versions, signal }: NodeDelivery,
): Promise<Refusals> {
  const isTombstone = batch[0]?.isTombstone ?? false;
  const entries = batch.map(({ entry }) => entry);
  const answer = await client.read(
    member,
    {
      method: "POST",
      path: isTombstone ? "/v1/peer/withdraw" : "/v1/peer/publish",
      body: utf8Bytes(JSON.stringify({ entries })),
      signal,
    },
    publishResponseSchema,
  );
  const all = (reason: string): Refusals => new Map(batch.map((parcel) => [parcel, reason]));
  if (!answer.ok) return all(answer.error);
  versions.add(answer.value.membership);
  const refused: Refusals = new Map();
  for (const { index, reason } of answer.value.refused) {
    const parcel = batch[index];
    if (!parcel) return all("invalid-answer");
    // It holds a newer statement, or this very one: ours has done its work.
    if (reason !== "stale") refused.set(parcel, reason);
  }
  return refused;
}
