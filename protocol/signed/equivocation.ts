/**
 * Equivocations: two different descriptors that one node signed with one seq, so that some nodes would see one
 * and some the other. Whoever holds both holds the proof.
 */
import { z } from "zod";
import { compareText } from "../bytes.ts";
import type { MeshId } from "../ids.ts";
import { descriptorSchema, verifyDescriptor, type Descriptor } from "./descriptor.ts";

export const equivocationSchema = z
  .strictObject({
    /** The one with the lesser signature as text. */
    first: descriptorSchema,
    second: descriptorSchema,
  })
  .refine(({ first, second }) => areContradictory(first, second), {
    error: "must be two different descriptors of one key with one seq",
  })
  .refine(({ first, second }) => compareText(first.signature, second.signature) < 0, {
    path: ["first"],
    message: "must be the one with the lesser signature",
  });
export type Equivocation = z.infer<typeof equivocationSchema>;

/** True if no honest node signs both. The same content signed twice is no contradiction. */
export function areContradictory(a: Descriptor, b: Descriptor): boolean {
  return (
    a.descriptor.key === b.descriptor.key &&
    a.descriptor.seq === b.descriptor.seq &&
    contentOf(a) !== contentOf(b)
  );
}

/** All that is signed, as text. Not its bytes: they can not be made of what does not fit the schema. */
function contentOf({ descriptor: d }: Descriptor): string {
  return JSON.stringify([
    d.version,
    d.key,
    d.name,
    d.meshUrl,
    d.originUrl,
    d.domains,
    d.capacity,
    d.epoch,
    d.seq,
    d.issuedAt,
    d.expiresAt,
  ]);
}

/**
 * The proof that `descriptors` hold, if they hold one. Of several with the same seq it is the pair of least
 * signatures, and the least seq comes first, so that whatever is seen in whatever order, the same one stays.
 */
export function findEquivocation(descriptors: readonly Descriptor[]): Equivocation | undefined {
  const sorted = descriptors.toSorted(
    (a, b) => a.descriptor.seq - b.descriptor.seq || compareText(a.signature, b.signature),
  );
  for (const first of sorted) {
    const second = sorted.find((other) => areContradictory(first, other));
    if (second) return { first, second };
  }
  return undefined;
}

/** True if both descriptors are signed for `mesh` by the key that they name. */
export async function verifyEquivocation(
  mesh: MeshId,
  { first, second }: Equivocation,
): Promise<boolean> {
  return (await verifyDescriptor(mesh, first)) && verifyDescriptor(mesh, second);
}
