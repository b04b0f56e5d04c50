import { createHash } from "node:crypto";
import { fc } from "./support/property.ts";
import { describe, expect, it } from "vitest";
import {
  elementKey,
  mix,
  prfPermutation,
  prfStream,
  prfWords,
  toUnit,
} from "../../protocol/prf.ts";
import { bytesFrom, chiSquare, chiSquareBound, seededRandom, SLOW } from "./support/random.ts";

const firstWords = (key: string, label: string): string =>
  prfWords(bytesFrom(key), label, 4).join(" ");

describe("the pseudo-random function", SLOW, () => {
  it("P-05: block i is SHA-256 of prefix, sized key, sized label and counter, in big-endian words", () => {
    const key = bytesFrom("key");
    const label = "feature/age";
    const block = (counter: number): number[] => {
      const frame = Buffer.concat([
        Buffer.from("outcome-mesh/prf/v1\0"),
        Buffer.from([0, 32]),
        key,
        Buffer.from([0, label.length]),
        Buffer.from(label),
        Buffer.from([0, 0, 0, counter]),
      ]);
      const digest = createHash("sha256").update(frame).digest();
      return Array.from({ length: 8 }, (_, i) => digest.readUInt32BE(4 * i));
    };
    const words = [...block(0), ...block(1), ...block(2)];
    expect([...prfWords(key, label, 20)]).toEqual(words.slice(0, 20));
    const next = prfStream(key, label);
    expect(Array.from({ length: 24 }, next)).toEqual(words);
  });

  it("P-05: another key or another label gives another stream", () => {
    const streams = [
      firstWords("a", "x"),
      firstWords("b", "x"),
      firstWords("a", "y"),
      firstWords("a", ""),
    ];
    expect(new Set(streams).size).toBe(4);
  });

  it("P-06: a permutation holds every number once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1024 }), fc.string(), (size, label) => {
        const order = [...prfPermutation(bytesFrom("key"), label, size)];
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
    );
  });

  it("P-06: all permutations are equally likely (chi-square over 4! of them)", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = prfPermutation(bytesFrom("key"), `draw/${i}`, 4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(chiSquareBound(23));
  });
});

describe("the mixer", SLOW, () => {
  const BUCKETS = 255;
  const DRAWS = 255_000;

  /** Counts of `word`'s bucket over many draws. */
  function countBuckets(word: (i: number) => number): number[] {
    const counts = Array<number>(BUCKETS).fill(0);
    for (let i = 0; i < DRAWS; i++) {
      const bucket = Math.floor((word(i) * BUCKETS) / 2 ** 32);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    return counts;
  }

  const random = seededRandom(7);
  const s0 = Math.floor(random() * 2 ** 32);
  const s1 = Math.floor(random() * 2 ** 32);

  it.each([
    ["counting in the first word", (i: number) => mix(s0, s1, i, 0)],
    ["counting in the second word", (i: number) => mix(s0, s1, 0, i)],
    ["counting in the high bits", (i: number) => mix(s0, s1, i << 14, 0)],
    ["under counting seeds", (i: number) => mix(i, s1, 12, 34)],
  ])("P-07: is uniform %s (chi-square)", (_, word) => {
    expect(chiSquare(countBuckets(word))).toBeLessThan(chiSquareBound(BUCKETS - 1));
  });

  it("P-07: one changed bit of the key changes each bit of the word half of the time", () => {
    const flips = Array<number>(32).fill(0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const a = Math.floor(random() * 2 ** 32);
      const changed = a ^ (1 << (i % 32));
      const difference = mix(s0, s1, a, 5) ^ mix(s0, s1, changed, 5);
      for (let bit = 0; bit < 32; bit++)
        flips[bit] = (flips[bit] ?? 0) + ((difference >>> bit) & 1);
    }
    for (const count of flips) expect(Math.abs(count / draws - 0.5)).toBeLessThan(0.02);
  });

  it("P-07: toUnit maps all words into the open interval (0, 1)", () => {
    expect(toUnit(0)).toBe(2 ** -33);
    expect(toUnit(0xffffffff)).toBe(1 - 2 ** -33);
  });

  it("P-08: an element's key is the first 64 bits of SHA-256 of prefix and sized text", () => {
    const frame = Buffer.concat([
      Buffer.from("outcome-mesh/element/v1\0"),
      Buffer.from([0, 3]),
      Buffer.from("né"),
    ]);
    const digest = createHash("sha256").update(frame).digest();
    expect(elementKey("né")).toEqual([digest.readUInt32BE(0), digest.readUInt32BE(4)]);
  });
});
