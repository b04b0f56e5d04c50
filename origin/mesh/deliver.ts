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
  missing: ReadonlyMap<NodeId, string> | undefined,
): boolean {
  return replicaSets.every((replicas) => {
    const stored = replicas.filter((node) => !missing?.has(node)).length;
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
  const limit = pLimit(CONCURRENT_NODES);
  await limit.map(byNode, async ([node, list]) => {
    const mine = list.map(({ parcel }) => parcel);
    for (const [parcel, reason] of await deliverToNode(node, mine, versions, options)) {
      missing.set(parcel, (missing.get(parcel) ?? new Map<NodeId, string>()).set(node, reason));
    }
  });
  return { missing, versions };
}

type Refusals = Map<Parcel, string>;

async function deliverToNode(
  node: NodeId,
  parcels: readonly Parcel[],
  versions: Set<string>,
  options: DeliveryOptions,
): Promise<Refusals> {
  const member = options.view.live(node, options.now());
  if (!member) return new Map(parcels.map((parcel) => [parcel, "lease-over"]));
  const refused: Refusals = new Map();
  for (const isTombstone of [false, true]) {
    const kind = parcels.filter((parcel) => parcel.isTombstone === isTombstone);
    for (let start = 0; start < kind.length; start += BATCH_MAX_ENTRIES) {
      const batch = kind.slice(start, start + BATCH_MAX_ENTRIES);
      const outcome = await deliverBatch(member, batch, versions, options);
      for (const [parcel, reason] of outcome) refused.set(parcel, reason);
    }
  }
  return refused;
}

/** A node that does not know a domain is given it, and asked once more. */
async function deliverBatch(
  member: Member,
  batch: readonly Parcel[],
  versions: Set<string>,
  options: DeliveryOptions,
): Promise<Refusals> {
  const first = await sendBatch(member, batch, versions, options);
  const again = [...first].filter(([, reason]) => reason === "unknown-domain").map(([p]) => p);
  if (again.length === 0) return first;
  for (const domain of new Set(again.map((parcel) => parcel.domain))) {
    await putDomain(options, member, domain);
  }
  const second = await sendBatch(member, again, versions, options);
  for (const parcel of again) first.delete(parcel);
  return new Map([...first, ...second]);
}

async function putDomain(
  { client, domainDocument }: DeliveryOptions,
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
  });
}

async function sendBatch(
  member: Member,
  batch: readonly Parcel[],
  versions: Set<string>,
  { client }: DeliveryOptions,
): Promise<Refusals> {
  const isTombstone = batch[0]?.isTombstone ?? false;
  const entries = batch.map(({ entry }) => entry);
  const answer = await client.read(
    member,
    {
      method: "POST",
      path: isTombstone ? "/v1/peer/withdraw" : "/v1/peer/publish",
      body: utf8Bytes(JSON.stringify({ entries })),
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
