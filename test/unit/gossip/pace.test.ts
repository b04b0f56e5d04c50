import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Pace } from "../../../protocol/index.ts";

const INTERVAL_MS = 30_000;
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("P-60: rounds come within a quarter of the interval, so that nodes do not call in step", () => {
  fc.assert(
    fc.property(unit, (random) => {
      const next = new Pace().next(INTERVAL_MS, random);
      expect(next).toBeGreaterThanOrEqual(0.75 * INTERVAL_MS);
      expect(next).toBeLessThanOrEqual(1.25 * INTERVAL_MS);
    }),
  );
});

test("P-60: after news that can not wait two rounds come within seconds, and then the usual ones", () => {
  const pace = new Pace();
  pace.hurry();
  expect(pace.next(INTERVAL_MS, 0.5)).toBe(1000);
  expect(pace.next(INTERVAL_MS, 0.5)).toBe(1000);
  expect(pace.next(INTERVAL_MS, 0.5)).toBe(INTERVAL_MS);
});

test("P-60: a node whose interval is shorter than that keeps to it", () => {
  const pace = new Pace();
  pace.hurry();
  expect(pace.next(100, 0.5)).toBe(100);
});
