import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fitExponent } from "../../../../bench/scale/fit.ts";
import {
  agreement,
  expectedDepth,
  expectedDistinct,
  probabilityFound,
  rho,
} from "../../../../bench/scale/theory.ts";
import { seededRandom } from "../../../../examples/random.ts";

test("a power law's exponent is found, whatever its factor", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      (exponent, factor) => {
        const points = [10, 100, 1000, 10_000].map((x) => ({ x, y: factor * x ** exponent }));
        expect(fitExponent(points)?.exponent).toBeCloseTo(exponent, 9);
      },
    ),
  );
});

test("the interval of a noisy law's exponent holds the true one 95 times of 100", () => {
  const random = seededRandom("fit");
  const draws = 400;
  const held = Array.from({ length: draws }, () => {
    const points = [1, 2, 4, 8, 16].map((x) => ({
      x,
      y: x ** 0.5 * Math.exp(random.normal(0, 0.2)),
    }));
    const { low = NaN, high = NaN } = fitExponent(points) ?? {};
    return low <= 0.5 && 0.5 <= high;
  }).filter(Boolean).length;
  // Four standard deviations of a binomial.
  expect(Math.abs(held / draws - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / draws));
});

test("two points give an exponent without an interval, and one gives none", () => {
  expect(
    fitExponent([
      { x: 1, y: 1 },
      { x: 10, y: 100 },
    ]),
  ).toEqual({ exponent: 2 });
  expect(fitExponent([{ x: 10, y: 100 }])).toBeUndefined();
});

test("distinct nodes are those of the occupancy problem", () => {
  expect(expectedDistinct(1, 100)).toBeCloseTo(1, 12);
  // Two keys over two nodes fall on the same one half of the time.
  expect(expectedDistinct(2, 2)).toBeCloseTo(1.5, 12);
  expect(expectedDistinct(24, 1e9)).toBeCloseTo(24, 3);
});

test("a subtree that holds the candidates is as deep as equal similarities make it", () => {
  const counts = new Uint32Array(100);
  counts[4] = 1_000_000;
  const depth = Math.log(1_000_000 / 400) / -Math.log(agreement(0.045));
  expect(expectedDepth(counts, 400, 1)).toBeCloseTo(depth, 6);
  expect(expectedDepth(counts, 2_000_000, 1), "no further up than the root").toBe(1);
});

test("a record is found as often as independent trees and branches hit its path", () => {
  const p = agreement(0.3);
  const forest = { depth: 3, rootDepth: 1, trees: 24, branches: 1 };
  expect(probabilityFound(0.3, forest)).toBeCloseTo(1 - (1 - p ** 3) ** 24, 12);
  // With branches without end, whoever shares a root is found.
  const roots = 1 - (1 - p) ** 24;
  expect(probabilityFound(0.3, { ...forest, branches: 1e6 })).toBeCloseTo(roots, 12);
});

test("rho is 1 for what is no nearer than the rest, and less for what is", () => {
  expect(rho(0.1, 0.1)).toBe(1);
  expect(rho(0.3, 0.04)).toBeLessThan(0.4);
});
