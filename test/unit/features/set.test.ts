import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import { collisionError, kernelOf, makeFeature, symbolsOf } from "../support/families.ts";
import { SLOW } from "../support/random.ts";

const drugs: FeatureSpec = { name: "drugs", kind: "set", weight: 1 };
const counts: FeatureSpec = { name: "counts", kind: "set", weight: 1, weighted: true };

/** Elements `from` to `to`, both included. */
function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `drug-${from + i}`);
}

describe("sets", SLOW, () => {
  it.each([
    [range(1, 6), range(1, 6), 1],
    [range(1, 8), range(1, 10), 0.8],
    [range(1, 6), range(3, 8), 0.5],
    [range(1, 3), range(1, 10), 0.3],
    [range(1, 100), range(51, 150), 1 / 3],
    [range(1, 5), range(6, 12), 0],
    [[], [], 1],
    [[], range(1, 3), 0],
  ])("P-17: the collision rate is the Jaccard index (case %#)", (a, b, kernel) => {
    expect(collisionError(drugs, a, b, kernel)).toBeLessThan(1);
  });

  it("P-17: order and repetition of elements mean nothing", () => {
    const feature = makeFeature(drugs);
    expect(symbolsOf(feature, ["b", "a", "b"])).toEqual(symbolsOf(feature, ["a", "b"]));
    expect(kernelOf(feature, ["b", "a", "b"], ["a", "b"])).toBe(1);
  });

  it("P-17: the kernel equals the Jaccard index of native sets, symmetric and in [0, 1]", () => {
    const feature = makeFeature(drugs);
    const set = fc.array(fc.constantFrom(...range(1, 8)), { maxLength: 12 });
    fc.assert(
      fc.property(set, set, (a, b) => {
        const union = new Set([...a, ...b]).size;
        const shared = new Set(a.filter((element) => b.includes(element))).size;
        expect(kernelOf(feature, a, b)).toBeCloseTo(union === 0 ? 1 : shared / union, 12);
        expect(kernelOf(feature, a, b)).toBe(kernelOf(feature, b, a));
        expect(kernelOf(feature, a, a)).toBe(1);
      }),
    );
  });

  it.each([[2000, true] as const, [2001, false] as const])(
    "P-11: a set of %d elements is accepted: %s",
    (size, isAccepted) => {
      expect(makeFeature(drugs).encode(range(1, size)).ok).toBe(isAccepted);
      const weighted = Object.fromEntries(range(1, size).map((element) => [element, 1]));
      expect(makeFeature(counts).encode(weighted).ok).toBe(isAccepted);
    },
  );
});

describe("weighted sets", SLOW, () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1, b: 2 }, 1],
    [{ a: 4, b: 4 }, { a: 5, b: 5 }, 0.8],
    [{ a: 1, b: 2.5, c: 1e-3 }, { a: 2, b: 5, c: 2e-3 }, 0.5],
    [{ a: 3, b: 2 }, { a: 3, c: 5 }, 0.3],
    [{ a: 1, b: 1, c: 1 }, { b: 1, c: 1, d: 1 }, 0.5],
    [{ a: 1e-6 }, { a: 1e6 }, 1e-12],
    [{ a: 1, b: 10, c: 3 }, { a: 2, b: 4, c: 9, d: 1 }, 8 / 22],
    [{ a: 100, b: 1, c: 1 }, { a: 1, b: 1, c: 1 }, 3 / 102],
    [{ a: 50, b: 1, c: 1, d: 1 }, { b: 1, c: 1, d: 1 }, 3 / 53],
    [{ a: 20, b: 1, c: 1, d: 1, e: 1 }, { a: 20 }, 20 / 24],
    [{ a: 1 }, { b: 1 }, 0],
    [{}, {}, 1],
    [{ a: 0 }, {}, 1],
    [{}, { a: 1 }, 0],
  ])("P-18: the collision rate of %j and %j is the weighted Jaccard index", (a, b, kernel) => {
    expect(collisionError(counts, a, b, kernel)).toBeLessThan(1);
  });

  it("P-18: the kernel is min over max of the weights, symmetric and in [0, 1]", () => {
    const feature = makeFeature(counts);
    const weighted = fc.dictionary(
      fc.constantFrom(...range(1, 6)),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
    );
    fc.assert(
      fc.property(weighted, weighted, (a, b) => {
        const elements = [...new Set([...Object.keys(a), ...Object.keys(b)])];
        const sum = (pick: (...weights: number[]) => number): number =>
          elements.reduce((total, e) => total + pick(a[e] ?? 0, b[e] ?? 0), 0);
        const larger = sum(Math.max);
        const kernel = kernelOf(feature, a, b);
        expect(kernel).toBeCloseTo(larger === 0 ? 1 : sum(Math.min) / larger, 9);
        expect(kernel).toBe(kernelOf(feature, b, a));
        expect(kernel).toBeGreaterThanOrEqual(0);
        expect(kernel).toBeLessThanOrEqual(1);
        expect(kernelOf(feature, a, a)).toBe(1);
      }),
    );
  });

  it.each([[{ a: -1 }], [{ a: "1" }], [["a"]], [{ "": 1 }], [{ a: 1.1e9 }]])(
    "P-11: refuses %j",
    (raw) => {
      expect(makeFeature(counts).encode(raw).ok).toBe(false);
    },
  );
});
