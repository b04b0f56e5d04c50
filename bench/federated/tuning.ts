/** Part `tuning`: what changes of the vote and of the domain gain, by cross-validation on training rows alone. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { foldsOf, crossValidate } from "./cross-validation.ts";
import { learntWeightsVote } from "./feature-weights.ts";
import { CENTRALISED, OWN_MODEL, federated, meshVote, ownVote, STRATEGIES } from "./methods.ts";
import type { Method } from "./methods.ts";
import { DEFAULT_VOTE } from "./neighbours.ts";
import { encodeRow, readHeartRows, type HeartRows, type Task } from "./rows.ts";

const measuredSchema = z.object({
  accuracy: z.number(),
  balancedAccuracy: z.number(),
  auc: z.number(),
});

export async function tuneVote({ data, cells, progress, seed }: BenchContext): Promise<PartReport> {
  const heart = await readHeartRows(data);
  const folds = foldsOf(heart, seededRandom(`tuning ${seed}`));
  const missing = foldsOf(withoutZeroCholesterol(heart), seededRandom(`tuning ${seed}`));
  const variants: readonly (readonly [Method, readonly Task[]])[] = [
    [meshVote("mesh: k = 10, all outcomes alike", DEFAULT_VOTE), folds],
    ...[20, 30, 50].map((k) => [meshVote(`k = ${k}`, { ...DEFAULT_VOTE, k }), folds] as const),
    ...[2, 4].map(
      (ownWeight) =>
        [
          meshVote(`k = 30, own outcomes count ${ownWeight} times`, { k: 30, ownWeight }),
          folds,
        ] as const,
    ),
    [meshVote("k = 50, weight similarity^8", { k: 50, ownWeight: 1, power: 8 }), folds],
    ...[0.5, 1].map(
      (baseRates) =>
        [
          meshVote(`k = 30, corrected for base rates, exponent ${baseRates}`, {
            k: 30,
            ownWeight: 1,
            baseRates,
          }),
          folds,
        ] as const,
    ),
    [meshVote("k = 10, cholesterol of 0 is missing", DEFAULT_VOTE), missing],
    [
      learntWeightsVote("k = 30, own 4 times, learnt feature weights", { k: 30, ownWeight: 4 }),
      folds,
    ],
    [ownVote("own outcomes, k = 10"), folds],
    [OWN_MODEL, folds],
    [CENTRALISED, folds],
    ...STRATEGIES.filter(({ name }) => name === "FedAdagrad").map(
      (strategy) => [federated(strategy, "shared"), folds] as const,
    ),
  ];
  const figures: { variant: string; accuracy: number; balancedAccuracy: number; auc: number }[] =
    [];
  for (const [i, [method, tasks]] of variants.entries()) {
    progress.report("cross-validating on training rows", i + 1, variants.length);
    const key = { cell: "tuning", data: heart.digest, seed, method: method.name };
    const measured = await cells.get(key, measuredSchema, () =>
      crossValidate(tasks, method, seededRandom(`${method.name} ${seed}`)),
    );
    figures.push({ variant: method.name, ...measured });
  }
  return {
    figures,
    tables: [
      {
        title: "Cross-validation on the 486 training rows (five folds, three times)",
        headers: ["variant", "accuracy", "balanced accuracy", "AUC"],
        rows: figures.map(({ variant, accuracy, balancedAccuracy, auc }) => [
          variant,
          accuracy.toFixed(3),
          balancedAccuracy.toFixed(3),
          auc.toFixed(3),
        ]),
        notes: [
          "A difference of 0.017 is one standard error of an accuracy of 0.8 on as many rows; no test row is touched.",
        ],
      },
    ],
    plots: [],
  };
}

/** Nobody's cholesterol is 0: there it was not measured. */
function withoutZeroCholesterol(heart: HeartRows): HeartRows {
  const train = heart.raw.train.map((row) => {
    const { cholesterol, ...rest } = row.profile;
    return encodeRow(heart.compiled, row, cholesterol === 0 ? rest : row.profile);
  });
  return { ...heart, train };
}
