/** The membership as people look at it: each node once, with its state and the votes for and against it. */
import { compareText } from "../bytes.ts";
import { nodeIdOf, type PublicKey } from "../ids.ts";
import { memberStateSchema, type MemberReport, type MemberState } from "../messages/node-status.ts";
import { ENDED_LEASE_MS } from "../signed/descriptor.ts";
import type { Vote } from "../signed/vote.ts";
import type { Member, MembershipView } from "./view.ts";

/** Every node that the view knows of, or that some voted on: live ones first, then by name. */
export function reportMembers(view: MembershipView): MemberReport[] {
  const { founders } = view.charter.charter;
  const votes = countedVotes(view);
  const described = new Map<PublicKey, readonly [MemberState, Member]>();
  for (const member of view.members) {
    described.set(member.key, [member.capacity > 0 ? "live" : "draining", member]);
  }
  for (const member of view.lapsed) {
    const hasLeft = member.expiresAt - member.issuedAt <= ENDED_LEASE_MS;
    described.set(member.key, [hasLeft ? "left" : "lapsed", member]);
  }
  for (const member of view.revoked) described.set(member.key, ["revoked", member]);
  for (const member of view.excluded) described.set(member.key, ["excluded", member]);
  const isFounder = new Set(founders);
  const keys = new Set([...described.keys(), ...founders, ...votes.keys()]);
  return [...keys]
    .map((key) => {
      const [state, member] = described.get(key) ?? [stateWithoutDescriptor(view, key), undefined];
      const latest = votes.get(key) ?? [];
      return {
        node: nodeIdOf(key),
        key,
        state,
        isFounder: isFounder.has(key),
        ...(member && { described: summaryOf(member) }),
        admittedBy: votersOf(latest, "admit"),
        revokedBy: votersOf(latest, "revoke"),
      };
    })
    .toSorted(compareReports);
}

/** How many are in each state. */
export function countStates(
  reports: readonly MemberReport[],
): Partial<Record<MemberState, number>> {
  const counts: Partial<Record<MemberState, number>> = {};
  for (const { state } of reports) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function stateWithoutDescriptor({ admission }: MembershipView, key: PublicKey): MemberState {
  if (admission.revoked.has(key)) return "revoked";
  return admission.isAdmitted(key) ? "awaited" : "candidate";
}

/** Of each voter whose votes count the latest on each subject; at the same time, to revoke is what counts. */
function countedVotes({ statements, admission }: MembershipView): Map<PublicKey, Vote[]> {
  const latest = new Map<string, Vote>();
  for (const statement of statements) {
    if (statement.type !== "vote") continue;
    const { vote } = statement;
    if (vote.by === vote.subject || !admission.mayVote(vote.by)) continue;
    const name = `${vote.subject}/${vote.by}`;
    const known = latest.get(name);
    const isLater =
      !known ||
      vote.issuedAt > known.issuedAt ||
      (vote.issuedAt === known.issuedAt && vote.verdict === "revoke");
    if (isLater) latest.set(name, vote);
  }
  return Map.groupBy(latest.values(), ({ subject }) => subject);
}

function votersOf(votes: readonly Vote[], verdict: Vote["verdict"]): PublicKey[] {
  return votes
    .filter((vote) => vote.verdict === verdict)
    .map(({ by }) => by)
    .toSorted(compareText);
}

function summaryOf(member: Member): MemberReport["described"] {
  const { name, meshUrl, originUrl, domains, capacity, epoch, seq, expiresAt } = member;
  return {
    name,
    meshUrl,
    ...(originUrl !== undefined && { originUrl }),
    domains: domains.length,
    capacity,
    epoch,
    seq,
    expiresAt,
  };
}

const STATES = memberStateSchema.options;

function compareReports(a: MemberReport, b: MemberReport): number {
  return (
    STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
    compareText(a.described?.name ?? "", b.described?.name ?? "") ||
    compareText(a.node, b.node)
  );
}
