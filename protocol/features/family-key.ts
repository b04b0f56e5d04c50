/**
 * What the hash families of a domain derive from: for all to compute from the domain's id, or, in a keyed domain,
 * from a secret of its members.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, fromBase64Url, utf8Bytes } from "../bytes.ts";
import type { DomainId } from "../ids.ts";
import { memoize } from "../memo.ts";
import { elementKey, prfWords } from "../prf.ts";

export interface FamilyKey {
  /** The PRF key of seed words and projections: 32 bytes. */
  readonly bytes: Uint8Array;
  /** The 64-bit key of a text element, as two words. */
  elementKey(element: string): readonly [number, number];
  /** The 64-bit key of a cell of a grid, an integer, as two words. */
  cellKey(cell: number): readonly [number, number];
}

export function publicFamilyKey(domain: DomainId): FamilyKey {
  return {
    bytes: fromBase64Url(domain),
    elementKey,
    cellKey: (cell) => [cell | 0, Math.floor(cell / 2 ** 32) | 0],
  };
}

const SECRET_PREFIX = utf8Bytes("outcome-mesh/family-key/v1\0");
/** Elements whose keys are remembered: a domain's common ones; a few megabytes at most. */
const KEYS_MAX = 8192;

/**
 * Elements and cells have secret keys too: the mixer is no cipher, and who knows some values and their symbols
 * could find 64-bit seeds by trying. Without the elements' keys, found seeds say nothing of further values.
 */
export function secretFamilyKey(secret: Uint8Array, domain: DomainId): FamilyKey {
  const input = new ByteWriter().raw(SECRET_PREFIX).raw(fromBase64Url(domain)).bytes();
  const bytes = hmac(sha256, secret, input);
  const keyOf = memoize((label: string): readonly [number, number] => {
    const [a = 0, b = 0] = prfWords(bytes, label, 2);
    return [a, b];
  }, KEYS_MAX);
  return {
    bytes,
    elementKey: (element) => keyOf(`element/${element}`),
    cellKey: (cell) => keyOf(`cell/${cell}`),
  };
}
