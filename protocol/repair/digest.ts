/**
 * Digests of what a slot contains: two replicas hold the same statements of a slot if its digests are equal.
 * XOR of one hash a statement, so that a change costs one step whatever the slot holds. A hash need not
 * withstand anyone who chooses statements: who makes two of its own cancel out hides only those.
 */
import { mix } from "../prf.ts";

/** Names a statement (16 bytes), and which of those about the same it is. */
export interface Item {
  readonly key: Uint8Array;
  readonly epoch: number;
  readonly seq: number;
}

/** 64 bits as two words. */
export interface Digest {
  readonly hi: number;
  readonly lo: number;
}

export const EMPTY_DIGEST: Digest = { hi: 0, lo: 0 };

/** Hash of one item. */
export function itemHash({ key, epoch, seq }: Item): Digest {
  const high = Math.floor(seq / 2 ** 32);
  const low = seq >>> 0;
  const k0 = wordAt(key, 0);
  const k2 = wordAt(key, 8);
  return {
    hi: mix(mix(k0, wordAt(key, 4), low, high), k2, epoch, 1),
    lo: mix(mix(k2, wordAt(key, 12), low, high), k0, epoch, 2),
  };
}

export function xorDigests(a: Digest, b: Digest): Digest {
  return { hi: (a.hi ^ b.hi) >>> 0, lo: (a.lo ^ b.lo) >>> 0 };
}

export function equalDigests(a: Digest, b: Digest): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}

/** One digest for many slots: equal for equal digests of the same slots. Slots that hold nothing do not count. */
export function combineDigests(slots: Iterable<readonly [slot: number, digest: Digest]>): Digest {
  let combined = EMPTY_DIGEST;
  for (const [slot, { hi, lo }] of slots) {
    combined = xorDigests(combined, { hi: mix(hi, lo, slot, 1), lo: mix(lo, hi, slot, 2) });
  }
  return combined;
}

/** Below 0 if `a` is older than `b`, above if it is newer: the epoch decides, then the seq. */
export function compareVersions(
  a: Pick<Item, "epoch" | "seq">,
  b: Pick<Item, "epoch" | "seq">,
): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
