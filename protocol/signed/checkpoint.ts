/** Checkpoints: a node's word that its audit log had this many entries, and this Merkle root over them. */
import { z } from "zod";
import { ByteWriter, fromBase64Url, toBase64Url } from "../bytes.ts";
import { hashSchema, meshIdSchema, publicKeySchema, type MeshId } from "../ids.ts";
import { isSoundPublicKey, type Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

export const checkpointSchema = z.strictObject({
  version: z.literal(1),
  mesh: meshIdSchema,
  /** Of the node whose log it is, and which signs. */
  key: publicKeySchema,
  /** Entries so far. */
  size: z.int().min(0),
  /** Over the entries' canonical JSON, as in RFC 9162. */
  root: hashSchema,
  /** Milliseconds since 1970. */
  signedAt: z.int().min(0),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

export const signedCheckpointSchema = z.strictObject({
  checkpoint: checkpointSchema,
  signature: signatureSchema,
});
export type SignedCheckpoint = z.infer<typeof signedCheckpointSchema>;

export function encodeCheckpoint(c: Omit<Checkpoint, "mesh">): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .u8(c.version)
    .raw(fromBase64Url(c.key))
    .u64(c.size)
    .raw(fromBase64Url(c.root))
    .u64(c.signedAt)
    .bytes();
}

export async function signCheckpoint(
  identity: Identity,
  mesh: MeshId,
  head: { readonly size: number; readonly root: Uint8Array; readonly signedAt: number },
): Promise<SignedCheckpoint> {
  const { size, signedAt } = head;
  const root = toBase64Url(head.root);
  const checkpoint = { version: 1, mesh, key: identity.publicKey, size, root, signedAt } as const;
  const body = encodeCheckpoint(checkpoint);
  return { checkpoint, signature: await signStatement(identity, "checkpoint", mesh, body) };
}

/** True if the checkpoint's own key is sound and signed it. Whose key that is, and which mesh, is the caller's to judge. */
export async function verifyCheckpoint({
  checkpoint,
  signature,
}: SignedCheckpoint): Promise<boolean> {
  const { key, mesh } = checkpoint;
  if (!isKnownSound(key)) return false;
  return verifyStatement(key, signature, "checkpoint", mesh, encodeCheckpoint(checkpoint));
}

/** The last key that was found sound: a log, and most often its reader, meets one key again and again. */
let soundKey: string | undefined;

function isKnownSound(key: string): boolean {
  if (key === soundKey) return true;
  if (!isSoundPublicKey(fromBase64Url(key))) return false;
  soundKey = key;
  return true;
}
