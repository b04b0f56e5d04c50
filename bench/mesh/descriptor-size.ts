/** How large a descriptor is as gossip carries it. */
import {
  contentId,
  domainIdSchema,
  LEASE_MS,
  meshIdSchema,
  openIdentity,
  secretKeyFrom,
  signDescriptor,
  utf8Bytes,
} from "../../protocol/index.ts";

/** In bytes, of a real descriptor's JSON. */
export async function sizeOfDescriptor(): Promise<number> {
  const identity = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(7)));
  const id = contentId(utf8Bytes("descriptor"));
  const descriptor = await signDescriptor(identity, meshIdSchema.parse(id), {
    version: 1,
    key: identity.publicKey,
    name: "University Hospital of Somewhere",
    meshUrl: "https://outcome-mesh.hospital.example.org",
    originUrl: "https://outcomes.hospital.example.org",
    domains: [domainIdSchema.parse(id)],
    capacity: 1,
    epoch: 1,
    seq: 1_700_000_000_000,
    issuedAt: 1_700_000_000_000,
    expiresAt: 1_700_000_000_000 + LEASE_MS,
  });
  return JSON.stringify({ type: "descriptor", descriptor }).length;
}
