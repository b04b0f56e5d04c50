import { describe, expect, it } from "vitest";
import { meanInterval, wilsonInterval } from "../../client/synthesis/intervals.ts";
import { synthesize } from "../../client/synthesis/index.ts";
import { SIGMAS, SLOW, seededRandom } from "../unit/support/random.ts";
import {
  domainOf,
  rankingOf,
  synthesisOf,
  only,
  scalar,
  intervalOf,
  binaryCases,
  exactCoverage,
} from "../support/synthesis-cases.ts";

describe("the binary interval", () => {
  /**
   * Newcombe, R. G. (1998), Two-sided confidence intervals for the single proportion: comparison of seven methods,
   * Statistics in Medicine 17, 857-872, Table I, method 3 (score, without continuity correction).
   */
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("with equal weights is the published score interval: %i of %i", (yes, n, lower, upper) => {
    const interval = intervalOf(synthesisOf("binary", binaryCases(yes, n)));
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  it("shrinks as support grows", () => {
    const widths = [1, 2, 4, 8, 16].map((times) => {
      const { lower, upper } = intervalOf(synthesisOf("binary", binaryCases(3 * times, 4 * times)));
      return upper - lower;
    });
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
    expect(new Set(widths).size).toBe(widths.length);
  });

  it("is wider where the weights are unequal", () => {
    const equal = intervalOf(synthesisOf("binary", binaryCases(2, 4)));
    const unequal = intervalOf(
      synthesisOf("binary", [
        { end: true, score: 1 },
        { end: false, score: 1 },
        { end: true, score: 0.1 },
        { end: false, score: 0.1 },
      ]),
    );
    expect(unequal.upper - unequal.lower).toBeGreaterThan(equal.upper - equal.lower);
  });

  it("of one outcome is wide, but not all", () => {
    expect(only(synthesisOf("binary", binaryCases(1, 1)))).toMatchObject({
      support: 1,
      effectiveSize: 1,
      origins: 1,
      estimate: { value: 1, spread: { min: 1, max: 1 } },
    });
    const { lower, upper } = intervalOf(synthesisOf("binary", binaryCases(1, 1)));
    // 1 / (1 + z^2).
    expect(lower).toBeCloseTo(0.2065, 4);
    expect(upper).toBe(1);
  });

  it("covers the truth 95 times of 100, over all proportions", SLOW, () => {
    const random = seededRandom(20);
    const runs = 20_000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const p = random();
      const yes = Array.from({ length: 20 }, random).filter((u) => u < p).length;
      const { lower, upper } = wilsonInterval(yes / 20, 20);
      if (lower <= p && p <= upper) covered++;
    }
    // The score interval covers 95 % on average, not at each proportion: Agresti & Coull (1998), Approximate is
    // better than exact, The American Statistician 52, 119-126.
    expect(Math.abs(covered / runs - 0.95)).toBeLessThan(0.01);
  });

  it("covers the truth in whole syntheses, for a common and a rare result", SLOW, () => {
    const random = seededRandom(21);
    const domain = domainOf("binary");
    // Exact coverage at n = 30, by summing binomial probabilities.
    for (const [p, coverage] of [
      [0.5, exactCoverage(0.5, 30)],
      [0.1, exactCoverage(0.1, 30)],
    ] as const) {
      const runs = 1000;
      let covered = 0;
      for (let run = 0; run < runs; run++) {
        const cases = Array.from({ length: 30 }, () => ({ end: random() < p }));
        const { lower, upper } = intervalOf(synthesize(rankingOf(cases), domain));
        if (lower <= p && p <= upper) covered++;
      }
      expect(coverage).toBeGreaterThan(0.93);
      const sigma = Math.sqrt((coverage * (1 - coverage)) / runs);
      expect(Math.abs(covered / runs - coverage)).toBeLessThan(SIGMAS * sigma);
    }
  });
});

describe("the interval of a mean", () => {
  /** Additional hours of sleep, drug 2 less drug 1: Student (1908), The probable error of a mean, Biometrika 6. */
  const SLEEP = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];

  it("with equal weights is the textbook t interval: Student's sleep data", () => {
    // As R prints it: t.test(extra ~ group, data = sleep, paired = TRUE), 0.7001142 to 2.4598858.
    const estimate = scalar(
      synthesisOf(
        "numeric",
        SLEEP.map((end) => ({ end, score: 0.7 })),
      ),
    );
    expect(estimate.value).toBeCloseTo(1.58, 10);
    expect(estimate.interval?.lower).toBeCloseTo(0.7001142, 6);
    expect(estimate.interval?.upper).toBeCloseTo(2.4598858, 6);
  });

  it("shrinks as support grows", () => {
    const widths = [1, 2, 4, 8].map((times) => {
      const ends = Array.from({ length: times }, () => SLEEP).flat();
      const { lower, upper } = intervalOf(
        synthesisOf(
          "numeric",
          ends.map((end) => ({ end })),
        ),
      );
      return upper - lower;
    });
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
    expect(new Set(widths).size).toBe(widths.length);
  });

  it("covers a normal mean 95 times of 100, for equal and for random weights", SLOW, () => {
    const random = seededRandom(22);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const coverage = (weight: () => number, runs: number) => {
      let covered = 0;
      for (let run = 0; run < runs; run++) {
        const sample = Array.from({ length: 8 }, () => ({ value: normal(), weight: weight() }));
        const interval = meanInterval(sample);
        if (interval && interval.lower <= 0 && 0 <= interval.upper) covered++;
      }
      return covered / runs;
    };
    const sigma = Math.sqrt((0.95 * 0.05) / 4000);
    expect(Math.abs(coverage(() => 1, 4000) - 0.95)).toBeLessThan(SIGMAS * sigma);
    expect(Math.abs(coverage(() => 0.2 + 0.8 * random(), 4000) - 0.95)).toBeLessThan(0.02);
  });

  it("is null for one outcome, and where one outcome outweighs all", () => {
    expect(scalar(synthesisOf("numeric", [{ end: 3 }]))).toMatchObject({
      value: 3,
      interval: null,
    });
    expect(scalar(synthesisOf("ordinal", [{ end: "died" }]))).toMatchObject({ interval: null });
    const outweighed = [{ end: 3 }, { end: 9, score: 1e-12 }];
    expect(scalar(synthesisOf("numeric", outweighed)).interval).toBeNull();
  });

  it("ends at the bounds of the field", () => {
    const { lower, upper } = intervalOf(synthesisOf("numericBounded", [{ end: 0 }, { end: 10 }]));
    expect([lower, upper]).toEqual([0, 10]);
  });

  it("does not claim certainty where few outcomes happen to be equal", () => {
    expect(scalar(synthesisOf("numeric", [{ end: 3 }, { end: 3 }])).interval).toBeNull();
    const bounded = intervalOf(synthesisOf("numericBounded", [{ end: 10 }, { end: 10 }]));
    // Wilson's interval of 2 of 2, on the scale 0 to 10.
    expect(bounded.lower).toBeCloseTo(10 * wilsonInterval(1, 2).lower, 10);
    expect(bounded.upper).toBe(10);
  });
});
