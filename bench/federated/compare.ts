/** Part `accuracy`: the mesh's prediction, as the example has had it from the first, beside every other on the published split, pooled and at each centre. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { intervalChart } from "../suite/plots.ts";
import { agreement, agreementTable } from "./agreement.ts";
import { chooseVote, foldsOf } from "./cross-validation.ts";
import {
  CENTRALISED,
  GLOBAL_SHARE,
  MAJORITY,
  ONE_SHOT,
  OWN_MODEL,
  STRATEGIES,
  federated,
  meshVote,
  ownVote,
  type Method,
} from "./methods.ts";
import { DEFAULT_VOTE, type VoteSettings } from "./neighbours.ts";
import { makeTask, readHeartRows, type HeartRows, type Task } from "./rows.ts";
import { groupsOf, scoreGroup, type Predictions, type Scores } from "./scores.ts";
import { centreTable, goalTable, pooledTable } from "./tables.ts";

/** Starting models and orders of rows drawn for each method that has any. */
export const SEEDS = 20;

const voteSchema = z.object({ k: z.number(), ownWeight: z.number(), power: z.number().optional() });
const predictionsSchema = z.array(z.array(z.number()));

/** The scores of every method on one group of test rows; the first method is the mesh's. */
export interface GroupScores {
  readonly group: string;
  readonly rows: number;
  /** Rows of the rarer outcome. */
  readonly fewest: number;
  readonly methods: readonly { readonly method: Method; readonly scores: Scores }[];
}

export async function compareAccuracy(context: BenchContext): Promise<PartReport> {
  const { cells, progress, seed } = context;
  const heart = await readHeartRows(context.data);
  const task = makeTask(heart);
  progress.report("choosing the vote on training rows", 0, 1);
  const vote = await chosenVote(context, heart);
  const methods = methodsOf(vote);
  const predictions: Predictions[] = [];
  for (const [i, method] of methods.entries()) {
    progress.report("training and predicting", i + 1, methods.length);
    const key = { cell: "predictions", data: heart.digest, seed, method: method.name, vote };
    const seeds = await cells.get(key, predictionsSchema, () => predict(task, method, seed));
    predictions.push({ name: method.name, seeds });
  }
  const groups = groupsOf(heart.test, heart.centres).map((group, i, all): GroupScores => {
    progress.report("drawing intervals", i + 1, all.length);
    const random = seededRandom(`bootstrap ${seed} ${group.name}`);
    const scores = scoreGroup(heart.test, group, predictions, random);
    return {
      group: group.name,
      rows: group.rows.length,
      fewest: fewestOf(group.rows.map((row) => heart.test[row]?.y === 1)),
      methods: methods.flatMap((method) => {
        const its = scores.get(method.name);
        return its ? [{ method, scores: its }] : [];
      }),
    };
  });
  progress.report("measuring as FLamby does", 0, 1);
  const agreed = agreement(task, seed);
  const [pooled, ...centres] = groups;
  if (!pooled) throw new Error("there are no test rows");
  return {
    figures: {
      vote,
      seeds: SEEDS,
      groups: groups.map(({ group, rows, methods: list }) => ({
        group,
        rows,
        methods: list.map(({ method, scores }) => ({ method: method.name, ...scores })),
      })),
      agreement: agreed,
    },
    tables: [
      pooledTable(pooled),
      centreTable("Accuracy per centre", "accuracy", groups),
      centreTable("Balanced accuracy per centre", "balancedAccuracy", groups),
      goalTable(groups),
      agreementTable(agreed),
    ],
    plots: [
      intervalChart(
        {
          name: "accuracy",
          title: "Heart disease, published test split: accuracy with 95 % intervals",
          x: "accuracy",
        },
        [pooled, ...centres].flatMap(({ group, methods: list }) =>
          list.map(({ method, scores: { accuracy } }) => ({
            series: method.name,
            panel: group,
            y: accuracy.value,
            ...accuracy.interval,
          })),
        ),
      ),
    ],
  };
}

function fewestOf(outcomes: readonly boolean[]): number {
  const positive = outcomes.filter(Boolean).length;
  return Math.min(positive, outcomes.length - positive);
}

/** On training rows alone. */
export function chosenVote({ cells, seed }: BenchContext, heart: HeartRows): Promise<VoteSettings> {
  return cells.get({ cell: "vote", data: heart.digest, seed }, voteSchema, () => {
    const random = seededRandom(`vote ${seed}`);
    return chooseVote(foldsOf(heart, random), random);
  });
}

/** The mesh first: the others are compared with it. */
function methodsOf(vote: VoteSettings): Method[] {
  return [
    meshVote("mesh", DEFAULT_VOTE),
    meshVote("mesh, vote tuned on training rows", vote),
    ownVote("own outcomes"),
    OWN_MODEL,
    MAJORITY,
    GLOBAL_SHARE,
    CENTRALISED,
    ...STRATEGIES.map((strategy) => federated(strategy, "own")),
    ...STRATEGIES.map((strategy) => federated(strategy, "shared")),
    ONE_SHOT,
  ];
}

export function predict(task: Task, method: Method, seed: string): number[][] {
  return Array.from({ length: method.isSeeded ? SEEDS : 1 }, (_, i) =>
    method.predict(task, seededRandom(`${method.name} ${seed} ${i}`)),
  );
}
