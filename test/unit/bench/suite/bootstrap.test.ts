import { expect, test } from "vitest";
import { deviation, interval95, mean, resample } from "../../../../bench/suite/bootstrap.ts";
import { seededRandom } from "../../../../examples/random.ts";

test("a resample has as many of each stratum as there are, and no one else", () => {
  const strata = [
    [0, 1, 2],
    [7, 8],
  ];
  const drawn = resample(strata, seededRandom("strata"));
  expect(drawn.filter((i) => i < 5)).toHaveLength(3);
  expect(drawn.every((i) => strata.flat().includes(i))).toBe(true);
  expect(drawn).toHaveLength(5);
});

test("the interval leaves 2.5 % on either side, and values that are no number out", () => {
  const values = Array.from({ length: 201 }, (_, i) => i);
  expect(interval95([NaN, ...values])).toEqual({ low: 5, high: 195 });
});

test("the bootstrap interval of a mean is about that of the normal distribution", () => {
  const random = seededRandom("normal");
  const sample = Array.from({ length: 100 }, () => random.normal(10, 2));
  const indices = [...sample.keys()];
  const means = Array.from({ length: 400 }, () =>
    mean(resample([indices], random).map((i) => sample[i] ?? 0)),
  );
  const { low, high } = interval95(means);
  const half = (1.96 * deviation(sample)) / Math.sqrt(sample.length);
  expect((high - low) / 2 / half).toBeGreaterThan(0.8);
  expect((high - low) / 2 / half).toBeLessThan(1.2);
});
