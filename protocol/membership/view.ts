/**
 * A node's view of its mesh: who is a member and live, who no longer is and why, and what follows from that, the
 * placement of slots. Pure; where the statements come from is not its concern.
 */
import { ByteWriter, compareText, fromBase64Url } from "../bytes.ts";
import { BucketDigests } from "../gossip/digest.ts";
import { contentId, nodeIdOf, type MeshId, type NodeId, type PublicKey } from "../ids.ts";
import { createPlacement, type Placement } from "../placement/placement.ts";
import { meshIdOf, type Charter } from "../signed/charter.ts";
import type { Descriptor, DescriptorStatement } from "../signed/descriptor.ts";
import type { Equivocation } from "../signed/equivocation.ts";
import { admissionOf, type Admission } from "./admission.ts";
import { statementHash, type Statement } from "./statements.ts";

export interface Member extends DescriptorStatement {
  readonly node: NodeId;
}

/** A node that contradicted itself; `proof` shows it to anyone. */
export interface ExcludedMember extends Member {
  readonly proof: Equivocation;
}

export interface MembershipView {
  readonly mesh: MeshId;
  /** Equal for equal sets of statements with the same live members. */
  readonly version: string;
  readonly charter: Charter;
  readonly statements: readonly Statement[];
  /** Who is admitted and revoked by the votes. */
  readonly admission: Admission;
  /** Admitted, with a lease that held when the view was made, by node id. */
  readonly members: readonly Member[];
  /** Admitted, but their lease was over: gone for a day, or left. */
  readonly lapsed: readonly Member[];
  readonly revoked: readonly Member[];
  readonly excluded: readonly ExcludedMember[];
  /** Those of the members that hold slots: with a capacity above 0, and not away. */
  readonly placed: readonly Member[];
  /** Over these. Its version changes only when who holds what does. */
  readonly placement: Placement;
  /** When the next lease ends or the next node is away: from then on a view made anew may be another. */
  readonly validUntil: number;
  /** The member, if its lease holds at `now`. */
  live(node: NodeId, now: number): Member | undefined;
  /** The latest descriptor of a live member. */
  descriptorOf(node: NodeId): Descriptor | undefined;
}

/**
 * The view that verified `statements` give at `now`. Where who holds what is as in `previous`, its placement is
 * kept with all that it has memoised.
 */
export function createView(
  charter: Charter,
  statements: readonly Statement[],
  now: number,
  previous?: MembershipView,
): MembershipView {
  const votes = statements.flatMap((held) => (held.type === "vote" ? [held.vote] : []));
  const admission = admissionOf(charter.charter, votes);
  const lists = sortStatements(statements, admission, now);
  const members = byNode(lists.live);
  const placed = members.filter((member) => isPlaced(member, now));
  const placement =
    previous && isPlacedAlike(placed, previous.placed)
      ? previous.placement
      : createPlacement(placed, charter.charter.replicas);
  const live = new Map(members.map((member) => [member.node, member]));
  const digests = new BucketDigests();
  for (const statement of statements) digests.toggle(0, statementHash(statement));
  const version = new ByteWriter()
    .raw(fromBase64Url(digests.whole))
    .u32(statements.length)
    .u32(members.length)
    .raw(fromBase64Url(placement.version));
  return {
    mesh: meshIdOf(charter.charter),
    version: contentId(version.bytes()),
    charter,
    statements,
    admission,
    members,
    placed,
    lapsed: byNode(lists.lapsed),
    revoked: byNode(lists.revoked),
    excluded: lists.excluded.toSorted((a, b) => compareText(a.node, b.node)),
    placement,
    validUntil: nextChange(members, now),
    live: (node, at) => {
      const member = live.get(node);
      return member && member.expiresAt > at ? member : undefined;
    },
    descriptorOf: (node) => {
      const member = live.get(node);
      return member && lists.descriptors.get(member.key);
    },
  };
}

/** True if the same nodes hold the same slots. Cheaper than a placement's version, where there are thousands. */
function isPlacedAlike(a: readonly Member[], b: readonly Member[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ node, capacity }, i) => b[i]?.node === node && b[i].capacity === capacity)
  );
}

interface Lists {
  readonly live: Member[];
  readonly lapsed: Member[];
  readonly revoked: Member[];
  readonly excluded: ExcludedMember[];
  readonly descriptors: Map<PublicKey, Descriptor>;
}

/**
 * A node that has not renewed its descriptor for three hours is away: its slots are given to others, so that those who
 * crash do not pile up in replica sets. What it published stays until its lease ends.
 */
export const PLACED_MS = 3 * 60 * 60 * 1000;

function isPlaced({ capacity, issuedAt }: Member, now: number): boolean {
  return capacity > 0 && issuedAt + PLACED_MS > now;
}

/** When a lease ends next, or a node is taken for away. */
function nextChange(members: readonly Member[], now: number): number {
  let next = Infinity;
  for (const { issuedAt, expiresAt } of members) {
    for (const at of [issuedAt + PLACED_MS, expiresAt]) if (at > now && at < next) next = at;
  }
  return next;
}

/** Every node in one list: a revoked one is revoked, whatever else it is; an excluded one never lapses. */
function sortStatements(
  statements: readonly Statement[],
  admission: Admission,
  now: number,
): Lists {
  const lists: Lists = { live: [], lapsed: [], revoked: [], excluded: [], descriptors: new Map() };
  for (const statement of statements) {
    if (statement.type === "vote") continue;
    const descriptor =
      statement.type === "descriptor" ? statement.descriptor : statement.equivocation.second;
    const member = { ...descriptor.descriptor, node: nodeIdOf(descriptor.descriptor.key) };
    if (admission.revoked.has(member.key)) lists.revoked.push(member);
    else if (statement.type === "equivocation") {
      lists.excluded.push({ ...member, proof: statement.equivocation });
    } else if (admission.isAdmitted(member.key)) {
      lists.descriptors.set(member.key, descriptor);
      (member.expiresAt > now ? lists.live : lists.lapsed).push(member);
    }
  }
  return lists;
}

function byNode(members: readonly Member[]): Member[] {
  return members.toSorted((a, b) => compareText(a.node, b.node));
}
