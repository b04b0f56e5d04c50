/** Everything that is compared, behind one form: from a task and a seed to a probability for each test row. */
import type { Random } from "../../examples/random.ts";
import { probability, type Model } from "./logistic.ts";
import { DEFAULT_VOTE, voteShares, type VoteSettings } from "./neighbours.ts";
import { samplesOf, scalingOf, type Row, type Scaling, type Task } from "./rows.ts";
import { trainAlone, trainFederated, type Strategy, type Training } from "./strategies.ts";

/** What a row is scaled by before a model sees it. */
export type ScalingKind = "own" | "shared";

export interface Method {
  readonly name: string;
  readonly kind: "mesh" | "own" | "baseline" | "federated" | "central";
  /** Of federated ones. */
  readonly scaling?: ScalingKind;
  /** False: every seed gives the same. */
  readonly isSeeded: boolean;
  readonly predict: (task: Task, random: Random) => number[];
}

/** FLamby's settings of Fed-Heart-Disease (`common.py`, `config_heart_disease.json`). */
export const TRAINING: Training = { batch: 4, epochs: 50, rate: 0.001, rounds: 15, updates: 100 };

/** FLamby's federated strategies that average models, with its step sizes. */
export const STRATEGIES: readonly Strategy[] = [
  { name: "FedAvg", rate: 0.001 },
  { name: "FedProx", rate: 0.001, mu: 0.01 },
  { name: "SCAFFOLD", rate: 0.001, controls: true },
  { name: "FedAdam", rate: 0.01, server: { kind: "adam", rate: 0.01 } },
  { name: "FedAdagrad", rate: 0.003162, server: { kind: "adagrad", rate: 0.316228 } },
  { name: "FedYogi", rate: 0.003162, server: { kind: "yogi", rate: 0.01 } },
];

export function meshVote(name: string, settings: VoteSettings): Method {
  return {
    name,
    kind: "mesh",
    isSeeded: false,
    predict: (task) => voteShares(task, settings),
  };
}

/** The nearest outcomes of the asker's own training rows alone. */
export function ownVote(name: string, settings: VoteSettings = DEFAULT_VOTE): Method {
  return {
    name,
    kind: "own",
    isSeeded: false,
    predict: (task) =>
      voteShares(task, settings, (i, j) => task.test[i]?.centre === task.train[j]?.centre),
  };
}

/** A model of each centre's own rows, and for nobody else's. */
export const OWN_MODEL: Method = {
  name: "own model",
  kind: "own",
  isSeeded: true,
  predict: (task, random) => {
    const models = modelsByCentre(task, random);
    return task.test.map((row) => models.get(row.centre)?.(row) ?? 0.5);
  },
};

/** What most of the centre's own training rows are; its share is the probability. */
export const MAJORITY: Method = {
  name: "majority of the centre",
  kind: "own",
  isSeeded: false,
  predict: ({ train, test }) =>
    test.map(({ centre }) => positiveShare(train.filter((row) => row.centre === centre))),
};

/** The share over all centres, for everyone. */
export const GLOBAL_SHARE: Method = {
  name: "global average",
  kind: "baseline",
  isSeeded: false,
  predict: ({ train, test }) => test.map(() => positiveShare(train)),
};

/** One-shot federated learning: the centres' own models, averaged once by their rows. */
export const ONE_SHOT: Method = {
  name: "one-shot average of models",
  kind: "federated",
  scaling: "shared",
  isSeeded: true,
  predict: (task, random) => {
    const shared = scalingOf(task.train);
    const parts = [...partsOf(task)].map(([, rows]) => ({
      share: rows.length / task.train.length,
      model: trainAlone(samplesOf(rows, shared), TRAINING, random),
    }));
    const model = Float64Array.from(parts[0]?.model ?? [], (_, i) =>
      parts.reduce((sum, part) => sum + part.share * (part.model[i] ?? 0), 0),
    );
    return task.test.map((row) => probability(model, shared(row.x)));
  },
};

/** Trained on all rows, wherever they are. */
export const CENTRALISED: Method = {
  name: "centralised",
  kind: "central",
  isSeeded: true,
  predict: (task, random) => {
    const shared = scalingOf(task.train);
    const model = trainAlone(samplesOf(task.train, shared), TRAINING, random);
    return task.test.map((row) => probability(model, shared(row.x)));
  },
};

/**
 * "own" scales each centre's rows by that centre's own training rows, as FLamby does; "shared" by all training rows,
 * for which centres tell two sums a feature.
 */
export function federated(strategy: Strategy, scaling: ScalingKind): Method {
  return {
    name: scaling === "own" ? strategy.name : `${strategy.name}, shared scaling`,
    kind: "federated",
    scaling,
    isSeeded: true,
    predict: (task, random) => {
      const { model, scalings } = trainStrategy(task, strategy, scaling, random);
      return task.test.map((row) => probability(model, scaled(row, scalings)));
    },
  };
}

export interface Trained {
  readonly model: Model;
  readonly scalings: ReadonlyMap<string, Scaling>;
}

export function trainStrategy(
  task: Task,
  strategy: Strategy,
  scaling: ScalingKind,
  random: Random,
): Trained {
  const parts = partsOf(task);
  const shared = scalingOf(task.train);
  const scalings = new Map(
    [...parts].map(([centre, rows]) => [centre, scaling === "own" ? scalingOf(rows) : shared]),
  );
  const clients = [...parts].map(([centre, rows]) =>
    samplesOf(rows, scalings.get(centre) ?? shared),
  );
  return { model: trainFederated(clients, strategy, TRAINING, random), scalings };
}

/** Rows by centre, of the centres that have any. */
export function partsOf({ train, centres }: Task): Map<string, readonly Row[]> {
  return new Map(
    centres
      .map((centre) => [centre, train.filter((row) => row.centre === centre)] as const)
      .filter(([, rows]) => rows.length > 0),
  );
}

export function positiveShare(rows: readonly Row[]): number {
  return rows.length === 0 ? 0.5 : rows.filter(({ y }) => y === 1).length / rows.length;
}

function scaled(row: Row, scalings: ReadonlyMap<string, Scaling>): Float64Array {
  return scalings.get(row.centre)?.(row.x) ?? row.x;
}

function modelsByCentre(task: Task, random: Random): ReadonlyMap<string, (row: Row) => number> {
  return new Map(
    [...partsOf(task)].map(([centre, rows]) => {
      const scaling = scalingOf(rows);
      const model = trainAlone(samplesOf(rows, scaling), TRAINING, random);
      return [centre, (row: Row) => probability(model, scaling(row.x))] as const;
    }),
  );
}
