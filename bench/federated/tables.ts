/** The tables of part `accuracy`. */
import type { Table } from "../suite/bench.ts";
import type { GroupScores } from "./compare.ts";
import type { Method } from "./methods.ts";
import type { Measure, Score } from "./scores.ts";

/** With fewer rows of one outcome, resampling says nothing of balanced accuracy. */
const FEWEST = 5;

const NOISE_NOTE = `\`+\` the mesh is better than this, \`-\` worse, each beyond noise: the 95 % interval of the paired difference does not hold 0. \`=\` within noise. \`?\` not to be told: fewer than ${FEWEST} test rows of one outcome.`;

export function pooledTable(group: GroupScores): Table {
  const { methods, rows } = group;
  return {
    title: `All ${rows} test rows`,
    headers: ["method", "accuracy", "balanced accuracy", "AUC", "mesh ahead by (accuracy)"],
    rows: methods.map(({ method, scores: { accuracy, balancedAccuracy, auc } }, i) => [
      method.name,
      withInterval(accuracy),
      withInterval(balancedAccuracy),
      withInterval(auc),
      i === 0 ? "" : `${ahead(accuracy)} ${markOf(accuracy, "accuracy", group)}`,
    ]),
    notes: [NOISE_NOTE],
  };
}

export function centreTable(
  title: string,
  measure: Measure,
  groups: readonly GroupScores[],
): Table {
  const methods = groups[0]?.methods ?? [];
  return {
    title,
    headers: ["method", ...groups.map(({ group, rows }) => `${group} (${rows})`)],
    rows: methods.map(({ method }, i) => [
      method.name,
      ...groups.map((group) => {
        const score = group.methods[i]?.scores[measure];
        if (!score) return "";
        return i === 0
          ? score.value.toFixed(3)
          : `${score.value.toFixed(3)} ${markOf(score, measure, group)}`;
      }),
    ]),
    notes: [NOISE_NOTE],
  };
}

/** Rivals in the order of the table's columns: each is the best of its sort on these very test rows. */
const RIVALS: readonly (readonly [string, (method: Method) => boolean])[] = [
  [
    "federated, as FLamby runs it",
    ({ kind, scaling }) => kind === "federated" && scaling === "own",
  ],
  ["centralised", ({ kind }) => kind === "central"],
  [
    "federated, shared scaling",
    ({ kind, scaling }) => kind === "federated" && scaling === "shared",
  ],
  ["own rows alone", ({ kind }) => kind === "own"],
];

/** The mesh against the best of each sort of rival, and whether the difference says anything. */
export function goalTable(groups: readonly GroupScores[]): Table {
  const rows = groups.flatMap((group) =>
    (["accuracy", "balancedAccuracy"] as const).map((measure) => {
      const value = group.methods[0]?.scores[measure].value ?? NaN;
      return [
        group.group,
        measure === "accuracy" ? "accuracy" : "balanced accuracy",
        value.toFixed(3),
        ...RIVALS.map(([, isRival]) => {
          const rival = bestOf(group, measure, isRival);
          if (!rival) return "";
          const mark = markOf(rival.score, measure, group);
          const figure = `${rival.score.value.toFixed(3)} ${rival.method.name.replace(", shared scaling", "")}`;
          return `${figure}: ${verdict(value - rival.score.value, mark)}`;
        }),
      ];
    }),
  );
  return {
    title: "The mesh against the best of each sort",
    headers: ["test rows", "measure", "mesh", ...RIVALS.map(([name]) => name)],
    rows,
    notes: [
      "Above, below: the mesh. Each best is picked by its result on these very test rows, which flatters it.",
    ],
  };
}

/** Differences below this are rounding. */
const EQUAL = 5e-4;

function verdict(difference: number, mark: string): string {
  if (Math.abs(difference) < EQUAL) return "equal";
  const side = difference > 0 ? "above" : "below";
  if (mark === "=") return `${side}, within noise`;
  return mark === "?" ? `${side}, not to be told` : side;
}

function bestOf(group: GroupScores, measure: Measure, isRival: (method: Method) => boolean) {
  return group.methods
    .filter(({ method }) => isRival(method))
    .map(({ method, scores }) => ({ method, score: scores[measure] }))
    .toSorted((a, b) => b.score.value - a.score.value)[0];
}

function markOf(
  { behindReference: { low, high } }: Score,
  measure: Measure,
  { fewest }: GroupScores,
): "+" | "-" | "=" | "?" {
  if (measure !== "accuracy" && fewest < FEWEST) return "?";
  if (low > 0) return "+";
  return high < 0 ? "-" : "=";
}

function ahead({ behindReference: { value, low, high } }: Score): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function withInterval({ value, interval: { low, high } }: Score): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
