import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  adamStep,
  batchesOf,
  gradient,
  loss,
  type Samples,
} from "../../../../bench/federated/logistic.ts";
import {
  trainAlone,
  trainFederated,
  type Strategy,
  type Training,
} from "../../../../bench/federated/strategies.ts";
import { seededRandom } from "../../../../examples/random.ts";

const TRAINING: Training = { batch: 4, epochs: 5, rate: 0.01, rounds: 6, updates: 10 };
const PLAIN: Strategy = { name: "FedAvg", rate: 0.05 };

/** Two features, of which the first decides, from `centre` on. */
function drawSamples(seed: string, rows: number, centre = 0): Samples {
  const random = seededRandom(seed);
  const x = Array.from({ length: rows }, () =>
    Float64Array.of(random.normal(centre, 1), random.normal(0, 1)),
  );
  return { x, y: x.map(([first = 0]) => (first + random.normal(0, 0.3) > centre ? 1 : 0)) };
}

test("the gradient is that of the loss, by finite differences", () => {
  const samples = drawSamples("gradient", 7);
  const batch = [0, 2, 3, 6];
  const value = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(value, value, value), (parameters) => {
      const model = Float64Array.from(parameters);
      const exact = gradient(model, samples, batch);
      for (let i = 0; i < model.length; i++) {
        const at = (step: number): number => {
          const moved = model.map((parameter, j) => (j === i ? parameter + step : parameter));
          return loss(moved, samples, batch);
        };
        expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(exact[i] ?? NaN, 6);
      }
    }),
  );
});

test("an epoch's batches hold every row once, the last one what is left", () => {
  const next = batchesOf(10, 4, seededRandom("batches"));
  for (let epoch = 0; epoch < 3; epoch++) {
    const batches = [next(), next(), next()];
    expect(batches.map(({ length }) => length)).toEqual([4, 4, 2]);
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

test("Adam's first step is its rate against the gradient's sign, whatever the gradient's size", () => {
  const model = Float64Array.of(0, 0, 0);
  adamStep(model, 0.1)(Float64Array.of(1e-3, -50, 0));
  expect(model[0]).toBeCloseTo(-0.1, 4);
  expect(model[1]).toBeCloseTo(0.1, 4);
  expect(model[2]).toBe(0);
});

/** SGD from the start on all rows, without any notion of rounds. */
function trainBySgd(samples: Samples, rate: number, seed: string) {
  const random = seededRandom(seed);
  const model = trainFederated([samples], PLAIN, { ...TRAINING, rounds: 0 }, random);
  const next = batchesOf(samples.x.length, TRAINING.batch, random);
  for (let step = 0; step < TRAINING.rounds * TRAINING.updates; step++) {
    const g = gradient(model, samples, next());
    for (let i = 0; i < model.length; i++) model[i] = (model[i] ?? 0) - rate * (g[i] ?? 0);
  }
  return model;
}

test("FedAvg and SCAFFOLD with one client are plain SGD on its rows", () => {
  const samples = drawSamples("one client", 30);
  const plain = trainBySgd(samples, PLAIN.rate, "run");
  const average = trainFederated([samples], PLAIN, TRAINING, seededRandom("run"));
  const scaffold = trainFederated(
    [samples],
    { ...PLAIN, controls: true },
    TRAINING,
    seededRandom("run"),
  );
  for (let i = 0; i < plain.length; i++) {
    expect(average[i]).toBeCloseTo(plain[i] ?? NaN, 10);
    expect(scaffold[i]).toBeCloseTo(plain[i] ?? NaN, 10);
  }
});

test("FedAvg weighs clients by their rows", () => {
  const [large, small] = [drawSamples("large", 30), drawSamples("small", 10)];
  const once = { ...TRAINING, rounds: 1 };
  const train = (clients: readonly Samples[], batch: number) =>
    trainFederated(clients, PLAIN, { ...once, batch, updates: 1 }, seededRandom("run"));
  // With whole batches, one round of one step is a step on the gradient of all rows.
  const both = { x: [...large.x, ...small.x], y: [...large.y, ...small.y] };
  const [apart, together] = [train([large, small], 30), train([both], 40)];
  for (let i = 0; i < apart.length; i++) expect(apart[i]).toBeCloseTo(together[i] ?? NaN, 10);
});

test("FedProx with a strong pull moves less than FedAvg, and without one is FedAvg", () => {
  const clients = [drawSamples("a", 20, -2), drawSamples("b", 20, 2)];
  const run = (strategy: Strategy, rounds = 1) =>
    trainFederated(clients, strategy, { ...TRAINING, rounds }, seededRandom("run"));
  const start = run(PLAIN, 0);
  const moved = (strategy: Strategy) =>
    Math.hypot(...run(strategy).map((v, i) => v - (start[i] ?? 0)));
  expect(run({ ...PLAIN, mu: 0 })).toEqual(run(PLAIN));
  expect(moved({ ...PLAIN, mu: 10 })).toBeLessThan(moved(PLAIN) / 2);
});

test("SCAFFOLD ends nearer the optimum of all rows than FedAvg where clients differ", () => {
  // One client has only one outcome: its own optimum is at infinity.
  const mixed = drawSamples("mixed", 40);
  const lopsided: Samples = {
    x: drawSamples("lopsided", 40, 1).x,
    y: Array.from({ length: 40 }, () => 1 as const),
  };
  const all = { x: [...mixed.x, ...lopsided.x], y: [...mixed.y, ...lopsided.y] };
  const rows = [...all.x.keys()];
  const whole = { ...TRAINING, batch: 40, rounds: 60, updates: 20 };
  const run = (strategy: Strategy) =>
    loss(trainFederated([mixed, lopsided], strategy, whole, seededRandom("run")), all, rows);
  const strategy = { ...PLAIN, rate: 0.2 };
  expect(run({ ...strategy, controls: true })).toBeLessThan(run(strategy));
});

test.each([
  ["adam", 0.1 / Math.sqrt(0.001)],
  ["yogi", 0.1 / Math.sqrt(0.001)],
  ["adagrad", 0.1],
] as const)(
  "a server of kind %s steps first by its rate times %f in the direction of the mean change",
  (kind, factor) => {
    const clients = [drawSamples("c", 40), drawSamples("d", 20)];
    const run = (strategy: Strategy, rounds: number) =>
      trainFederated(clients, strategy, { ...TRAINING, rounds }, seededRandom("run"));
    const start = run(PLAIN, 0);
    const mean = run(PLAIN, 1);
    const served = run({ ...PLAIN, server: { kind, rate: 0.1 } }, 1);
    for (let i = 0; i < start.length; i++) {
      const direction = Math.sign((mean[i] ?? 0) - (start[i] ?? 0));
      expect((served[i] ?? 0) - (start[i] ?? 0)).toBeCloseTo(direction * 0.1 * factor, 4);
    }
  },
);

test("federated training is the same for the same seed, and another for another", () => {
  const clients = [drawSamples("c", 40), drawSamples("d", 20)];
  const run = (seed: string) => trainFederated(clients, PLAIN, TRAINING, seededRandom(seed));
  expect(run("1")).toEqual(run("1"));
  expect(run("1")).not.toEqual(run("2"));
});

test("centralised training lowers the loss, and the same seed gives the same", () => {
  const samples = drawSamples("alone", 60);
  const rows = [...samples.x.keys()];
  const run = (epochs: number, seed: string) =>
    trainAlone(samples, { ...TRAINING, epochs }, seededRandom(seed));
  expect(loss(run(50, "1"), samples, rows)).toBeLessThan(loss(run(0, "1"), samples, rows) / 2);
  expect(run(2, "1")).toEqual(run(2, "1"));
});
