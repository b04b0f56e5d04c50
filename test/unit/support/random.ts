/** Seeded randomness: a test that samples gives the same result in every run. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8Bytes } from "../../../protocol/bytes.ts";

/** 32 bytes that look random, the same for the same text. */
export function bytesFrom(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sha256(utf8Bytes(text)));
}

/** Uniform numbers in [0, 1) (Steele & Lea's splitmix32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A copy of `items` in another order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** Two-sided bound in standard deviations: one false alarm in 150,000 checks, were the draws not seeded. */
export const SIGMAS = 4.5;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The chi-square statistic of counts that should all be equal. */
export function chiSquare(counts: readonly number[]): number {
  const expected = mean(counts);
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A bound that chi-square of `degrees` degrees of freedom passes once in 10^5 (Wilson & Hilferty 1931). */
export function chiSquareBound(degrees: number): number {
  const z = 4.265;
  return degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
}

/** For tests that draw many samples or read real data: seconds on a busy machine. */
export const SLOW = { timeout: 60_000 };
