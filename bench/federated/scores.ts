/** Accuracy, balanced accuracy and AUC of predictions, pooled and per centre, with intervals and paired differences. */
import { accuracy, areaUnderCurve, balancedAccuracy } from "../../examples/evaluation.ts";
import type { Random } from "../../examples/random.ts";
import { interval95, mean, resample, type Interval } from "../suite/bootstrap.ts";
import type { Row } from "./rows.ts";

export const MEASURES = ["accuracy", "balancedAccuracy", "auc"] as const;
export type Measure = (typeof MEASURES)[number];
export type Measured = Readonly<Record<Measure, number>>;

/** Draws of a bootstrap: percentiles at 2.5 and 97.5 then rest on 25 values each. */
const DRAWS = 1000;

/** Rows that are scored together. */
export interface Group {
  readonly name: string;
  readonly rows: readonly number[];
}

/** All rows, and each centre's. */
export function groupsOf(rows: readonly Row[], centres: readonly string[]): Group[] {
  const all = rows.map((_, i) => i);
  return [
    { name: "pooled", rows: all },
    ...centres.map((centre) => ({
      name: centre,
      rows: all.filter((i) => rows[i]?.centre === centre),
    })),
  ];
}

/** Of the rows `chosen`. A share of one half counts as disease, as in the example. */
export function measure(
  rows: readonly Row[],
  scores: readonly number[],
  chosen: readonly number[],
): Measured {
  const cases = chosen.map((i) => ({
    truth: rows[i]?.y === 1,
    predicted: (scores[i] ?? 0) >= 0.5,
    score: scores[i] ?? 0,
  }));
  return {
    accuracy: accuracy(cases),
    balancedAccuracy: balancedAccuracy(cases),
    auc: areaUnderCurve(cases),
  };
}

/** A method's predictions, one list a seed. */
export interface Predictions {
  readonly name: string;
  readonly seeds: readonly (readonly number[])[];
}

export interface Score {
  /** The mean over seeds. */
  readonly value: number;
  readonly interval: Interval;
  /** The reference's figure less this one's, over the same draws. */
  readonly behindReference: Interval & { readonly value: number };
}

export type Scores = Readonly<Record<Measure, Score>>;

/**
 * Scores each method on a group. A draw takes test rows with replacement within each centre, and one of the method's
 * seeds; differences to `reference`, the first method, are paired: both see the same rows of the draw.
 */
export function scoreGroup(
  rows: readonly Row[],
  { rows: chosen }: Group,
  methods: readonly Predictions[],
  random: Random,
): Map<string, Scores> {
  const strata = [...Map.groupBy(chosen, (i) => rows[i]?.centre).values()];
  const draws = Array.from({ length: DRAWS }, () => resample(strata, random));
  const scored = methods.map(({ name, seeds }) => {
    const values = seeds.map((scores) => measure(rows, scores, chosen));
    const drawn = draws.map((draw) => measure(rows, random.pick(seeds), draw));
    return { name, values, drawn };
  });
  const [reference] = scored;
  if (!reference) return new Map();
  return new Map(
    scored.map(({ name, values, drawn }) => {
      const score = (which: Measure): Score => {
        const value = mean(values.map((each) => each[which]));
        const behind = drawn.map((each, i) => (reference.drawn[i]?.[which] ?? 0) - each[which]);
        return {
          value,
          interval: interval95(drawn.map((each) => each[which])),
          behindReference: {
            value: mean(reference.values.map((each) => each[which])) - value,
            ...interval95(behind),
          },
        };
      };
      return [
        name,
        {
          accuracy: score("accuracy"),
          balancedAccuracy: score("balancedAccuracy"),
          auc: score("auc"),
        },
      ] as const;
    }),
  );
}
