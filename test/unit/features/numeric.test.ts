import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import {
  collisionRate,
  encoded,
  collisionError,
  expectedRate,
  kernelOf,
  makeFeature,
  symbolsOf,
} from "../support/families.ts";
import { SLOW } from "../support/random.ts";

const age: FeatureSpec = { name: "age", kind: "numeric", weight: 1, tolerance: 10 };
const dose: FeatureSpec = { name: "dose", kind: "numeric", weight: 1, tolerance: 1, scale: "log" };

const off = (kernel: number): number => {
  const { rate, draws } = collisionRate(age, 50, 55, { keys: 40 });
  const expected = expectedRate(kernel, draws);
  return Math.abs(rate - expected.rate) / expected.interval;
};

describe("numeric features", SLOW, () => {
  it.each([
    [50, 50, 1],
    [50, 52, 0.8],
    [-1, 4, 0.5],
    [1_000_000, 1_000_007, 0.3],
    [50, 59.5, 0.05],
    [50, 60, 0],
    [50, -5000, 0],
  ])("P-14: the collision rate of %d and %d is their kernel, %d", (a, b, kernel) => {
    expect(collisionError(age, a, b, kernel)).toBeLessThan(1);
  });

  it.each([
    [20, 20, 1],
    [1, 10 ** 0.2, 0.8],
    [1e-9, 10 ** -8.5, 0.5],
    [3e5, 3e5 * 10 ** 0.7, 0.3],
    [1, 10, 0],
    [1, 1e6, 0],
  ])("P-14: on a log scale the collision rate of %d and %d is %d", (a, b, kernel) => {
    expect(collisionError(dose, a, b, kernel)).toBeLessThan(1);
  });

  it("P-13: the interval is narrow enough to tell kernels 0.05 apart", () => {
    expect(off(0.5)).toBeLessThan(1);
    expect(off(0.45)).toBeGreaterThan(1);
    expect(off(0.55)).toBeGreaterThan(1);
  });

  it("P-14: the kernel is symmetric, in [0, 1], and 1 exactly on equal values", () => {
    const feature = makeFeature(age);
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const kernel = kernelOf(feature, a, b);
        expect(kernel).toBe(kernelOf(feature, b, a));
        expect(kernel).toBeGreaterThanOrEqual(0);
        expect(kernel).toBeLessThanOrEqual(1);
        expect(kernelOf(feature, a, a)).toBe(1);
      }),
    );
  });

  it("P-13: every value that is accepted has symbols 1 to 255, and equal values have equal symbols", () => {
    const feature = makeFeature(age);
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const symbols = symbolsOf(feature, x);
        expect(symbols).not.toContain(0);
        expect(symbolsOf(feature, x)).toEqual(symbols);
      }),
    );
  });

  it("P-14: on a log scale values are held as decades", () => {
    expect(encoded(makeFeature(dose), 1000)).toBeCloseTo(3, 12);
  });

  const bounded: FeatureSpec = { ...age, min: 0, max: 130 };
  it.each([
    [bounded, 0, true],
    [bounded, 130, true],
    [bounded, -1e-9, false],
    [bounded, 130.0001, false],
    [dose, 0, false],
    [dose, -1, false],
    [dose, 5e-324, true],
    [age, "50", false],
    [age, Number.NaN, false],
    [age, Infinity, false],
    [age, true, false],
    [age, [50], false],
  ])("P-11: %o accepts %s: %s", (spec, raw, isAccepted) => {
    expect(makeFeature(spec).encode(raw).ok).toBe(isAccepted);
  });
});
