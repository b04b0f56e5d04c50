/**
 * A node's view of its mesh: the live members by their verified descriptors, and what follows from them,
 * the placement of slots. Pure; where the descriptors come from (a fixed list, gossip) is not its concern.
 */
import { ByteWriter, compareText, fromBase64Url } from "./bytes.ts";
import { contentId, nodeIdOf, type MeshId, type NodeId, type PublicKey } from "./ids.ts";
import { createPlacement, type Placement } from "./placement/placement.ts";
import { meshIdOf, verifyCharter, type Charter } from "./signed/charter.ts";
import {
  nodeOf,
  verifyDescriptor,
  type Descriptor,
  type DescriptorStatement,
} from "./signed/descriptor.ts";

export interface Member extends DescriptorStatement {
  readonly node: NodeId;
}

export interface MembershipView {
  readonly mesh: MeshId;
  /** Equal for equal sets of descriptors. */
  readonly version: string;
  readonly charter: Charter;
  readonly descriptors: readonly Descriptor[];
  /** Those whose lease held when the view was made, by node id. */
  readonly members: readonly Member[];
  readonly placement: Placement;
  /** The member, if its lease holds at `now`. */
  live(node: NodeId, now: number): Member | undefined;
}

/** Why a charter or a descriptor is not accepted. */
export type AdmissionError =
  | { readonly code: "bad-charter" }
  | {
      readonly code: "bad-signature" | "not-admitted" | "not-yet" | "expired";
      readonly node: NodeId;
    };

/** Checks a charter and descriptors from anywhere. Undefined if all are good. */
export async function checkMembers(
  charter: Charter,
  descriptors: readonly Descriptor[],
  now: number,
): Promise<AdmissionError | undefined> {
  if (!(await verifyCharter(charter))) return { code: "bad-charter" };
  return checkDescriptors(charter, descriptors, now);
}

/** Checks descriptors from anywhere against a charter that was verified. Undefined if all are good. */
export async function checkDescriptors(
  charter: Charter,
  descriptors: readonly Descriptor[],
  now: number,
): Promise<AdmissionError | undefined> {
  const mesh = meshIdOf(charter.charter);
  // A key that the charter names is sound, so that its signatures can be verified as they come.
  const admitted = new Set<PublicKey>(charter.charter.founders);
  for (const descriptor of descriptors) {
    const node = nodeOf(descriptor);
    if (!admitted.has(descriptor.descriptor.key)) return { code: "not-admitted", node };
    if (descriptor.descriptor.expiresAt <= now) return { code: "expired", node };
    if (!(await verifyDescriptor(mesh, descriptor))) return { code: "bad-signature", node };
  }
  return undefined;
}

/** Keeps one descriptor a node: the one with the highest seq. */
export function latestDescriptors(descriptors: readonly Descriptor[]): Descriptor[] {
  const latest = new Map<PublicKey, Descriptor>();
  for (const descriptor of descriptors) {
    const { key } = descriptor.descriptor;
    const known = latest.get(key);
    if (!known || isLater(descriptor, known)) latest.set(key, descriptor);
  }
  return [...latest.values()];
}

/** A node that signs two descriptors with one seq is at fault; the signature decides, so that all views agree. */
function isLater(a: Descriptor, b: Descriptor): boolean {
  const seqs = a.descriptor.seq - b.descriptor.seq;
  return seqs === 0 ? compareText(a.signature, b.signature) > 0 : seqs > 0;
}

/** The view that verified `descriptors` give. Placement counts every member, so that a lapse moves no slots by itself. */
export function createView(charter: Charter, descriptors: readonly Descriptor[]): MembershipView {
  const members = new Map<NodeId, Member>();
  for (const { descriptor } of latestDescriptors(descriptors)) {
    const node = nodeIdOf(descriptor.key);
    members.set(node, { ...descriptor, node });
  }
  const sorted = [...members.values()].toSorted((a, b) => compareText(a.node, b.node));
  const digest = new ByteWriter();
  for (const { node, epoch, seq } of sorted) digest.raw(fromBase64Url(node)).u32(epoch).u64(seq);
  return {
    mesh: meshIdOf(charter.charter),
    version: contentId(digest.bytes()),
    charter,
    descriptors,
    members: sorted,
    placement: createPlacement(sorted, charter.charter.replicas),
    live: (node, now) => {
      const member = members.get(node);
      return member && member.expiresAt > now ? member : undefined;
    },
  };
}
