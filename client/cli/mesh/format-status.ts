/** A node's status for people. */
import type { MemberState, NodeStatus, PeerStatus } from "../../../protocol/index.ts";
import { counted } from "../output.ts";
import { formatTable } from "../table.ts";
import { formatDuration, formatMoment } from "./duration.ts";

/** Members in the order in which an operator looks for them. */
const STATES: readonly MemberState[] = [
  "live",
  "draining",
  "awaited",
  "candidate",
  "lapsed",
  "left",
  "revoked",
  "excluded",
];

/** Blocks of text: the node, its mesh, gossip, shards, and the peers that do not do well. */
export function formatStatus(status: NodeStatus): string {
  return [
    `node ${status.node}\nmesh ${status.mesh}\nsoftware ${status.software}`,
    formatMembership(status),
    formatGossip(status),
    formatShards(status),
    ...formatPeers(status),
  ].join("\n\n");
}

/** `7 live, 1 lapsed`. */
export function formatCounts(counts: Partial<Record<MemberState, number>>): string {
  const parts = STATES.flatMap((state) => (counts[state] ? [`${counts[state]} ${state}`] : []));
  return parts.length === 0 ? "no members" : parts.join(", ");
}

function formatMembership({ membership, node, time }: NodeStatus): string {
  if (!membership) return "The node has not been given its mesh's charter.";
  const own = membership.members.find((member) => member.node === node);
  const lease = own?.described ? `, lease ends ${formatMoment(own.described.expiresAt, time)}` : "";
  return [
    `mesh "${membership.name}", ${membership.replicas} replicas: ${formatCounts(membership.counts)}`,
    `this node is ${own?.state ?? "not a member"}${lease}`,
    `membership version ${membership.version}`,
  ].join("\n");
}

function formatGossip(status: NodeStatus): string {
  const { gossip, time, configuration } = status;
  const every = `every ${formatDuration(configuration.gossipMs)}`;
  const answeredAt = lastAnswerAt(status);
  if (!gossip || answeredAt === undefined) return `Gossip ${every}: no peer has answered yet.`;
  const { rounds, bytesSent, bytesReceived } = gossip;
  const bytes = `${bytesSent} bytes sent, ${bytesReceived} received`;
  return `Gossip ${every}: a peer last answered ${formatMoment(answeredAt, time)}; ${rounds} rounds, ${bytes}.`;
}

/** When any peer last answered in gossip. */
export function lastAnswerAt({ peers }: NodeStatus): number | undefined {
  const times = peers.flatMap(({ gossip }) => gossip?.lastSuccessAt ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function formatShards({ shards, formerShards, time }: NodeStatus): string {
  const rows = shards.map(({ shard, entries, slots, backlog, lastRepairAt }) =>
    [
      shard,
      entries.live,
      entries.tombstones,
      entries.lapsed,
      slots.held,
      slots.pending,
      slots.handingOff,
      backlog,
      lastRepairAt === undefined ? "never" : formatMoment(lastRepairAt, time),
    ].map(String),
  );
  const table = formatTable(
    [
      "shard",
      "live entries",
      "tombstones",
      "of lapsed",
      "slots held",
      "pending",
      "handing off",
      "backlog",
      "last repair",
    ],
    rows,
  );
  return formerShards === 0
    ? table
    : `${table}\n${counted(formerShards, "shard")} of a former SHARDS still moving what they hold`;
}

function formatPeers({ peers, membership, time }: NodeStatus): string[] {
  if (peers.length === 0) return [];
  const nameOf = new Map(membership?.members.map((m) => [m.node, m.described?.name ?? ""]));
  const rows = peers.map(({ node, gossip, lookups }) => [
    nameOf.get(node) ?? "",
    node,
    describeGossip(gossip, time),
    lookups?.state ?? "",
    lookups?.p95Ms === undefined ? "" : `${Math.round(lookups.p95Ms)} ms`,
    lookups ? String(lookups.failures) : "",
    lookups ? String(lookups.withheld) : "",
  ]);
  return [formatTable(["peer", "node", "gossip", "lookups", "p95", "failures", "withheld"], rows)];
}

function describeGossip(gossip: PeerStatus["gossip"], time: number): string {
  if (!gossip) return "";
  const { failures, lastFailure, lastSuccessAt } = gossip;
  if (failures > 0) return `${lastFailure ?? "failed"}, ${failures} times`;
  return lastSuccessAt === undefined ? "" : formatMoment(lastSuccessAt, time);
}
