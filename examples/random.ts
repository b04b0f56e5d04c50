/** Seeded randomness: the same seed makes the same example everywhere. */
import { sha256 } from "@noble/hashes/sha2.js";
import { prfStream, toUnit, utf8Bytes } from "../protocol/index.ts";

export interface Random {
  /** In (0, 1). */
  unit(): number;
  /** An integer in 0..bound-1. */
  below(bound: number): number;
  /** A normal deviate. */
  normal(mean: number, deviation: number): number;
  pick<T>(items: readonly T[]): T;
  /** An index, in proportion to the weights. */
  weighted(weights: readonly number[]): number;
  /** A seeded sample of `count` items, in random order. */
  sample<T>(items: readonly T[], count: number): T[];
}

export function seededRandom(seed: string): Random {
  const next = prfStream(sha256(utf8Bytes(seed)), "example");
  const unit = (): number => toUnit(next());
  const below = (bound: number): number => Math.floor(unit() * bound);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  };
  return {
    unit,
    below,
    pick,
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit()),
    weighted: (weights) => {
      let rest = unit() * weights.reduce((a, b) => a + b, 0);
      const index = weights.findIndex((weight) => (rest -= weight) < 0);
      return index < 0 ? weights.length - 1 : index;
    },
    sample: (items, count) => {
      const pool = [...items];
      for (let i = 0; i < Math.min(count, pool.length); i++) {
        const j = i + below(pool.length - i);
        [pool[i], pool[j]] = [pool[j] ?? pick(items), pool[i] ?? pick(items)];
      }
      return pool.slice(0, count);
    },
  };
}
