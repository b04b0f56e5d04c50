import { describe, expect, it } from "vitest";
import { effectiveSize, meanInterval, wilsonInterval } from "../../client/synthesis/intervals.ts";
import { synthesisSchema, synthesize, type Synthesis } from "../../client/synthesis/index.ts";
import {
  domainSchema,
  nodeIdSchema,
  rankedResultSchema,
  toBase64Url,
  type Domain,
  type RankedResult,
  type Value,
} from "../../protocol/index.ts";
import { fc } from "../unit/support/property.ts";
import { SIGMAS, SLOW, bytesFrom, seededRandom, shuffled } from "../unit/support/random.ts";

const LEVELS = ["died", "disabled", "recovered"];
const FIELDS = {
  binary: { name: "end", kind: "binary", better: true },
  binaryBad: { name: "end", kind: "binary", better: false },
  numeric: { name: "end", kind: "numeric", unit: "d", better: "lower" },
  numericBounded: { name: "end", kind: "numeric", unit: "1", better: "higher", min: 0, max: 10 },
  ordinal: { name: "end", kind: "ordinal", levels: LEVELS, better: "higher" },
  categorical: { name: "end", kind: "categorical", values: ["home", "ward", "other"] },
} as const;
type Kind = keyof typeof FIELDS;

function domainOf(kind: Kind): Domain {
  return domainSchema.parse({
    outcomeMesh: 1,
    name: "test",
    title: "Test",
    features: [{ name: "age", kind: "numeric", weight: 1, tolerance: 40 }],
    intervention: [{ name: "treatment", kind: "categorical", values: ["a", "b", "c"] }],
    result: [FIELDS[kind]],
    signature: { symbols: 96, trees: 16, rootDepth: 1, candidates: 100 },
  });
}

interface Case {
  readonly end?: Value | undefined;
  readonly score?: number;
  readonly origin?: number;
  readonly treatment?: string | undefined;
}

function rankingOf(cases: readonly Case[]): RankedResult[] {
  return cases.map((each, i) => {
    const { end, score = 1, origin = 1 } = each;
    const treatment = "treatment" in each ? each.treatment : "a";
    return rankedResultSchema.parse({
      reference: `r${i}`,
      score,
      features: {},
      intervention: treatment === undefined ? {} : { treatment },
      result: end === undefined ? {} : { end },
      rank: i + 1,
      node: nodeIdSchema.parse(toBase64Url(bytesFrom(`origin ${origin}`))),
      organisation: `Hospital ${origin}`,
    });
  });
}

function synthesisOf(kind: Kind, cases: readonly Case[]): Synthesis {
  return synthesize(rankingOf(cases), domainOf(kind));
}

/** The only intervention of a synthesis. */
function only(synthesis: Synthesis) {
  const [first, ...others] = synthesis.interventions;
  if (!first || others.length > 0) throw new Error("expected one intervention");
  return first;
}

/** Its estimate as one number with its interval. */
function scalar(synthesis: Synthesis) {
  const { estimate } = only(synthesis);
  if (!estimate || estimate.kind === "categorical") throw new Error("expected a scalar estimate");
  return estimate;
}

function intervalOf(synthesis: Synthesis) {
  const { interval } = scalar(synthesis);
  if (!interval) throw new Error("expected an interval");
  return interval;
}

/** `yes` outcomes that are true, of `n`. */
function binaryCases(yes: number, n: number): Case[] {
  return Array.from({ length: n }, (_, i) => ({ end: i < yes }));
}

const ENDS = {
  binary: fc.boolean(),
  binaryBad: fc.boolean(),
  numeric: fc.oneof(
    fc.integer({ min: -9999, max: 9999 }).map((n) => n / 10),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  ),
  numericBounded: fc.constantFrom(0, 0.1, 5, 10),
  ordinal: fc.constantFrom(...LEVELS),
  categorical: fc.constantFrom("home", "ward", "other"),
} satisfies Record<Kind, fc.Arbitrary<Value>>;

function endsOf(kind: Kind): fc.Arbitrary<Value> {
  return ENDS[kind];
}

function casesOf(kind: Kind, minLength: number): fc.Arbitrary<Case[]> {
  const one = fc.record({
    end: endsOf(kind),
    // Not fc.double alone: most of its numbers are so small that one outcome outweighs all others.
    score: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, 1e-300) },
    ),
    origin: fc.integer({ min: 1, max: 4 }),
    treatment: fc.constantFrom("a", "b", "c"),
  });
  return fc.array(one, { minLength, maxLength: 25 });
}

const KINDS: readonly Kind[] = [
  "binary",
  "binaryBad",
  "numeric",
  "numericBounded",
  "ordinal",
  "categorical",
];

describe.each(KINDS)("synthesis of a %s result", (kind) => {
  it("fits its schema, counts every outcome once, and survives JSON", () => {
    fc.assert(
      fc.property(casesOf(kind, 0), (cases) => {
        const synthesis = synthesisOf(kind, cases);
        expect(synthesisSchema.parse(JSON.parse(JSON.stringify(synthesis)))).toEqual(
          // JSON has no -0.
          JSON.parse(JSON.stringify(synthesis)),
        );
        const counted = synthesis.interventions.map((i) => i.support + i.missing + i.weightless);
        expect(counted.reduce((a, b) => a + b, synthesis.withoutIntervention)).toBe(cases.length);
      }),
    );
  });

  it("holds each estimate in its interval, and near the spread of its origins", () => {
    fc.assert(
      fc.property(casesOf(kind, 1), (cases) => {
        for (const { estimate } of synthesisOf(kind, cases).interventions) {
          if (!estimate) continue;
          const parts = estimate.kind === "categorical" ? estimate.shares : [estimate];
          for (const part of parts) {
            const value = "share" in part ? part.share : part.value;
            const room = 1e-9 * Math.max(1, Math.abs(value));
            expect(value).toBeGreaterThanOrEqual(part.spread.min - room);
            expect(value).toBeLessThanOrEqual(part.spread.max + room);
            if (!part.interval) continue;
            expect(value).toBeGreaterThanOrEqual(part.interval.lower);
            expect(value).toBeLessThanOrEqual(part.interval.upper);
          }
        }
      }),
    );
  });

  it("does not depend on the order of the ranking", () => {
    fc.assert(
      fc.property(casesOf(kind, 0), fc.integer(), (cases, seed) => {
        const ranking = rankingOf(cases);
        const domain = domainOf(kind);
        expect(synthesize(shuffled(ranking, seededRandom(seed)), domain)).toEqual(
          synthesize(ranking, domain),
        );
      }),
    );
  });

  it("does not depend on the unit of the weights", () => {
    fc.assert(
      fc.property(fc.array(endsOf(kind), { minLength: 1, maxLength: 12 }), (ends) => {
        const at = (score: number) =>
          synthesisOf(
            kind,
            ends.map((end) => ({ end, score })),
          );
        expect(at(0.25)).toEqual(at(1));
      }),
    );
  });

  it("of an empty ranking has no intervention", () => {
    expect(synthesisOf(kind, [])).toMatchObject({ level: 0.95, outcomes: 0, interventions: [] });
  });

  it("states its method", () => {
    const interval = /^(binary|categorical)/.test(kind) ? /Wilson 1927/ : /Student's t/;
    expect(synthesisOf(kind, []).method).toMatch(interval);
    expect(synthesisOf(kind, []).method).toMatch(/Kish 1965/);
  });
});

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

describe("an ordinal result", () => {
  it("is a mean rank with its nearest level and the share of every level", () => {
    const ends = ["recovered", "recovered", "recovered", "died"];
    const { estimate } = only(
      synthesisOf(
        "ordinal",
        ends.map((end) => ({ end })),
      ),
    );
    expect(estimate).toMatchObject({
      kind: "ordinal",
      value: 1.5,
      nearest: "recovered",
      distribution: [
        { level: "died", share: 0.25 },
        { level: "disabled", share: 0 },
        { level: "recovered", share: 0.75 },
      ],
    });
  });
});

describe("a categorical result", () => {
  it("is the weighted share of each value, the most frequent first, each with its score interval", () => {
    const { estimate } = only(
      synthesisOf("categorical", [
        { end: "ward", score: 0.5 },
        { end: "home", score: 1 },
        { end: "home", score: 0.5 },
      ]),
    );
    const size = 2 ** 2 / 1.5;
    expect(estimate).toEqual({
      kind: "categorical",
      shares: [
        {
          value: "home",
          share: 0.75,
          interval: wilsonInterval(0.75, size),
          spread: { min: 0.75, max: 0.75 },
        },
        {
          value: "ward",
          share: 0.25,
          interval: wilsonInterval(0.25, size),
          spread: { min: 0.25, max: 0.25 },
        },
      ],
    });
  });

  it("counts a value that an origin never saw as a share of 0 there", () => {
    const { estimate } = only(
      synthesisOf("categorical", [
        { end: "ward", origin: 1 },
        { end: "home", origin: 2 },
      ]),
    );
    const shares = estimate?.kind === "categorical" ? estimate.shares : [];
    expect(shares.map(({ spread }) => spread)).toEqual([
      { min: 0, max: 1 },
      { min: 0, max: 1 },
    ]);
  });
});

describe("weights", () => {
  it("pull the estimate towards the more similar outcomes", () => {
    const cases = [
      { end: 10, score: 0.9 },
      { end: 20, score: 0.1 },
    ];
    expect(scalar(synthesisOf("numeric", cases)).value).toBeCloseTo(11, 10);
  });

  it("of 0 change nothing but the count of weightless outcomes", () => {
    const cases = [{ end: 1 }, { end: 2, score: 0.5 }, { end: 4 }];
    const without = only(synthesisOf("numeric", cases));
    const withZero = only(synthesisOf("numeric", [...cases, { end: 1000, score: 0, origin: 2 }]));
    expect(withZero).toEqual({ ...without, weightless: 1 });
    expect(only(synthesisOf("numeric", [{ end: 1, score: 0 }]))).toMatchObject({
      support: 0,
      effectiveSize: 0,
      origins: 0,
      estimate: null,
      byOrigin: [],
    });
  });

  it("have an effective size from 1 to their number, as Kish defines it", () => {
    expect(effectiveSize([])).toBe(0);
    expect(effectiveSize(weighted(0.3))).toBe(1);
    expect(effectiveSize(weighted(0.3, 0.3, 0.3))).toBe(3);
    expect(effectiveSize(weighted(1, 0.5))).toBeCloseTo(1.5 ** 2 / 1.25, 10);
    expect(effectiveSize(weighted(1e-300, 1e-300))).toBe(2);
  });
});

describe("origins", () => {
  it("that differ stay visible where one with many outcomes dominates the estimate", () => {
    const many = Array.from({ length: 30 }, () => ({ end: true, origin: 1 }));
    const group = only(
      synthesisOf("binary", [...many, { end: false, origin: 2 }, { end: false, origin: 3 }]),
    );
    expect(group).toMatchObject({ support: 32, origins: 3 });
    expect(group.estimate).toMatchObject({ value: 30 / 32, spread: { min: 0, max: 1 } });
    expect(group.byOrigin.map((o) => [o.organisation, o.support, o.estimate])[0]).toMatchObject([
      "Hospital 1",
      30,
      { value: 1 },
    ]);
    expect(group.byOrigin.map(({ support }) => support)).toEqual([30, 1, 1]);
  });
});

describe("missing values", () => {
  it("are counted, and change no estimate", () => {
    const cases = [{ end: true }, { end: false }, { end: true }];
    const without = only(synthesisOf("binary", cases));
    const extra = [{ end: undefined }, { end: "yes" }, { end: 1 }];
    expect(only(synthesisOf("binary", [...cases, ...extra]))).toEqual({ ...without, missing: 3 });
  });

  it("of the intervention are in no group", () => {
    const synthesis = synthesisOf("binary", [
      { end: true },
      { end: true, treatment: undefined },
      { end: true, treatment: "not in the domain" },
    ]);
    expect(synthesis).toMatchObject({ outcomes: 3, withoutIntervention: 2 });
    expect(only(synthesis)).toMatchObject({ intervention: "a", support: 1 });
  });

  it("are levels and values that the domain does not know", () => {
    expect(only(synthesisOf("ordinal", [{ end: "cured" }]))).toMatchObject({ missing: 1 });
    expect(only(synthesisOf("categorical", [{ end: "moon" }]))).toMatchObject({ missing: 1 });
    expect(only(synthesisOf("numericBounded", [{ end: 11 }]))).toMatchObject({ missing: 1 });
  });
});

describe("the order of interventions", () => {
  it("puts many good outcomes before a single perfect one", () => {
    expect(order("binary", { a: outcomesOf(1, 1), b: outcomesOf(27, 30) })).toEqual(["b", "a"]);
  });

  it("follows the direction that is better", () => {
    const groups = { a: outcomesOf(25, 30), b: outcomesOf(5, 30) };
    expect(order("binary", groups)).toEqual(["a", "b"]);
    expect(order("binaryBad", groups)).toEqual(["b", "a"]);
    expect(order("numeric", { a: [9, 10, 11], b: [4, 5, 6] })).toEqual(["b", "a"]);
    expect(order("numericBounded", { a: [4, 5, 6], b: [7, 8, 9] })).toEqual(["b", "a"]);
    const bad = ["died", "died", "died", "disabled"];
    const good = ["recovered", "recovered", "recovered", "disabled"];
    expect(order("ordinal", { a: bad, b: good })).toEqual(["b", "a"]);
  });

  it("puts those without an interval last", () => {
    expect(order("numeric", { a: [1], b: [50, 60, 70] })).toEqual(["b", "a"]);
  });

  it("falls back to support, then to the name", () => {
    expect(order("categorical", { c: ["home"], b: ["ward"], a: ["home"] })).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(order("categorical", { a: ["home"], b: ["ward", "home"] })).toEqual(["b", "a"]);
    expect(order("numeric", { c: [1], b: [2], a: [3] })).toEqual(["a", "b", "c"]);
  });
});

/** The interventions of a synthesis, first to last. */
function order(kind: Kind, groups: Readonly<Record<string, readonly Value[]>>): Value[] {
  const cases = Object.entries(groups).flatMap(([treatment, ends]) =>
    ends.map((end) => ({ treatment, end })),
  );
  return synthesisOf(kind, cases).interventions.map(({ intervention }) => intervention);
}

function outcomesOf(count: number, of: number): boolean[] {
  return Array.from({ length: of }, (_, i) => i < count);
}

function weighted(...weights: readonly number[]) {
  return weights.map((weight) => ({ value: 0, weight }));
}

/** The probability that the interval of Binomial(n, p) outcomes holds p. */
function exactCoverage(p: number, n: number): number {
  let probability = (1 - p) ** n;
  let covered = 0;
  for (let yes = 0; yes <= n; yes++) {
    const { lower, upper } = wilsonInterval(yes / n, n);
    if (lower <= p && p <= upper) covered += probability;
    probability *= ((n - yes) / (yes + 1)) * (p / (1 - p));
  }
  return covered;
}
