/** The requests that are measured, made before they are sent: signing them is not part of it. */
import { randomBytes } from "node:crypto";
import type { Random } from "../../examples/random.ts";
import {
  encodeSlots,
  signRequest,
  toBase64Url,
  utf8Bytes,
  type LookupRequest,
} from "../../protocol/index.ts";
import { drawHeld, shardName, treesHeld } from "./entries.ts";
import type { PreparedRequest } from "./load.ts";
import { compiledDomain, type Condition } from "./people.ts";
import type { ProbeNode } from "./probe-node.ts";
import type { ProbeLookup } from "./probe/probe-lookup.ts";

/** Origins wanted: what a query asks for where it does not say. */
const LIMIT = 24;
const TIMEOUT_MS = 60_000;
const JSON_TYPE = { "content-type": "application/json" };

export interface DrawnLookup {
  readonly signature: Uint8Array;
  readonly held: readonly { readonly tree: number; readonly slot: number }[];
}

/** A drawn person's lookup in up to `trees` of the trees that the node holds. */
export function drawLookup(
  node: ProbeNode,
  random: Random,
  conditions: readonly Condition[],
  trees: number,
): DrawnLookup {
  const signature = drawHeld(node, random, conditions);
  return { signature, held: random.sample(treesHeld(node, signature), trees) };
}

/** An unsigned call of the shards' objects. */
export function bareLookup(node: ProbeNode, { signature, held }: DrawnLookup): PreparedRequest {
  const shards: Record<string, number[]> = {};
  for (const { tree, slot } of held) (shards[shardName(slot, node.shards)] ??= []).push(tree);
  const lookup: ProbeLookup = {
    domain: compiledDomain.id,
    signature: [...signature],
    limit: LIMIT,
    shards,
  };
  return { path: "/bench/lookup", headers: JSON_TYPE, body: utf8Bytes(JSON.stringify(lookup)) };
}

/** The same request, answered by an object that does nothing. */
export function bareEmpty(lookup: PreparedRequest): PreparedRequest {
  return { ...lookup, path: "/bench/empty" };
}

/** What a gateway sends to a peer. */
export function signedLookup(
  node: ProbeNode,
  random: Random,
  { signature, held }: DrawnLookup,
): Promise<PreparedRequest> {
  const lookup: LookupRequest = {
    domain: compiledDomain.id,
    signature: toBase64Url(signature),
    trees: held.map(({ tree }) => tree),
    limit: LIMIT,
    membership: "",
  };
  return signed(node, random, "/v1/peer/lookup", utf8Bytes(JSON.stringify(lookup)));
}

/** The least that a peer can ask of a shard: the digest of one slot. */
export function signedDigest(
  node: ProbeNode,
  random: Random,
  { held }: DrawnLookup,
): Promise<PreparedRequest> {
  const slots = encodeSlots(held.slice(0, 1).map(({ slot }) => slot));
  const body = utf8Bytes(JSON.stringify({ of: "slots", slots }));
  return signed(node, random, "/v1/peer/repair/digests", body);
}

/** In the name of a member drawn. */
export async function signed(
  node: ProbeNode,
  random: Random,
  path: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<PreparedRequest> {
  const headers = await signRequest(
    { method: "POST", url: node.url + path, body },
    {
      identity: random.pick(node.members),
      mesh: node.mesh,
      to: node.members[0].node,
      now: Date.now(),
      nonce: randomBytes(16),
      timeoutMs: TIMEOUT_MS,
    },
  );
  return { path, headers: { ...headers, ...JSON_TYPE }, body };
}
