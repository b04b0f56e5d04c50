import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { shareOut } from "../../../protocol/signature/plan.ts";
import { compileSample, compileVariants, sampleDocument } from "../support/domains.ts";

const anyWeights = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 64,
});

/** Whole numbers: quotas of weights a rounding error apart may tie, and then the first feature gets more. */
const wholeWeights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 64 });

describe("sharing symbols out to features", () => {
  it("P-25: sums to the total, with at least one symbol each", () => {
    fc.assert(
      fc.property(anyWeights, fc.nat(960), (weights, spare) => {
        const total = weights.length + spare;
        const counts = shareOut(total, weights);
        expect(counts).toHaveLength(weights.length);
        expect(counts.every((count) => Number.isInteger(count) && count >= 1)).toBe(true);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
      }),
      { numRuns: 1000 },
    );
  });

  it("P-25: is proportional to weight within one symbol, where every quota is at least one", () => {
    const evenWeights = fc.array(fc.double({ min: 1, max: 10, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(evenWeights, fc.integer({ min: 200, max: 1024 }), (weights, total) => {
        const sum = weights.reduce((a, b) => a + b, 0);
        for (const [i, count] of shareOut(total, weights).entries()) {
          expect(Math.abs(count - (total * (weights[i] ?? 0)) / sum)).toBeLessThan(1 + 1e-9);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("P-25: never gives a lighter feature more than a heavier one", () => {
    fc.assert(
      fc.property(wholeWeights, fc.nat(960), (weights, spare) => {
        const counts = shareOut(weights.length + spare, weights);
        const byWeight = counts
          .map((count, i) => ({ count, weight: weights[i] ?? 0 }))
          .toSorted((a, b) => a.weight - b.weight || a.count - b.count);
        expect(byWeight.map(({ count }) => count)).toEqual(counts.toSorted((a, b) => a - b));
      }),
    );
  });

  it.each([
    [128, [1, 1, 1], [43, 43, 42]],
    [16, [1], [16]],
    [16, [1e6, 1e-3, 1e-3], [14, 1, 1]],
    [4, [1, 2, 3, 4], [1, 1, 1, 1]],
    [10, [1, 2, 3, 4], [1, 2, 3, 4]],
  ])("P-25: %d symbols over the weights %j are %j", (total, weights, counts) => {
    expect(shareOut(total, weights)).toEqual(counts);
  });
});

describe("the routing plan", () => {
  const { plan, domain } = compileSample();

  it("P-26: every position belongs to one feature, as often as the feature has symbols", () => {
    const counts = plan.symbolCounts.map(
      (_, feature) => plan.featureAt.filter((f) => f === feature).length,
    );
    expect(counts).toEqual(plan.symbolCounts);
  });

  it("P-31: the weights of a feature's positions sum to the feature's weight", () => {
    domain.features.forEach((feature, f) => {
      const weights = plan.weightAt.filter((_, i) => plan.featureAt[i] === f);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(feature.weight, 10);
    });
  });

  it("P-27: every tree reads all positions once, each tree in an order of its own", () => {
    expect(plan.orders).toHaveLength(plan.trees);
    for (const order of plan.orders) {
      expect([...order].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 128 }, (_, i) => i),
      );
    }
    expect(new Set(plan.orders.map((order) => order.join())).size).toBe(plan.trees);
  });

  it("P-27: a tree's branches begin with its root and read the rest each in an order of its own", () => {
    const document = sampleDocument();
    const signature = { symbols: 128, trees: 6, rootDepth: 2, candidates: 50, branches: 4 };
    const branched = compileSample({ ...document, signature }).plan;
    for (const [tree, orders] of branched.branches.entries()) {
      expect(orders[0]).toEqual(branched.orders[tree]);
      expect(new Set(orders.map((order) => order.join())).size).toBe(4);
      for (const order of orders) {
        expect(order.subarray(0, 2)).toEqual(branched.orders[tree]?.subarray(0, 2));
        expect(new Set(order).size).toBe(128);
      }
    }
  });

  it("P-26: another domain id gives another layout and other orders", () => {
    const plans = compileVariants(sampleDocument(), 5).map((compiled) => compiled.plan);
    expect(new Set(plans.map((p) => p.featureAt.join())).size).toBe(5);
    expect(new Set(plans.map((p) => p.orders[0]?.join())).size).toBe(5);
  });
});
