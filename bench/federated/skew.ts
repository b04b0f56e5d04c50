/** Part `skew`: accuracy per centre as four centres that the real rows are dealt to grow less alike. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import { interval95, mean } from "../suite/bootstrap.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { lineChart } from "../suite/plots.ts";
import { CENTRES, KINDS, deal, type Kind } from "./deal.ts";
import { CENTRALISED, OWN_MODEL, STRATEGIES, federated, meshVote, ownVote } from "./methods.ts";
import { DEFAULT_VOTE } from "./neighbours.ts";
import { readHeartRows, type HeartRows } from "./rows.ts";
import { groupsOf, measure } from "./scores.ts";

/** 0 is alike everywhere; 1 as unlike as it gets. */
const LEVELS = [0, 0.25, 0.5, 0.75, 1];
const PARTITIONS = 10;

const METHODS = [
  meshVote("mesh", DEFAULT_VOTE),
  ownVote("own outcomes"),
  OWN_MODEL,
  CENTRALISED,
  ...STRATEGIES.filter(({ name }) => name === "FedAvg" || name === "FedAdagrad").flatMap(
    (strategy) => [federated(strategy, "own"), federated(strategy, "shared")],
  ),
];

/** Accuracy per method, then per centre. */
const cellSchema = z.record(z.string(), z.record(z.string(), z.number()));
type Cell = z.infer<typeof cellSchema>;

interface SkewResult {
  readonly kind: Kind;
  readonly level: number;
  readonly method: string;
  /** Of the centres' accuracies, over all partitions, with the range of 95 % of the partitions. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly lowestCentre: number;
  readonly byCentre: Readonly<Record<string, number>>;
}

export async function compareSkew(context: BenchContext): Promise<PartReport> {
  const { cells, progress, seed } = context;
  const heart = await readHeartRows(context.data);
  const settings = KINDS.flatMap((kind) => LEVELS.map((level) => ({ kind, level })));
  const results: SkewResult[] = [];
  for (const [i, { kind, level }] of settings.entries()) {
    progress.report("dealing the rows anew", i + 1, settings.length);
    const runs: Cell[] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const key = { cell: "skew", data: heart.digest, seed, kind, level, partition };
      runs.push(
        await cells.get(key, cellSchema, () => runCell(heart, kind, level, JSON.stringify(key))),
      );
    }
    for (const { name } of METHODS) {
      const perRun = runs.map((run) => Object.values(run[name] ?? {}));
      const means = perRun.map(mean);
      results.push({
        kind,
        level,
        method: name,
        mean: mean(means),
        ...interval95(means),
        lowestCentre: mean(perRun.map((accuracies) => Math.min(...accuracies))),
        byCentre: Object.fromEntries(
          CENTRES.map((centre) => [centre, mean(runs.map((run) => run[name]?.[centre] ?? NaN))]),
        ),
      });
    }
  }
  const cell = (kind: Kind, level: number, method: string): string => {
    const found = results.find((r) => r.kind === kind && r.level === level && r.method === method);
    return found ? `${found.mean.toFixed(3)} / ${found.lowestCentre.toFixed(3)}` : "";
  };
  return {
    figures: results,
    tables: KINDS.map((kind) => ({
      title: `Skew of ${kind}: accuracy, mean of four centres / lowest centre`,
      headers: ["method", ...LEVELS.map(String)],
      rows: METHODS.map(({ name }) => [name, ...LEVELS.map((level) => cell(kind, level, name))]),
      notes: [
        `Means over ${PARTITIONS} seeded partitions of all 740 rows, two thirds to learn from.`,
      ],
    })),
    plots: [
      lineChart(
        {
          name: "skew",
          title: "Accuracy as centres grow less alike",
          x: "skew",
          y: "accuracy, mean of centres",
        },
        results.map(({ kind, level, method, mean: y, low, high }) => ({
          x: level,
          y,
          low,
          high,
          series: method,
          panel: kind,
        })),
      ),
    ],
  };
}

function runCell(heart: HeartRows, kind: Kind, level: number, seed: string): Cell {
  const task = deal(heart, kind, level, seededRandom(seed));
  const groups = groupsOf(task.test, CENTRES).filter(({ name }) => name !== "pooled");
  return Object.fromEntries(
    METHODS.map((method) => {
      const scores = method.predict(task, seededRandom(`${seed} ${method.name}`));
      const accuracies = groups.map(({ name, rows }) => [
        name,
        measure(task.test, scores, rows).accuracy,
      ]);
      return [method.name, Object.fromEntries(accuracies)];
    }),
  );
}
