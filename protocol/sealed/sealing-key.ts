/**
 * Sealing keys: X25519 key pairs (RFC 7748) to which queries are sealed. Not the node's key: the organisation's own
 * Worker has that one, and is not to read what is sealed.
 */
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { sealingKeySchema, type SealingKey } from "../ids.ts";
import type { SecretKey } from "../signed/ed25519.ts";

/**
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM: of RFC 9180's suites the one that WebCrypto has in workerd,
 * Node and browsers (docs/decisions/0017).
 */
export const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

const KEY_ID_PREFIX = utf8Bytes("outcome-mesh/sealing-key/v1\0");
/** Enough to tell an origin's few keys apart; what it opens, the whole key decides. */
export const KEY_ID_BYTES = 8;

/** A sealing key pair that can open. The private key stays inside. */
export interface SealingKeyPair {
  readonly publicKey: SealingKey;
  /** What a sealed query names it by: see `sealingKeyId`. */
  readonly id: Uint8Array;
  readonly privateKey: Awaited<ReturnType<typeof suite.kem.deserializePrivateKey>>;
}

/** The key pair of a 32-byte secret; any 32 bytes are one. */
export async function openSealingKey(secret: SecretKey): Promise<SealingKeyPair> {
  const seed = fromBase64Url(secret);
  const publicKey = sealingKeySchema.parse(toBase64Url(x25519.getPublicKey(seed)));
  const privateKey = await suite.kem.deserializePrivateKey(seed);
  return { publicKey, id: sealingKeyId(publicKey), privateKey };
}

/** The first 8 bytes of H("outcome-mesh/sealing-key/v1\0" ‖ public key). */
export function sealingKeyId(key: SealingKey): Uint8Array {
  const bytes = new ByteWriter().raw(KEY_ID_PREFIX).raw(fromBase64Url(key)).bytes();
  return sha256(bytes).subarray(0, KEY_ID_BYTES);
}
