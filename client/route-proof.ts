/**
 * What a client that calls origins itself checks of its gateway's word: that the route belongs to the mesh it
 * means, that every origin is a member of it, and that the delegation is good for the client's own key.
 */
import { z } from "zod";
import {
  charterSchema,
  checkDescriptors,
  descriptorSchema,
  meshIdOf,
  nodeOf,
  verifyCharter,
  verifyDelegation,
  type Charter,
  type Descriptor,
  type FoundOrigin,
  type MeshId,
  type PublicKey,
  type RouteResponse,
} from "../protocol/index.ts";
import { ProtocolError } from "./problem-error.ts";

/** The part of `/.well-known/outcome-mesh` that matters here. */
export const nodeDocumentSchema = z.object({
  charter: charterSchema,
  descriptor: descriptorSchema,
});

export interface NodeDocument {
  readonly charter: Charter;
  readonly descriptor: Descriptor;
}

export interface RouteProof {
  /** What the gateway says of itself and its mesh. */
  readonly document: NodeDocument;
  /** The mesh that is meant; where undefined, the gateway's word is taken for which mesh it is. */
  readonly mesh: MeshId | undefined;
  /** The client's own key. */
  readonly delegate: PublicKey;
  readonly now: number;
}

/**
 * The route's origins. One that can not be proven a member is kept without a URL, so that it is not asked, and
 * is counted as unreachable. Throws a `ProtocolError` where mesh or delegation are not what they must be.
 */
export async function provenOrigins(
  route: RouteResponse,
  { document, mesh, delegate, now }: RouteProof,
): Promise<FoundOrigin[]> {
  const { charter, descriptor: own } = document;
  const isMesh = meshIdOf(charter.charter) === route.mesh && (mesh ?? route.mesh) === route.mesh;
  if (!isMesh || !(await verifyCharter(charter))) {
    throw new ProtocolError("the gateway's route is not of this mesh");
  }
  const { delegation } = route;
  const isDelegated =
    delegation.delegate === delegate &&
    delegation.node === nodeOf(own) &&
    delegation.expiresAt > now &&
    (await isMember(charter, own, now)) &&
    (await verifyDelegation(route.mesh, own.descriptor.key, delegation));
  if (!isDelegated) throw new ProtocolError("the gateway's delegation is not good for this client");
  return Promise.all(
    route.origins.map(async ({ node, estimate, descriptor }) => {
      const { name, key, originUrl } = descriptor.descriptor;
      const isProven = nodeOf(descriptor) === node && (await isMember(charter, descriptor, now));
      return {
        node,
        estimate,
        organisation: name,
        key,
        originUrl: isProven ? originUrl : undefined,
      };
    }),
  );
}

async function isMember(charter: Charter, descriptor: Descriptor, now: number): Promise<boolean> {
  return (await checkDescriptors(charter, [descriptor], now)) === undefined;
}
