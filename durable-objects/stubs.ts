/** The one place that names Durable Objects. A name is forever: changing one loses what it stored. */
import { fromBase64Url, SLOTS, type NodeId, type SlotRange } from "../protocol/index.ts";
import type { DomainLibrary } from "./domain-library.ts";
import type { Env } from "./env.ts";
import type { Membership } from "./membership.ts";
import type { OriginLink } from "./origin-link.ts";
import type { RequestGuard } from "./request-guard.ts";
import type { RoutingShard } from "./routing-shard.ts";
import type { ShardLayouts } from "./shard-layouts.ts";

/** One object a node for what the whole node shares. */
const NODE_WIDE = "node";

export function membershipStub(env: Env): DurableObjectStub<Membership> {
  return env.MEMBERSHIP.getByName(NODE_WIDE);
}

export function libraryStub(env: Env): DurableObjectStub<DomainLibrary> {
  return env.DOMAIN_LIBRARY.getByName(NODE_WIDE);
}

export function layoutsStub(env: Env): DurableObjectStub<ShardLayouts> {
  return env.SHARD_LAYOUTS.getByName(NODE_WIDE);
}

export function linkStub(env: Env): DurableObjectStub<OriginLink> {
  return env.ORIGIN_LINK.getByName(NODE_WIDE);
}

/** The shard of `slot` where a node has `shards` of them: shard i holds an equal, contiguous range. */
export function shardOf(slot: number, shards: number): number {
  return Math.floor((slot * shards) / SLOTS);
}

/** The slots of which `shardOf` is `shard`. */
export function rangeOf(shard: number, shards: number): SlotRange {
  return {
    from: Math.ceil((shard * SLOTS) / shards),
    to: Math.ceil(((shard + 1) * SLOTS) / shards),
  };
}

export function shardStub(
  env: Env,
  shard: number,
  shards: number,
): DurableObjectStub<RoutingShard> {
  return env.ROUTING_SHARD.getByName(`shard-${shard}-of-${shards}`);
}

/** The guard of requests by `sender`: by the first four bits of its id, `guard-0` to `guard-f`. */
export function guardStub(env: Env, sender: NodeId): DurableObjectStub<RequestGuard> {
  const [first = 0] = fromBase64Url(sender);
  return env.REQUEST_GUARD.getByName(`guard-${(first >> 4).toString(16)}`);
}

/** Which shard an object is, by its name. */
export function placeOfShard(name: string | undefined): { shard: number; shards: number } {
  const match = /^shard-(\d+)-of-(\d+)$/.exec(name ?? "");
  if (!match) throw new Error(`${name ?? "an object without a name"} is no shard`);
  return { shard: Number(match[1]), shards: Number(match[2]) };
}

/**
 * Has every shard of the node look at the membership and begin a round of repair soon. One that can not be told now
 * finds out by itself, when it next compares. Never rejects.
 */
export async function pokeShards(env: Env, shards: number): Promise<void> {
  await Promise.allSettled(
    Array.from({ length: shards }, (_, shard) => shardStub(env, shard, shards).poke()),
  );
}
