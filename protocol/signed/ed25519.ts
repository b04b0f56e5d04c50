/**
 * Ed25519 keys (RFC 8032). Verifiers disagree on small-order and mixed-order keys, so a key is checked once,
 * strictly, before it is imported; from then on every WebCrypto gives the same answer (docs/decisions/0003).
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import { nodeIdOf, publicKeySchema, type NodeId, type PublicKey } from "../ids.ts";
import { z } from "zod";

export const SIGNATURE_BYTES = 64;

/** A 32-byte private seed as base64url: how keys are stored. */
export const secretKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "must be a 32-byte seed as base64url")
  .brand<"SecretKey">();
export type SecretKey = z.infer<typeof secretKeySchema>;

/** An identity that can sign. The private key stays inside. */
export interface Identity {
  readonly publicKey: PublicKey;
  readonly node: NodeId;
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** PKCS #8 of an Ed25519 seed (RFC 8410): this header, then the 32 bytes. */
const PKCS8_HEADER = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);

export async function openIdentity(secret: SecretKey): Promise<Identity> {
  const seed = fromBase64Url(secret);
  const pkcs8 = Uint8Array.from([...PKCS8_HEADER, ...seed]);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const publicKey = publicKeySchema.parse(toBase64Url(ed25519.getPublicKey(seed)));
  return {
    publicKey,
    node: nodeIdOf(publicKey),
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes)),
  };
}

/** A new secret key from 32 random bytes. */
export function secretKeyFrom(random: Uint8Array): SecretKey {
  return secretKeySchema.parse(toBase64Url(random));
}

/** True if the bytes are the canonical encoding of a point of the prime-order group other than its identity. */
export function isSoundPublicKey(key: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(key, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/** What `importKey` gives; not every platform's types have a name for it. */
type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const imported = new Map<PublicKey, Promise<ImportedKey>>();

/**
 * Verifies `signature` over `bytes`. The key must be sound, which is checked where it is admitted: once a key,
 * because that check costs ten times as much as this one.
 */
export async function verifySignature(
  publicKey: PublicKey,
  signature: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return crypto.subtle.verify("Ed25519", await importPublicKey(publicKey), signature, bytes);
}

/** Keys kept imported: a mesh has thousands of members at most. */
const IMPORTED_MAX = 10_000;

function importPublicKey(publicKey: PublicKey): Promise<ImportedKey> {
  const known = imported.get(publicKey);
  if (known) return known;
  if (imported.size >= IMPORTED_MAX) imported.clear();
  const raw = fromBase64Url(publicKey);
  const key = crypto.subtle.importKey("raw", raw, "Ed25519", true, ["verify"]);
  imported.set(publicKey, key);
  return key;
}
