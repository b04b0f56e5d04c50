/** What a node says of itself next: the descriptors that renew its lease, and those with which it leaves. */
import type { DomainId, PublicKey, SealingKey } from "../ids.ts";
import { CLOCK_SKEW_S } from "../http/message-signature.ts";
import {
  ENDED_LEASE_MS,
  hasLeft,
  LEASE_MS,
  type Descriptor,
  type DescriptorStatement,
} from "../signed/descriptor.ts";

/** Renewed this often, a lease outlasts a day without its node, and 23 renewals that do not get through. */
export const RENEW_MS = LEASE_MS / 24;

/** What the operator says of the node. */
export interface OwnDescription {
  readonly name: string;
  readonly meshUrl: string;
  readonly originUrl?: string;
  readonly capacity: number;
}

/** What its origin says; undefined, or a member that is undefined, where it has not said so yet. */
export interface OriginDescription {
  readonly domains?: readonly DomainId[] | undefined;
  /** Null: it takes no sealed queries. */
  readonly sealingKey?: SealingKey | null | undefined;
}

/**
 * The node's next descriptor, to be signed; undefined where the one that is held says it all and is fresh, or
 * says that the node has left. A node whose lease had ended raises its epoch: others may have dropped its
 * entries. One that hands over (capacity 0) goes on doing so.
 */
export function renewedDescriptor(
  key: PublicKey,
  held: Descriptor | undefined,
  { capacity, ...description }: OwnDescription,
  origin: OriginDescription,
  now: number,
): DescriptorStatement | undefined {
  if (held && hasLeft(held.descriptor)) return undefined;
  const last = held?.descriptor;
  const isOver = last !== undefined && last.expiresAt <= now;
  const sealingKey = origin.sealingKey === undefined ? last?.sealingKey : origin.sealingKey;
  const next: DescriptorStatement = {
    version: 1,
    key,
    ...description,
    domains: [...(origin.domains ?? last?.domains ?? [])],
    capacity: last?.capacity === 0 ? 0 : capacity,
    epoch: (last?.epoch ?? 0) + (isOver ? 1 : 0),
    ...dated(last, now),
    expiresAt: now + LEASE_MS,
    ...(sealingKey && { sealingKey }),
  };
  const isFresh =
    last !== undefined &&
    !isOver &&
    now - last.issuedAt < RENEW_MS &&
    // One dated ahead, by a clock that was off since, others do not take.
    last.issuedAt <= now + CLOCK_SKEW_S * 1000;
  return isFresh && saysTheSame(next, last) ? undefined : next;
}

/**
 * How a node leaves: first it takes no slots, so that others take them over (`hand-over`); then, when that is
 * done, its lease ends at once (`end`), and with it all that it published.
 */
export function leavingDescriptor(
  { descriptor }: Descriptor,
  step: "hand-over" | "end",
  now: number,
): DescriptorStatement {
  return {
    ...descriptor,
    capacity: 0,
    ...dated(descriptor, now),
    expiresAt: now + (step === "end" ? ENDED_LEASE_MS : LEASE_MS),
  };
}

/** A seq that was never used, whatever the clock says: two descriptors with one seq would exclude the node. */
function dated(
  last: DescriptorStatement | undefined,
  now: number,
): Pick<DescriptorStatement, "seq" | "issuedAt"> {
  return { seq: Math.max(now, (last?.seq ?? -1) + 1), issuedAt: now };
}

function saysTheSame(a: DescriptorStatement, b: DescriptorStatement): boolean {
  return (
    a.name === b.name &&
    a.meshUrl === b.meshUrl &&
    a.originUrl === b.originUrl &&
    a.capacity === b.capacity &&
    a.epoch === b.epoch &&
    a.sealingKey === b.sealingKey &&
    a.domains.join() === b.domains.join()
  );
}
