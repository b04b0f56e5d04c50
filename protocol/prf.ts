/**
 * The pseudo-random function that every hash family, tree and permutation derives from: SHA-256 in
 * counter mode for seeds, and a 32-bit mixer for the inner loops. Under a key that all know it makes
 * signatures equal everywhere, and does not make them secret; features/family-key.ts has both kinds.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, utf8Bytes } from "./bytes.ts";
import { memoize } from "./memo.ts";

const PRF_PREFIX = utf8Bytes("outcome-mesh/prf/v1\0");

/** The first `count` 32-bit words of the stream named `label` under `key`. */
export function prfWords(key: Uint8Array, label: string, count: number): Uint32Array {
  const stream = prfStream(key, label);
  return Uint32Array.from({ length: count }, stream);
}

/** An endless stream of 32-bit words: block i is SHA-256(prefix, key, label, i), read big-endian. */
export function prfStream(key: Uint8Array, label: string): () => number {
  let block = new DataView(new ArrayBuffer(0));
  let counter = 0;
  let offset = 0;
  return () => {
    if (offset === block.byteLength) {
      const input = new ByteWriter().raw(PRF_PREFIX).sized(key).text(label).u32(counter++).bytes();
      const digest = sha256(input);
      block = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
      offset = 0;
    }
    offset += 4;
    return block.getUint32(offset - 4);
  };
}

/** A permutation of 0..size-1 (Fisher-Yates, rejection-sampled so that it is uniform). */
export function prfPermutation(key: Uint8Array, label: string, size: number): Uint16Array {
  const next = prfStream(key, label);
  const order = Uint16Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = uniformBelow(next, i + 1);
    const swapped = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = swapped;
  }
  return order;
}

/** A uniform number of 0..bound-1, by rejection. */
export function uniformBelow(next: () => number, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const word = next();
    if (word < limit) return word % bound;
  }
}

/** A bijective 32-bit mixer with near-ideal avalanche (Wellons, "lowbias32", 2018). */
function scramble(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** Hashes the 64-bit key (a, b) under the 64-bit seed (s0, s1) to an unsigned 32-bit word. */
export function mix(s0: number, s1: number, a: number, b: number): number {
  return scramble(scramble(s0 ^ a) ^ s1 ^ b) >>> 0;
}

/** A uniform number in the open interval (0, 1) from a 32-bit word. */
export function toUnit(word: number): number {
  return (word + 0.5) / 2 ** 32;
}

const ELEMENT_PREFIX = utf8Bytes("outcome-mesh/element/v1\0");

/** Elements whose keys are remembered: a domain's common ones; a few megabytes at most. */
const KEYS_MAX = 8192;

/** The 64-bit key of a text element (a category, a set member, an ontology term) as two words. */
export const elementKey = memoize((element: string): readonly [number, number] => {
  const digest = sha256(new ByteWriter().raw(ELEMENT_PREFIX).text(element).bytes());
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  return [view.getUint32(0), view.getUint32(4)];
}, KEYS_MAX);
