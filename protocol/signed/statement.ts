/** The frame of everything that is signed: what kind of statement, in which mesh, then its own bytes. */
import { ByteWriter, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { z } from "zod";
import type { MeshId, PublicKey } from "../ids.ts";
import { verifySignature, type Identity } from "./ed25519.ts";

/** Each kind has a prefix of its own, so that no signature can be presented as one of another kind. */
export type StatementKind =
  | "entry"
  | "tombstone"
  | "descriptor"
  | "charter"
  | "vote"
  | "invitation"
  | "answer"
  | "checkpoint"
  | "delegation";

/** 64 bytes as base64url. */
export const signatureSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{85}[AQgw]$/, "must be 64 bytes as base64url without padding");

/** `outcome-mesh/<kind>/v1`, a zero byte, the mesh id's 32 bytes, then the body. */
export function signedBytes(
  kind: StatementKind,
  mesh: MeshId,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .raw(utf8Bytes(`outcome-mesh/${kind}/v1\0`))
    .raw(fromBase64Url(mesh))
    .raw(body)
    .bytes();
}

/** The signature, as base64url. */
export async function signStatement(
  identity: Identity,
  kind: StatementKind,
  mesh: MeshId,
  body: Uint8Array,
): Promise<string> {
  return toBase64Url(await identity.sign(signedBytes(kind, mesh, body)));
}

export function verifyStatement(
  key: PublicKey,
  signature: string,
  kind: StatementKind,
  mesh: MeshId,
  body: Uint8Array,
): Promise<boolean> {
  return verifySignature(key, fromBase64Url(signature), signedBytes(kind, mesh, body));
}
