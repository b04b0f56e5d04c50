/** Delegations: a node lets another key ask in its name for a while, so that a client can call origins itself. */
import { z } from "zod";
import { ByteWriter, fromBase64Url } from "../bytes.ts";
import { nodeIdSchema, publicKeySchema, type MeshId, type PublicKey } from "../ids.ts";
import type { Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

/** Long enough for one query with its longest deadline, and little more. */
export const DELEGATION_MS = 5 * 60 * 1000;

export const delegationSchema = z.strictObject({
  version: z.literal(1),
  node: nodeIdSchema,
  /** The key that may sign requests to origins. */
  delegate: publicKeySchema,
  /** Milliseconds since 1970. */
  expiresAt: z.int().min(0),
  signature: signatureSchema,
});
export type Delegation = z.infer<typeof delegationSchema>;

type DelegationStatement = Omit<Delegation, "signature">;

function encodeDelegation(d: DelegationStatement): Uint8Array {
  return new ByteWriter()
    .u8(d.version)
    .raw(fromBase64Url(d.node))
    .raw(fromBase64Url(d.delegate))
    .u64(d.expiresAt)
    .bytes();
}

export async function signDelegation(
  identity: Identity,
  mesh: MeshId,
  delegate: PublicKey,
  expiresAt: number,
): Promise<Delegation> {
  const statement = { version: 1 as const, node: identity.node, delegate, expiresAt };
  const signature = await signStatement(identity, "delegation", mesh, encodeDelegation(statement));
  return { ...statement, signature };
}

/** True if `key`, which the caller took from the node's descriptor, signed the delegation. Expiry is the caller's to check. */
export function verifyDelegation(mesh: MeshId, key: PublicKey, d: Delegation): Promise<boolean> {
  return verifyStatement(key, d.signature, "delegation", mesh, encodeDelegation(d));
}
