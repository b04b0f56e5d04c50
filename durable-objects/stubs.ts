/** The one place that names Durable Objects. A name is forever: changing one loses what it stored. */
import { SLOTS } from "../protocol/index.ts";
import type { DomainLibrary } from "./domain-library.ts";
import type { Env } from "./env.ts";
import type { Membership } from "./membership.ts";
import type { RoutingShard } from "./routing-shard.ts";

/** One object a node for what the whole node shares. */
const NODE_WIDE = "node";

export function membershipStub(env: Env): DurableObjectStub<Membership> {
  return env.MEMBERSHIP.getByName(NODE_WIDE);
}

export function libraryStub(env: Env): DurableObjectStub<DomainLibrary> {
  return env.DOMAIN_LIBRARY.getByName(NODE_WIDE);
}

/** The shard of `slot` where a node has `shards` of them: shard i holds an equal, contiguous range. */
export function shardOf(slot: number, shards: number): number {
  return Math.floor((slot * shards) / SLOTS);
}

export function shardStub(
  env: Env,
  shard: number,
  shards: number,
): DurableObjectStub<RoutingShard> {
  return env.ROUTING_SHARD.getByName(`shard-${shard}-of-${shards}`);
}
