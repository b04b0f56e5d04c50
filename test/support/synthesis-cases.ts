/** Rankings made for the tests of the synthesis, and what is read from theirs. */
import { wilsonInterval } from "../../client/synthesis/intervals.ts";
import { synthesize, type Synthesis } from "../../client/synthesis/index.ts";
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
import { bytesFrom } from "../unit/support/random.ts";

export const LEVELS = ["died", "disabled", "recovered"];
export const FIELDS = {
  binary: { name: "end", kind: "binary", better: true },
  binaryBad: { name: "end", kind: "binary", better: false },
  numeric: { name: "end", kind: "numeric", unit: "d", better: "lower" },
  numericBounded: { name: "end", kind: "numeric", unit: "1", better: "higher", min: 0, max: 10 },
  ordinal: { name: "end", kind: "ordinal", levels: LEVELS, better: "higher" },
  categorical: { name: "end", kind: "categorical", values: ["home", "ward", "other"] },
} as const;
export type Kind = keyof typeof FIELDS;

export function domainOf(kind: Kind): Domain {
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

export interface Case {
  readonly end?: Value | undefined;
  readonly score?: number;
  readonly origin?: number;
  readonly treatment?: string | undefined;
}

export function rankingOf(cases: readonly Case[]): RankedResult[] {
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

export function synthesisOf(kind: Kind, cases: readonly Case[]): Synthesis {
  return synthesize(rankingOf(cases), domainOf(kind));
}

/** The only intervention of a synthesis. */
export function only(synthesis: Synthesis) {
  const [first, ...others] = synthesis.interventions;
  if (!first || others.length > 0) throw new Error("expected one intervention");
  return first;
}

/** Its estimate as one number with its interval. */
export function scalar(synthesis: Synthesis) {
  const { estimate } = only(synthesis);
  if (!estimate || estimate.kind === "categorical") throw new Error("expected a scalar estimate");
  return estimate;
}

export function intervalOf(synthesis: Synthesis) {
  const { interval } = scalar(synthesis);
  if (!interval) throw new Error("expected an interval");
  return interval;
}

/** `yes` outcomes that are true, of `n`. */
export function binaryCases(yes: number, n: number): Case[] {
  return Array.from({ length: n }, (_, i) => ({ end: i < yes }));
}

export const ENDS = {
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

export function endsOf(kind: Kind): fc.Arbitrary<Value> {
  return ENDS[kind];
}

export function casesOf(kind: Kind, minLength: number): fc.Arbitrary<Case[]> {
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

export function order(kind: Kind, groups: Readonly<Record<string, readonly Value[]>>): Value[] {
  const cases = Object.entries(groups).flatMap(([treatment, ends]) =>
    ends.map((end) => ({ treatment, end })),
  );
  return synthesisOf(kind, cases).interventions.map(({ intervention }) => intervention);
}

export function outcomesOf(count: number, of: number): boolean[] {
  return Array.from({ length: of }, (_, i) => i < count);
}

export function weighted(...weights: readonly number[]) {
  return weights.map((weight) => ({ value: 0, weight }));
}

/** The probability that the interval of Binomial(n, p) outcomes holds p. */
export function exactCoverage(p: number, n: number): number {
  let probability = (1 - p) ** n;
  let covered = 0;
  for (let yes = 0; yes <= n; yes++) {
    const { lower, upper } = wilsonInterval(yes / n, n);
    if (lower <= p && p <= upper) covered += probability;
    probability *= ((n - yes) / (yes + 1)) * (p / (1 - p));
  }
  return covered;
}
