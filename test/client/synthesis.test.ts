import { describe, expect, it } from "vitest";
import { effectiveSize, wilsonInterval } from "../../client/synthesis/intervals.ts";
import { synthesisSchema, synthesize } from "../../client/synthesis/index.ts";
import { fc } from "../unit/support/property.ts";
import { seededRandom, shuffled } from "../unit/support/random.ts";
import {
  type Kind,
  domainOf,
  rankingOf,
  synthesisOf,
  only,
  scalar,
  endsOf,
  casesOf,
  order,
  outcomesOf,
  weighted,
} from "../support/synthesis-cases.ts";

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
