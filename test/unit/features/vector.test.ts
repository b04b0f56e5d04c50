import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import { collisionError, kernelOf, makeFeature, symbolsOf } from "../support/families.ts";
import { seededRandom, SLOW } from "../support/random.ts";

function vectorSpec(dimensions: number): FeatureSpec {
  return { name: "embedding", kind: "vector", weight: 1, dimensions };
}

const dot = (a: number[], b: number[]): number => a.reduce((s, x, i) => s + x * (b[i] ?? 0), 0);

/** Two vectors of `dimensions` at `angle`, in a plane that lies along no axis, of different lengths. */
function pairAt(angle: number, dimensions: number): [number[], number[]] {
  const random = seededRandom(dimensions);
  const u = Array.from({ length: dimensions }, () => random() - 0.5);
  const w = Array.from({ length: dimensions }, () => random() - 0.5);
  const along = dot(u, w) / dot(u, u);
  const v = w.map((x, i) => x - along * (u[i] ?? 0));
  const stretch = Math.sqrt(dot(u, u) / dot(v, v));
  const b = u.map((x, i) => Math.cos(angle) * x + Math.sin(angle) * stretch * (v[i] ?? 0));
  return [u, b.map((x) => 37.5 * x)];
}

describe("vector features", SLOW, () => {
  it.each([
    [2, 1],
    [2, 0.5],
    [16, 1],
    [16, 0.8],
    [16, 0.5],
    [16, 0.3],
    [16, 0],
    [65, 0.8],
  ])(
    "P-20: in %d dimensions the collision rate of vectors at a known angle is %d",
    (dimensions, kernel) => {
      const [a, b] = pairAt(Math.PI * (1 - kernel), dimensions);
      expect(collisionError(vectorSpec(dimensions), a, b, kernel)).toBeLessThan(1);
    },
  );

  it.each([
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ],
    [
      [1, 0, 0, 0],
      [0, 0, 1, 0],
    ],
    [
      [0, 1, 0, 0],
      [0, 0, 0, 1],
    ],
    [
      [0, 1, 0, 0],
      [0, 0, -1, 0],
    ],
  ])(
    "P-20: the axes %j and %j collide half of the time, as all vectors at a right angle",
    (a, b) => {
      expect(collisionError(vectorSpec(4), a, b, 0.5)).toBeLessThan(1);
    },
  );

  it("P-20: the kernel is symmetric, in [0, 1], and 1 on vectors of one direction, to 1e-7", () => {
    const feature = makeFeature(vectorSpec(3));
    const number = fc.double({ min: -1e100, max: 1e100, noNaN: true });
    const vector = fc.tuple(number, number, number).filter((v) => v.some((x) => x !== 0));
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const kernel = kernelOf(feature, a, b);
        expect(kernel).toBe(kernelOf(feature, b, a));
        expect(kernel).toBeGreaterThanOrEqual(0);
        expect(kernel).toBeLessThanOrEqual(1);
        expect(kernelOf(feature, a, a)).toBeCloseTo(1, 7);
      }),
    );
  });

  it("P-20: only direction counts, also of the shortest and the longest vectors", () => {
    const feature = makeFeature(vectorSpec(2));
    const symbols = symbolsOf(feature, [3, -4]);
    expect(symbolsOf(feature, [3e-320 * 2 ** 20, -4e-320 * 2 ** 20])).toHaveLength(symbols.length);
    expect(symbolsOf(feature, [3 * 2 ** 1000, -4 * 2 ** 1000])).toEqual(symbols);
    expect(symbolsOf(feature, [3 * 2 ** -1000, -4 * 2 ** -1000])).toEqual(symbols);
  });

  it.each([[[1, 2]], [[1, 2, 3, 4]], [[0, 0, 0]], [[1, 2, "3"]], [[1, 2, Number.NaN]], ["1,2,3"]])(
    "P-11: refuses %j where three numbers are due",
    (raw) => {
      expect(makeFeature(vectorSpec(3)).encode(raw).ok).toBe(false);
    },
  );
});
