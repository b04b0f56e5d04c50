/** GET /v1/node/status: what this node knows, holds and does, for its operator. */
import packageJson from "../../package.json" with { type: "json" };
import { membershipView } from "../../durable-objects/membership-view.ts";
import type { PeerHealth as GossipHealth } from "../../durable-objects/peer-health.ts";
import { formerShards } from "../../durable-objects/shard-layouts.ts";
import { membershipStub, shardStub } from "../../durable-objects/stubs.ts";
import {
  countStates,
  nodeStatusSchema,
  reportMembers,
  type NodeId,
  type NodeStatus,
  type PeerHealthReport,
} from "../../protocol/index.ts";
import { peerHealth } from "../gateway/peer-health.ts";
import type { NodeContext } from "../node-context.ts";
import type { Routes } from "../route.ts";

export function mountStatus(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: "/v1/node/status",
      access: "requester-or-own-node",
      summary: "What this node knows of its mesh, what it holds, and how its peers answer",
      response: { status: 200, schema: nodeStatusSchema },
    },
    async ({ node }) => Response.json(await statusOf(node)),
  );
}

async function statusOf(node: NodeContext): Promise<NodeStatus> {
  const { peerHealth: met, ...gossip } = await membershipStub(node.env).status();
  return {
    software: packageJson.version,
    mesh: node.mesh,
    node: node.identity.node,
    time: node.now(),
    configuration: configurationOf(node),
    ...(await membershipOf(node)),
    gossip,
    shards: await shardsOf(node),
    formerShards: (await formerShards(node.env, node.shards, node.now())).length,
    peers: peersOf(met, peerHealth(node.now())),
  };
}

async function shardsOf({ env, shards }: NodeContext): Promise<NodeStatus["shards"]> {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  return Promise.all(
    numbers.map(async (shard) => ({ shard, ...(await shardStub(env, shard, shards).status()) })),
  );
}

/** What gossip and lookups saw of each peer. */
function peersOf(
  met: readonly GossipHealth[],
  asked: readonly PeerHealthReport[],
): NodeStatus["peers"] {
  const peers = new Map<NodeId, NodeStatus["peers"][number]>();
  for (const { node, ...gossip } of met) peers.set(node, { node, gossip });
  for (const { node, ...lookups } of asked) {
    peers.set(node, { ...peers.get(node), node, lookups });
  }
  return [...peers.values()];
}

/** Whatever of the environment is no secret. */
function configurationOf(node: NodeContext): NodeStatus["configuration"] {
  const { description, shards, gossipMs, repairMs, subrequestLimit, memberRate } = node;
  return {
    ...description,
    shards,
    gossipMs,
    repairMs,
    subrequestLimit,
    memberRate,
    allowedHosts: [...node.allowedHosts],
  };
}

async function membershipOf(node: NodeContext): Promise<Pick<NodeStatus, "membership">> {
  // Read anew: the operator may have changed it a moment ago.
  const view = await membershipView(node.env, node.now(), 0);
  if (!view) return {};
  const members = reportMembers(view);
  const { name, replicas } = view.charter.charter;
  return {
    membership: { version: view.version, name, replicas, counts: countStates(members), members },
  };
}
