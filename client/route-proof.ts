/**
 * What a client that calls origins itself checks of its gateway's word: that the route belongs to the mesh it
 * means, that every origin is a member of it, and that the delegation is good for the client's own key.
 */
import { z } from "zod";
import {
  charterSchema,
  descriptorSchema,
  MembershipState,
  meshIdOf,
  nodeOf,
  verifyCharter,
  verifyDelegation,
  verifyStatements,
  type Charter,
  type Descriptor,
  type FoundOrigin,
  type MeshId,
  type PublicKey,
  type RouteResponse,
  type Statement,
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
  const state = new MembershipState(charter);
  state.merge((await verifyStatements(state, route.statements, now)).good);
  const isDelegated =
    delegation.delegate === delegate &&
    delegation.node === nodeOf(own) &&
    delegation.expiresAt > now &&
    (await isMember(state, own, now)) &&
    (await verifyDelegation(route.mesh, own.descriptor.key, delegation));
  if (!isDelegated) throw new ProtocolError("the gateway's delegation is not good for this client");
  return Promise.all(
    route.origins.map(async ({ node, estimate, descriptor }) => {
      const { name, key, originUrl, sealingKey } = descriptor.descriptor;
      const isProven = nodeOf(descriptor) === node && (await isMember(state, descriptor, now));
      return {
        node,
        estimate,
        organisation: name,
        key,
        originUrl: isProven ? originUrl : undefined,
        sealingKey,
      };
    }),
  );
}

/** True if the charter, with the votes that `state` holds, makes the descriptor's node a member whose lease holds. */
async function isMember(
  state: MembershipState,
  descriptor: Descriptor,
  now: number,
): Promise<boolean> {
  if (descriptor.descriptor.expiresAt <= now) return false;
  const statement: Statement = { type: "descriptor", descriptor };
  const { good } = await verifyStatements(state, [statement], now);
  return good.length === 1 && state.admission().isAdmitted(descriptor.descriptor.key);
}
