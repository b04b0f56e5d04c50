/** Making a deployed Worker a member: it is given its mesh, a member is told of it, and the mesh takes it in. */
import { setTimeout as pause } from "node:timers/promises";
import {
  hasLeft,
  LEASE_MS,
  nodeStatusSchema,
  signDescriptor,
  type Charter,
  type Descriptor,
  type Identity,
  type MemberReport,
  type NodeStatus,
  type Statement,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { Progress } from "../progress.ts";
import { announce, type Announcement } from "./announce.ts";
import { lastAnswerAt } from "./format-status.ts";
import type { JoinBasis } from "./join-basis.ts";
import { readMembers, type CheckedMembers } from "./membership.ts";
import type { OwnNode } from "./own-node.ts";
import { giveStatements } from "./vote.ts";

const POLL_MS = 500;
/** A descriptor that is signed here must lose against any that the Worker signs by itself. */
const BEHIND_MS = 60_000;

export interface JoinOutcome {
  /**
   * `joined`: live, and heard of by others. `first`: live, and alone. `votes-missing`: the mesh does not admit it
   * yet. `unreachable`: no member could be told. `settling`: taken in, and not done before the time was over.
   */
  readonly outcome: "joined" | "first" | "votes-missing" | "unreachable" | "settling";
  readonly announcements: readonly Announcement[];
  readonly own: MemberReport | undefined;
  /** Live members that the node knows, itself included. */
  readonly live: number;
}

/** Does what is missing, whatever was done before. */
export async function joinMesh(
  node: OwnNode,
  basis: JoinBasis,
  { progress, waitMs }: { readonly progress: Progress; readonly waitMs: number },
): Promise<JoinOutcome> {
  progress.report("giving the Worker its mesh", 0, 1);
  await giveStatements(node, basis.charter, basis.statements);
  const status = await node.read("/v1/node/status", nodeStatusSchema);
  if (status.configuration.meshUrl === undefined) {
    throw new CliError("the Worker does not know its own address", {
      exitCode: EXIT.negative,
      hint: "set NODE_NAME and MESH_URL in wrangler.toml, and deploy again",
    });
  }
  await comeBack(node, basis.charter, status);
  const before = await readMembers(node);
  const announcements = await announceTo(node, basis, before, status, progress);
  const accepted = announcements.find(({ outcome }) => outcome === "accepted");
  if (accepted?.outcome === "accepted") {
    await giveStatements(node, basis.charter, accepted.response.statements);
  }
  const others = before.view.members.some(({ node: id }) => id !== node.identity.node);
  if (!accepted && (basis.peers.length > 0 || others)) {
    const isRefused = announcements.some(({ outcome }) => outcome === "refused");
    const after = await summary(node);
    // Known from before: a member that was here already has nothing to announce.
    if (after.own?.state !== "live" || after.live < 2) {
      return { outcome: isRefused ? "votes-missing" : "unreachable", announcements, ...after };
    }
  }
  return untilSettled(node, announcements, { progress, waitMs, isAlone: !accepted && !others });
}

/** A node that left, or was about to, describes itself anew: its Worker would not by itself. */
async function comeBack(
  node: OwnNode,
  charter: Charter,
  { configuration }: NodeStatus,
): Promise<void> {
  const { statements, mesh } = await readMembers(node);
  const held = statements.flatMap((statement) =>
    statement.type === "descriptor" &&
    statement.descriptor.descriptor.key === node.identity.publicKey
      ? [statement.descriptor.descriptor]
      : [],
  )[0];
  if (!held || (held.capacity > 0 && !hasLeft(held))) return;
  const now = Date.now();
  const descriptor = await signDescriptor(node.identity, mesh, {
    ...held,
    capacity: configuration.capacity ?? 1,
    // Others dropped what was published before: the origin publishes it again under the new epoch.
    epoch: held.epoch + (hasLeft(held) ? 1 : 0),
    seq: Math.max(held.seq + 1, now),
    issuedAt: now,
    expiresAt: now + LEASE_MS,
  });
  await giveStatements(node, charter, [{ type: "descriptor", descriptor }]);
}

/** Tells one member after the other, until one takes the node in. */
async function announceTo(
  node: OwnNode,
  { peers, statements }: JoinBasis,
  before: CheckedMembers,
  status: NodeStatus,
  progress: Progress,
): Promise<Announcement[]> {
  const descriptor = await ownDescriptor(node.identity, before, status);
  const votes = before.statements.filter(
    (held) => held.type === "vote" && held.vote.subject === node.identity.publicKey,
  );
  const told = new Map(
    [...statements.filter(({ type }) => type === "vote"), ...votes].map((statement) => [
      JSON.stringify(statement),
      statement,
    ]),
  );
  const all: Statement[] = [{ type: "descriptor", descriptor }, ...told.values()];
  const announcements: Announcement[] = [];
  for (const peer of peers) {
    progress.report(`telling ${peer}`, announcements.length, peers.length);
    const announcement = await announce(node.identity, node.mesh, peer, all);
    announcements.push(announcement);
    if (announcement.outcome === "accepted") break;
  }
  return announcements;
}

/** As the Worker signed it; before it is admitted by what it knows, one of the same content. */
async function ownDescriptor(
  identity: Identity,
  { statements, mesh }: CheckedMembers,
  { configuration, time }: NodeStatus,
): Promise<Descriptor> {
  for (const held of statements) {
    if (held.type !== "descriptor") continue;
    const { key, expiresAt } = held.descriptor.descriptor;
    if (key === identity.publicKey && expiresAt > time) return held.descriptor;
  }
  const { name, meshUrl, originUrl, capacity } = configuration;
  const now = Date.now();
  return signDescriptor(identity, mesh, {
    version: 1,
    key: identity.publicKey,
    name: name ?? new URL(meshUrl ?? "").hostname,
    meshUrl: meshUrl ?? "",
    ...(originUrl !== undefined && { originUrl }),
    domains: [],
    capacity: capacity ?? 1,
    epoch: 0,
    seq: now - BEHIND_MS,
    issuedAt: now,
    expiresAt: now + LEASE_MS,
  });
}

async function summary(node: OwnNode): Promise<Pick<JoinOutcome, "own" | "live">> {
  const { reports } = await readMembers(node);
  const live = reports.filter(({ state }) => state === "live" || state === "draining");
  return { own: reports.find((report) => report.node === node.identity.node), live: live.length };
}

/** Waits until the node is live by what it knows, and others have answered it. */
async function untilSettled(
  node: OwnNode,
  announcements: readonly Announcement[],
  {
    progress,
    waitMs,
    isAlone,
  }: { readonly progress: Progress; readonly waitMs: number; readonly isAlone: boolean },
): Promise<JoinOutcome> {
  const until = Date.now() + waitMs;
  for (;;) {
    const status = await node.read("/v1/node/status", nodeStatusSchema);
    const now = await summary(node);
    const isLive = now.own?.state === "live" || now.own?.state === "draining";
    if (isLive && isAlone) return { outcome: "first", announcements, ...now };
    if (isLive && now.live > 1 && lastAnswerAt(status) !== undefined) {
      return { outcome: "joined", announcements, ...now };
    }
    if (Date.now() >= until) return { outcome: "settling", announcements, ...now };
    progress.report("waiting for the mesh, live members known:", now.live, Infinity);
    await pause(POLL_MS);
  }
}
