/** Our implementations of others' methods against what FLamby's authors published, scored the way they score. */
import { seededRandom } from "../../examples/random.ts";
import { deviation, mean } from "../suite/bootstrap.ts";
import type { Table } from "../suite/bench.ts";
import { probability, type Model } from "./logistic.ts";
import { OWN_MODEL, STRATEGIES, TRAINING, trainStrategy } from "./methods.ts";
import { PUBLISHED, PUBLISHED_SEEDS } from "./published.ts";
import { samplesOf, scalingOf, type Scaling, type Task } from "./rows.ts";
import { groupsOf, measure } from "./scores.ts";
import { trainAlone } from "./strategies.ts";

const SEEDS = 20;
/** Accuracies shall agree within this. */
const TOLERANCE = 0.02;

export interface Agreement {
  readonly method: string;
  readonly group: string;
  readonly ours: number;
  readonly published: number;
  /** Of the difference of the two means, from how both vary over seeds. */
  readonly standardError: number;
}

export function agreement(task: Task, seed: string): Agreement[] {
  const shared = scalingOf(task.train);
  const scorers: readonly (readonly [string, (i: number) => (group: string) => number])[] = [
    [
      "centralised",
      (i) => {
        const random = seededRandom(`agreement centralised ${seed} ${i}`);
        return scorer(task, trainAlone(samplesOf(task.train, shared), TRAINING, random), shared);
      },
    ],
    ...STRATEGIES.map(
      (strategy) =>
        [
          strategy.name,
          (i: number) => {
            const random = seededRandom(`agreement ${strategy.name} ${seed} ${i}`);
            return scorer(task, trainStrategy(task, strategy, "own", random).model, shared);
          },
        ] as const,
    ),
    [
      "own model",
      (i) => {
        const scores = OWN_MODEL.predict(task, seededRandom(`agreement own ${seed} ${i}`));
        return (group) => accuracyOf(task, scores, group);
      },
    ],
  ];
  return scorers.flatMap(([method, train]) => {
    const trained = Array.from({ length: SEEDS }, (_, i) => train(i));
    return Object.entries(PUBLISHED[method] ?? {}).map(([group, published]) => {
      const ours = trained.map((score) => score(group));
      return {
        method,
        group,
        ours: mean(ours),
        published: published.mean,
        standardError: Math.sqrt(
          deviation(ours) ** 2 / SEEDS + published.deviation ** 2 / PUBLISHED_SEEDS,
        ),
      };
    });
  });
}

/** At a centre its own scaling, on the pooled rows the shared one, whatever the model was trained with. */
function scorer(task: Task, model: Model, shared: Scaling): (group: string) => number {
  const own = new Map(
    task.centres.map((centre) => [
      centre,
      scalingOf(task.train.filter((row) => row.centre === centre)),
    ]),
  );
  const scoresBy = (scaling: (centre: string) => Scaling): number[] =>
    task.test.map(({ centre, x }) => probability(model, scaling(centre)(x)));
  const pooled = scoresBy(() => shared);
  const local = scoresBy((centre) => own.get(centre) ?? shared);
  return (group) => accuracyOf(task, group === "pooled" ? pooled : local, group);
}

function accuracyOf({ test, centres }: Task, scores: readonly number[], name: string): number {
  const rows = groupsOf(test, centres).find((group) => group.name === name)?.rows ?? [];
  return measure(test, scores, rows).accuracy;
}

export function agreementTable(agreed: readonly Agreement[]): Table {
  const groups = [...new Set(agreed.map(({ group }) => group))];
  const methods = [...new Set(agreed.map(({ method }) => method))];
  const cell = (method: string, group: string): string => {
    const found = agreed.find((each) => each.method === method && each.group === group);
    if (!found) return "";
    const difference = found.ours - found.published;
    const isWithin = Math.abs(difference) <= TOLERANCE;
    const why = isWithin ? "" : ` (${(Math.abs(difference) / found.standardError).toFixed(1)} SE)`;
    return `${found.ours.toFixed(3)} / ${found.published.toFixed(3)}${why}`;
  };
  return {
    title: "Ours / FLamby's published accuracy, both scored in FLamby's way",
    headers: ["method", ...groups],
    rows: methods.map((method) => [method, ...groups.map((group) => cell(method, group))]),
    notes: [
      `Ours is the mean of ${SEEDS} seeds, FLamby's of ${PUBLISHED_SEEDS}. Where the two differ by more than ${TOLERANCE}, the difference in standard errors over seeds is given.`,
    ],
  };
}
