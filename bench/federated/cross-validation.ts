/** Choosing settings on training rows alone: repeated cross-validation, stratified by centre and outcome. */
import type { Random } from "../../examples/random.ts";
import { meshVote, type Method } from "./methods.ts";
import type { VoteSettings } from "./neighbours.ts";
import { makeTask, type Row, type Task } from "./rows.ts";
import { measure, type Measured } from "./scores.ts";

const FOLDS = 5;
const REPEATS = 3;

/** The tasks of all folds and repeats: four fifths of the rows to learn from, a fifth to try it on. */
export function foldsOf(task: Omit<Task, "test" | "similarities">, random: Random): Task[] {
  const { train } = task;
  const strata = [
    ...Map.groupBy(train.keys(), (i) => `${train[i]?.centre} ${train[i]?.y}`).values(),
  ];
  return Array.from({ length: REPEATS }, () => {
    const foldOf = new Map(
      strata.flatMap((members) =>
        random.sample(members, members.length).map((row, i) => [row, i % FOLDS] as const),
      ),
    );
    return Array.from({ length: FOLDS }, (_, fold) =>
      makeTask({
        ...task,
        train: train.filter((_row, i) => foldOf.get(i) !== fold),
        test: train.filter((_row, i) => foldOf.get(i) === fold),
      }),
    );
  }).flat();
}

/** Over the held-out rows of all folds together. */
export function crossValidate(folds: readonly Task[], method: Method, random: Random): Measured {
  const rows: Row[] = [];
  const scores: number[] = [];
  for (const fold of folds) {
    rows.push(...fold.test);
    scores.push(...method.predict(fold, random));
  }
  return measure(rows, scores, [...rows.keys()]);
}

const K_TRIED = [10, 20, 30, 50];
const POWERS_TRIED = [1, 8];
const OWN_WEIGHTS_TRIED = [1, 2, 4];

/** The vote whose accuracy and balanced accuracy, added, are best; of equal ones the first, which is the simpler. */
export function chooseVote(folds: readonly Task[], random: Random): VoteSettings {
  const all = OWN_WEIGHTS_TRIED.flatMap((ownWeight) =>
    POWERS_TRIED.flatMap((power) => K_TRIED.map((k) => ({ k, ownWeight, power }))),
  );
  const tried = all.map((settings) => {
    const measured = crossValidate(folds, meshVote("", settings), random);
    return { settings, goodness: measured.accuracy + measured.balancedAccuracy };
  });
  return tried.reduce((best, each) => (each.goodness > best.goodness ? each : best)).settings;
}
