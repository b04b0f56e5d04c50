/** How a Merkle tree of RFC 9162 (section 2.1.1; the same in RFC 6962) hashes: leaves and nodes never mix. */
import { sha256 } from "@noble/hashes/sha2.js";

export const HASH_BYTES = 32;

const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Uint8Array<ArrayBuffer> = Uint8Array.from(sha256(new Uint8Array()));

export function leafHash(leaf: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashOf(LEAF_PREFIX, leaf);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashOf(NODE_PREFIX, left, right);
}

function hashOf(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = sha256.create().update(Uint8Array.of(prefix));
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}
