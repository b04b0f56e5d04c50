/** Quick seeded randomness: a benchmark draws 10^8 numbers, for which examples/random.ts is too slow. */
import { createHash } from "node:crypto";

export interface Draw {
  /** In [0, 1) (Steele & Lea's splitmix32). */
  unit(): number;
  below(bound: number): number;
  normal(mean: number, deviation: number): number;
  pick<T>(items: readonly T[]): T;
  /** An index below `bound`, the low ones far more often: index i about in proportion to 1 / (i + 1). */
  skewed(bound: number): number;
  chance(share: number): boolean;
}

export function createDraw(seed: string): Draw {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  const unit = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(unit() * bound);
  return {
    unit,
    below,
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    skewed: (bound) => Math.min(bound - 1, Math.floor((bound + 1) ** unit()) - 1),
    chance: (share) => unit() < share,
  };
}
