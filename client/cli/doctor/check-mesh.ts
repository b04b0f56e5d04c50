/** `doctor`'s look at the node's place in its mesh: its own descriptor, the others, gossip, shards. */
import { LEASE_MS, type MemberReport, type NodeStatus } from "../../../protocol/index.ts";
import { formatDuration, formatMoment } from "../mesh/duration.ts";
import { lastAnswerAt } from "../mesh/format-status.ts";
import { readHealth, type OwnNode } from "../mesh/own-node.ts";
import { counted } from "../output.ts";
import { checkPeers } from "./check-peers.ts";
import type { Findings } from "./check.ts";

type Membership = NonNullable<NodeStatus["membership"]>;

/** A lease is renewed hourly: with less than half of it left, renewal fails. */
const LEASE_WARN_MS = LEASE_MS / 2;
/** Rounds that may fail in a row: peers restart. */
const LATE_ROUNDS = 4;
/** The cron trigger's period: if the alarm fails, it sees to the next round. */
const CRON_MS = 600_000;

/** Checks what the status says. */
export async function checkMesh(
  findings: Findings,
  node: OwnNode,
  status: NodeStatus,
): Promise<void> {
  const { membership } = status;
  if (!membership) {
    const hint = `outcome-mesh mesh join --mesh-url ${node.url} --key FILE --invitation FILE`;
    findings.fail("members", "the Worker has not been given its mesh's charter", hint);
    return;
  }
  checkMembers(findings, membership);
  const own = membership.members.find((member) => member.node === status.node);
  await checkDescriptor(findings, own, status, node.url);
  checkGossip(findings, status, membership);
  await checkPeers(findings, node, membership.members, status.configuration.allowedHosts);
  checkShards(findings, status);
  checkProofs(findings, membership);
  checkPeerHealth(findings, status);
}

function checkMembers(findings: Findings, { name, counts, replicas }: Membership): void {
  const live = (counts.live ?? 0) + (counts.draining ?? 0);
  const others = Object.entries(counts)
    .filter(([state, count]) => state !== "live" && state !== "draining" && count > 0)
    .map(([state, count]) => `, ${count} ${state}`);
  const message = `${counted(live, "live member")} of ${name}${others.join("")}`;
  if ((counts.live ?? 0) < replicas) {
    const hint = `entries are meant to be held by ${replicas} nodes: invite others, or find out why they lapsed`;
    findings.warn("members", message, hint);
  } else {
    findings.ok("members", message);
  }
}

async function checkDescriptor(
  findings: Findings,
  own: MemberReport | undefined,
  { configuration, time }: NodeStatus,
  expectedMeshUrl: string,
): Promise<void> {
  const described = own?.described;
  if (own?.state !== "live" && own?.state !== "draining") {
    const [message, hint] = absence(own);
    findings.fail("descriptor", message, hint);
    return;
  }
  if (!described) return;
  const left = described.expiresAt - time;
  if (own.state === "draining") {
    const hint = "it is leaving; CAPACITY and a new deployment bring it back";
    findings.warn("descriptor", "this node's capacity is 0, so it holds no slots", hint);
  } else if (left < LEASE_WARN_MS) {
    const hint = "it is renewed hourly: is the cron trigger of wrangler.toml deployed?";
    findings.warn("descriptor", `this node's lease ends in ${formatDuration(left)}`, hint);
  } else {
    findings.ok(
      "descriptor",
      `live as "${described.name}", renewed for another ${formatDuration(left)}`,
    );
  }
  await checkUrls(findings, described, configuration, expectedMeshUrl, own.node);
}

function absence(own: MemberReport | undefined): [message: string, hint: string] {
  const members = "`outcome-mesh mesh members` shows who voted";
  switch (own?.state) {
    case "revoked":
      return [
        `this node was revoked by ${counted(own.revokedBy.length, "member")}`,
        `${members}: ask them why; \`mesh vouch\` by each takes it back`,
      ];
    case "excluded":
      return [
        "this node is excluded: it signed two descriptors with one sequence number",
        "never run two nodes with one key. Make a new key, and join again under it",
      ];
    case "candidate":
      return [
        "the mesh has yet to admit this node",
        `${members}; others admit it with: outcome-mesh mesh vouch ${own.key}`,
      ];
    case "lapsed":
      return [
        "this node's lease ran out",
        "set MESH_URL in wrangler.toml and deploy: the Worker then renews it by itself",
      ];
    case "left":
      return ["this node left the mesh", "`outcome-mesh mesh join` brings it back"];
    case "awaited":
    case "live":
    case "draining":
    case undefined:
      return [
        "the Worker has no descriptor of its own",
        "set NODE_NAME and MESH_URL in wrangler.toml, deploy, and run `outcome-mesh mesh join`",
      ];
  }
}

/** Whether the addresses that others are told are those that were meant, and lead here. */
async function checkUrls(
  findings: Findings,
  described: NonNullable<MemberReport["described"]>,
  { meshUrl: configured }: NodeStatus["configuration"],
  expectedMeshUrl: string,
  node: string,
): Promise<void> {
  const { meshUrl } = described;
  if (configured !== undefined && configured !== meshUrl) {
    const hint = "the next renewal, within the hour, tells them the new one";
    findings.warn("url", `others are told ${meshUrl}, the Worker is set to ${configured}`, hint);
    return;
  }
  const health = await findings.attempt("url", () => readHealth(meshUrl));
  if (!health) return;
  if (health.node !== node) {
    const hint = "set MESH_URL in wrangler.toml to this Worker's own address, and deploy";
    findings.fail("url", `others are told ${meshUrl}, and there is node ${health.node}`, hint);
  } else if (meshUrl !== expectedMeshUrl) {
    const hint = "fine if both are this Worker's; else set MESH_URL in wrangler.toml, and deploy";
    findings.warn("url", `others are told ${meshUrl}, not ${expectedMeshUrl}`, hint);
  } else {
    findings.ok("url", `others are told ${meshUrl}, which leads here`);
  }
}

function checkGossip(findings: Findings, status: NodeStatus, { counts }: Membership): void {
  if ((counts.live ?? 0) + (counts.draining ?? 0) < 2) {
    findings.skip("gossip", "there is no one to talk to");
    return;
  }
  const hint =
    "is the cron trigger of wrangler.toml deployed, and can the Worker reach the others? `npx wrangler tail` tells";
  const answeredAt = lastAnswerAt(status);
  if (answeredAt === undefined) {
    findings.warn("gossip", "no peer has answered yet", hint);
    return;
  }
  const age = Math.max(0, status.time - answeredAt);
  const message = `a peer last answered ${formatDuration(age)} ago`;
  const rounds = LATE_ROUNDS * status.configuration.gossipMs;
  if (age > 2 * Math.max(rounds, CRON_MS)) {
    findings.fail("gossip", message, hint);
  } else if (age > Math.max(rounds, CRON_MS)) {
    findings.warn("gossip", message, hint);
  } else {
    findings.ok("gossip", message);
  }
  const failing = status.peers.filter(({ gossip }) => (gossip?.failures ?? 0) >= LATE_ROUNDS);
  if (failing.length > 0) {
    findings.warn(
      "gossip-peers",
      `${counted(failing.length, "peer")} did not answer for several rounds`,
      "`outcome-mesh node status` lists them, and why",
    );
  }
}

function checkShards(findings: Findings, status: NodeStatus): void {
  const { shards, formerShards, configuration, time } = status;
  const sum = (of: (shard: NodeStatus["shards"][number]) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0);
  const backlog = sum((shard) => shard.backlog);
  const pending = sum((shard) => shard.slots.pending);
  const handingOff = sum((shard) => shard.slots.handingOff);
  const live = sum((shard) => shard.entries.live);
  const held = sum((shard) => shard.slots.held);
  const message = `${counted(live, "live entry")} in ${counted(held, "slot")}`.replace(
    "entrys",
    "entries",
  );
  const oldest = Math.min(...shards.map(({ lastRepairAt }) => lastRepairAt ?? 0));
  if (backlog + pending + handingOff + formerShards > 0) {
    findings.warn(
      "shards",
      `${message}; ${counted(pending, "slot")} still being filled, ${handingOff} being handed over, ${formerShards} former shards to empty`,
      "this settles by itself; `outcome-mesh node repair` does a round now",
    );
  } else if (shards.length > 0 && oldest > 0 && time - oldest > 3 * configuration.repairMs) {
    const hint = "`outcome-mesh node repair` does a round now; `npx wrangler tail` shows failures";
    findings.warn("shards", `${message}; last compared ${formatMoment(oldest, time)}`, hint);
  } else {
    findings.ok("shards", message);
  }
}

function checkProofs(findings: Findings, { members }: Membership): void {
  const excluded = members.filter(({ state }) => state === "excluded");
  if (excluded.length === 0) return;
  const names = excluded.map(({ node, described }) => described?.name ?? node).join(", ");
  const hint =
    "they signed two descriptors with one sequence number: they run two nodes with one key, or mean harm";
  findings.warn("proofs", `excluded: ${names}`, hint);
}

function checkPeerHealth(findings: Findings, { peers }: NodeStatus): void {
  const failing = peers.filter(({ lookups }) => lookups && lookups.state !== "closed");
  if (failing.length === 0) return;
  const hint = "`outcome-mesh node status` lists them; others answer in their place";
  findings.warn(
    "lookups",
    `${counted(failing.length, "peer")} left out of lookups for a while`,
    hint,
  );
}
