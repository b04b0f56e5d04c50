/** Descriptors: an organisation's signed description of itself. Its lease is the life of all that it published. */
import { z } from "zod";
import { ByteWriter, fromBase64Url } from "../bytes.ts";
import {
  domainIdSchema,
  nodeIdOf,
  publicKeySchema,
  sealingKeySchema,
  type MeshId,
  type NodeId,
} from "../ids.ts";
import { endpointSchema } from "../http/endpoint.ts";
import type { Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

/** A descriptor lives this long, and is renewed hourly: a day without its organisation and it is gone. */
export const LEASE_MS = 24 * 60 * 60 * 1000;
export const DESCRIPTOR_MAX_DOMAINS = 256;

const timestamp = z.int().min(0);

export const descriptorStatementSchema = z
  .strictObject({
    version: z.literal(1),
    key: publicKeySchema,
    /** For people; the key is what counts. */
    name: z.string().min(1).max(100),
    /** Base URL of the organisation's Worker. */
    meshUrl: endpointSchema,
    /** Base URL of its origin; absent where it holds no outcomes. */
    originUrl: endpointSchema.optional(),
    /** Domains in which it holds outcomes. */
    domains: z.array(domainIdSchema).max(DESCRIPTOR_MAX_DOMAINS),
    /** Relative share of slots that it takes. 0: none; what it published is found as before. */
    capacity: z.int().min(0).max(1000),
    epoch: z.int().min(0).max(0xffffffff),
    /** Grows with every descriptor of this node; the highest wins. */
    seq: z.int().min(0),
    /** Milliseconds since 1970. */
    issuedAt: timestamp,
    expiresAt: timestamp,
    /** The key to which queries to its origin are sealed; absent where it has none. */
    sealingKey: sealingKeySchema.optional(),
  })
  .refine((d) => d.expiresAt > d.issuedAt && d.expiresAt - d.issuedAt <= LEASE_MS, {
    path: ["expiresAt"],
    message: `must be after issuedAt, by at most ${LEASE_MS} ms`,
  });
/** A lease of this length ends as it begins: its node says that it has left. */
export const ENDED_LEASE_MS = 1;
export type DescriptorStatement = z.infer<typeof descriptorStatementSchema>;

export const descriptorSchema = z.strictObject({
  descriptor: descriptorStatementSchema,
  signature: signatureSchema,
});
export type Descriptor = z.infer<typeof descriptorSchema>;

export function encodeDescriptor(d: DescriptorStatement): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .u8(d.version)
    .raw(fromBase64Url(d.key))
    .text(d.name)
    .text(d.meshUrl)
    .text(d.originUrl ?? "")
    .u16(d.domains.length);
  for (const domain of d.domains) writer.raw(fromBase64Url(domain));
  writer.u16(d.capacity).u32(d.epoch).u64(d.seq).u64(d.issuedAt).u64(d.expiresAt);
  // Last, and nothing where absent: descriptors from before there were sealing keys verify as they did.
  if (d.sealingKey !== undefined) writer.raw(fromBase64Url(d.sealingKey));
  return writer.bytes();
}

export async function signDescriptor(
  identity: Identity,
  mesh: MeshId,
  descriptor: DescriptorStatement,
): Promise<Descriptor> {
  const body = encodeDescriptor(descriptor);
  return { descriptor, signature: await signStatement(identity, "descriptor", mesh, body) };
}

/** True if the descriptor's own key signed it for `mesh`. Whether that key is a member's is the charter's word. */
export function verifyDescriptor(
  mesh: MeshId,
  { descriptor, signature }: Descriptor,
): Promise<boolean> {
  return verifyStatement(
    descriptor.key,
    signature,
    "descriptor",
    mesh,
    encodeDescriptor(descriptor),
  );
}

/** True if the descriptor says that its node has left the mesh. */
export function hasLeft({ issuedAt, expiresAt }: DescriptorStatement): boolean {
  return expiresAt - issuedAt <= ENDED_LEASE_MS;
}

export function nodeOf(descriptor: Descriptor): NodeId {
  return nodeIdOf(descriptor.descriptor.key);
}
