import * as fc from "fast-check";
import { expect, test } from "vitest";
import { chooseVote, foldsOf } from "../../../../bench/federated/cross-validation.ts";
import {
  CENTRALISED,
  GLOBAL_SHARE,
  MAJORITY,
  STRATEGIES,
  federated,
  meshVote,
  ownVote,
} from "../../../../bench/federated/methods.ts";
import { DEFAULT_VOTE, nearest } from "../../../../bench/federated/neighbours.ts";
import { makeTask, scalingOf } from "../../../../bench/federated/rows.ts";
import { groupsOf, measure, scoreGroup } from "../../../../bench/federated/scores.ts";
import { deal } from "../../../../bench/federated/deal.ts";
import { hide } from "../../../../bench/federated/small.ts";
import { seededRandom } from "../../../../examples/random.ts";
import { makeHeartRows } from "../../../support/heart-rows.ts";

const heart = await makeHeartRows(45);
const task = makeTask(heart);
const random = () => seededRandom("prediction");

/** Leaves a third out. */
function eligible(i: number): boolean {
  return i % 3 !== 0;
}

test("the nearest are the best scores, equal ones in their order, as by sorting all", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 12 }), (list, k) => {
      const sorted = [...list.keys()]
        .filter(eligible)
        .toSorted((a, b) => (list[b] ?? 0) - (list[a] ?? 0) || a - b)
        .slice(0, k);
      expect(nearest(Float64Array.from(list), k, eligible)).toEqual(sorted);
    }),
  );
});

test("a vote of one is its nearest outcome, and own outcomes come from the own centre", () => {
  const one = meshVote("one", { ...DEFAULT_VOTE, k: 1 }).predict(task, random());
  const own = ownVote("own", { ...DEFAULT_VOTE, k: 1 }).predict(task, random());
  for (const [i, scores] of task.similarities().entries()) {
    const best = nearest(scores, 1, () => true)[0] ?? -1;
    const bestOwn = nearest(scores, 1, (j) => task.train[j]?.centre === task.test[i]?.centre)[0];
    expect(one[i]).toBe(task.train[best]?.y);
    expect(own[i]).toBe(task.train[bestOwn ?? -1]?.y);
  }
});

test("own outcomes that count for much decide as if they were alone", () => {
  const vote = { ...DEFAULT_VOTE, k: task.train.length };
  const heavy = meshVote("heavy", { ...vote, ownWeight: 1e9 }).predict(task, random());
  const own = ownVote("own", vote).predict(task, random());
  for (const [i, share] of heavy.entries()) expect(share).toBeCloseTo(own[i] ?? NaN, 6);
});

test("methods beat the average where there is something to learn, and repeat by their seed", () => {
  const rows = [...task.test.keys()];
  const auc = (method: typeof CENTRALISED) =>
    measure(task.test, method.predict(task, random()), rows).auc;
  expect(auc(GLOBAL_SHARE)).toBe(0.5);
  const [fedAvg = STRATEGIES[0]] = STRATEGIES;
  if (!fedAvg) throw new Error("there is no FedAvg");
  for (const method of [CENTRALISED, federated(fedAvg, "shared"), meshVote("mesh", DEFAULT_VOTE)]) {
    expect(auc(method), method.name).toBeGreaterThan(0.7);
    expect(method.predict(task, random())).toEqual(method.predict(task, random()));
  }
  expect(MAJORITY.predict(task, random())).toHaveLength(task.test.length);
});

test("scaling makes training rows of mean 0 and deviation 1", () => {
  const scaled = task.train.map(({ x }) => scalingOf(task.train)(x)[0] ?? NaN);
  const mean = scaled.reduce((a, b) => a + b, 0) / scaled.length;
  const variance = scaled.reduce((a, b) => a + (b - mean) ** 2, 0) / (scaled.length - 1);
  expect(mean).toBeCloseTo(0, 9);
  expect(variance).toBeCloseTo(1, 6);
});

test("folds hold every training row once a repeat, and no row to learn from is tried", () => {
  const folds = foldsOf(heart, random());
  expect(folds).toHaveLength(15);
  const tried = folds.slice(0, 5).flatMap(({ test: rows }) => rows);
  expect(new Set(tried)).toEqual(new Set(heart.train));
  expect(tried).toHaveLength(heart.train.length);
  for (const { train, test: rows } of folds)
    expect(train.filter((row) => rows.includes(row))).toEqual([]);
  expect(chooseVote(folds.slice(0, 5), random())).toEqual(chooseVote(folds.slice(0, 5), random()));
});

test("a method is within noise of itself, and one that is always wrong is beyond it", () => {
  const [group] = groupsOf(task.test, task.centres);
  if (!group) throw new Error("there is no group");
  const truth = task.test.map(({ y }) => y);
  const scores = scoreGroup(
    task.test,
    group,
    [
      { name: "right", seeds: [truth] },
      { name: "again", seeds: [truth] },
      { name: "wrong", seeds: [truth.map((y) => 1 - y)] },
    ],
    random(),
  );
  expect(scores.get("again")?.accuracy.behindReference).toEqual({ value: 0, low: 0, high: 0 });
  expect(scores.get("wrong")?.accuracy.behindReference).toEqual({ value: 1, low: 1, high: 1 });
  expect(scores.get("right")?.auc.value).toBe(1);
});

/** Between the centres of the highest and of the lowest share of disease. */
function labelSpread(level: number): number {
  const { train, centres } = deal(heart, "labels", level, random());
  const shares = centres.map((centre) => {
    const own = train.filter((row) => row.centre === centre);
    return own.filter(({ y }) => y === 1).length / own.length;
  });
  return Math.max(...shares) - Math.min(...shares);
}

test("label skew grows with its level, and every row is dealt once", () => {
  const { train, test: rows } = deal(heart, "labels", 1, random());
  expect(train.length + rows.length).toBe(heart.train.length + heart.test.length);
  expect(labelSpread(1)).toBe(1);
  expect(labelSpread(0)).toBeLessThan(0.5);
});

test("skew of measurement moves readings at level 1 and none at level 0", () => {
  // Whole numbers before they are moved.
  const [alike, moved] = [0, 1].map((level) => {
    const { train } = deal(heart, "measurement", level, random());
    return new Set(train.map(({ x }) => (x[2] ?? 0) % 1)).size;
  });
  expect(alike).toBe(1);
  expect(moved).toBeGreaterThan(1);
});

test("a hidden group's members have no disease and lie in all centres", () => {
  const { task: hidden, members } = hide(heart, 16, random());
  const rows = [...members].flatMap((i) => hidden.train[i] ?? []);
  expect(rows).toHaveLength(16);
  expect(rows.every(({ y }) => y === 0)).toBe(true);
  expect(new Set(rows.map(({ centre }) => centre)).size).toBe(8);
  expect(hidden.test.every(({ y }) => y === 0)).toBe(true);
});
