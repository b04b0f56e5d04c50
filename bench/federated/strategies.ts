/**
 * Who trains on whose rows: everyone on all (centralised), each on its own (local), or rounds of local training and
 * a server that puts the parts together (federated). Every strategy here is a few lines of its published algorithm;
 * a model is a logistic regression.
 */
import type { Random } from "../../examples/random.ts";
import { adamStep, batchesOf, drawModel, gradient, type Model, type Samples } from "./logistic.ts";

/** What training has in common, whatever its strategy. */
export interface Training {
  readonly batch: number;
  /** Passes over the rows of centralised and local training. */
  readonly epochs: number;
  /** Adam's step in centralised and local training. */
  readonly rate: number;
  readonly rounds: number;
  /** Local steps a round. */
  readonly updates: number;
}

export interface Strategy {
  readonly name: string;
  /** SGD's step in local training. */
  readonly rate: number;
  /** Weight of FedProx's pull towards the round's first model. */
  readonly mu?: number;
  /** SCAFFOLD's control variates: twice the bytes. */
  readonly controls?: true;
  /** Where absent, the mean change of the models is added as it is. */
  readonly server?: {
    readonly kind: "adam" | "yogi" | "adagrad";
    readonly rate: number;
  };
}

/** FedAdam, FedYogi and FedAdagrad: Reddi et al. (2021), Adaptive Federated Optimization. */
const SERVER = { beta1: 0.9, beta2: 0.999, tau: 1e-8 };

/** One model of all rows, by Adam: what a centre that may see everything would train. */
export function trainAlone(samples: Samples, training: Training, random: Random): Model {
  const { batch, epochs, rate } = training;
  const model = drawModel(samples.x[0]?.length ?? 0, random);
  const step = adamStep(model, rate);
  const next = batchesOf(samples.x.length, batch, random);
  const steps = epochs * Math.ceil(samples.x.length / batch);
  for (let i = 0; i < steps; i++) step(gradient(model, samples, next()));
  return model;
}

/**
 * FedAvg (McMahan et al. 2017), FedProx (Li et al. 2020), SCAFFOLD (Karimireddy et al. 2020, option II) or an
 * adaptive server, as `strategy` says: each round every client trains on from the server's model, and the server adds
 * the changes' mean, weighted by the clients' rows.
 */
export function trainFederated(
  clients: readonly Samples[],
  strategy: Strategy,
  training: Training,
  random: Random,
): Model {
  const { batch, rounds, updates } = training;
  const rows = clients.reduce((sum, { x }) => sum + x.length, 0);
  const model = drawModel(clients[0]?.x[0]?.length ?? 0, random);
  const server = serverStep(model, strategy.server);
  const control = new Float64Array(model.length);
  const parts = clients.map((samples) => ({
    samples,
    share: samples.x.length / rows,
    next: batchesOf(samples.x.length, batch, random),
    control: new Float64Array(model.length),
  }));
  for (let round = 0; round < rounds; round++) {
    const change = new Float64Array(model.length);
    const controlChange = new Float64Array(model.length);
    for (const part of parts) {
      const local = model.slice();
      for (let update = 0; update < updates; update++) {
        const g = gradient(local, part.samples, part.next());
        for (let i = 0; i < local.length; i++) {
          const pull = (strategy.mu ?? 0) * ((local[i] ?? 0) - (model[i] ?? 0));
          const correction = (control[i] ?? 0) - (part.control[i] ?? 0);
          local[i] = (local[i] ?? 0) - strategy.rate * ((g[i] ?? 0) + pull + correction);
        }
      }
      for (let i = 0; i < local.length; i++) {
        const moved = (local[i] ?? 0) - (model[i] ?? 0);
        change[i] = (change[i] ?? 0) + part.share * moved;
        if (!strategy.controls) continue;
        const renewed = -(control[i] ?? 0) - moved / (updates * strategy.rate);
        controlChange[i] = (controlChange[i] ?? 0) + renewed / parts.length;
        part.control[i] = (part.control[i] ?? 0) + renewed;
      }
    }
    server(change);
    for (let i = 0; i < control.length; i++)
      control[i] = (control[i] ?? 0) + (controlChange[i] ?? 0);
  }
  return model;
}

function serverStep(model: Model, server: Strategy["server"]): (change: Float64Array) => void {
  if (!server) {
    return (change) => {
      for (let i = 0; i < model.length; i++) model[i] = (model[i] ?? 0) + (change[i] ?? 0);
    };
  }
  const first = new Float64Array(model.length);
  const second = new Float64Array(model.length);
  return (change) => {
    for (let i = 0; i < model.length; i++) {
      const d = change[i] ?? 0;
      const m = (first[i] = SERVER.beta1 * (first[i] ?? 0) + (1 - SERVER.beta1) * d);
      const v = (second[i] = secondMoment(server.kind, second[i] ?? 0, d * d));
      model[i] = (model[i] ?? 0) + (server.rate * m) / (Math.sqrt(v) + SERVER.tau);
    }
  };
}

function secondMoment(kind: "adam" | "yogi" | "adagrad", v: number, square: number): number {
  switch (kind) {
    case "adam":
      return SERVER.beta2 * v + (1 - SERVER.beta2) * square;
    case "yogi":
      return v - (1 - SERVER.beta2) * square * Math.sign(v - square);
    case "adagrad":
      return v + square;
  }
}
