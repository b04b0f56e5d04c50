/**
 * Part `small`: a group of 1 to 50 cases whose outcome follows a rule of its own, spread over eight centres among all
 * real rows. Its members are real rows with four findings set to a combination that hardly any row has, and that in
 * everyone else speaks for disease; in the group none has it. Is that found and used, or averaged away?
 */
import { z } from "zod";
import type { HeartRow } from "../../examples/heart-disease.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import { interval95, mean } from "../suite/bootstrap.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { lineChart } from "../suite/plots.ts";
import { CENTRALISED, OWN_MODEL, STRATEGIES, federated, meshVote, ownVote } from "./methods.ts";
import { DEFAULT_VOTE, nearest } from "./neighbours.ts";
import { encodeRow, makeTask, readHeartRows, type HeartRows, type Task } from "./rows.ts";

const SIZES = [1, 2, 3, 5, 8, 13, 20, 30, 50];
const DRAWS = 10;
const CENTRES = Array.from({ length: 8 }, (_, i) => `centre-${i + 1}`);
/** New members that ask. */
const ASKERS = 40;
/** Set in every member; `stDepression` varies a little around it. */
const FINDINGS = { exerciseAngina: 1, fastingBloodSugar: 1, restingEcg: 1, stDepression: 4.4 };
const ST_SPREAD = 0.3;

const METHODS = [
  meshVote("mesh, k = 10", DEFAULT_VOTE),
  meshVote("mesh, k = 3", { ...DEFAULT_VOTE, k: 3 }),
  ownVote("own outcomes, k = 10"),
  OWN_MODEL,
  CENTRALISED,
  ...STRATEGIES.filter(({ name }) => name === "FedAvg" || name === "FedAdagrad").map((strategy) =>
    federated(strategy, "shared"),
  ),
];

const cellSchema = z.object({
  /** Share of the group's askers whose most similar outcome is a member's. */
  nearestIsMember: z.number(),
  /** Mean share of the members, or of ten where there are more, among the ten most similar. */
  found: z.number(),
  /** Per method, share of the group's askers that are told the truth. */
  accuracy: z.record(z.string(), z.number()),
});
type Cell = z.infer<typeof cellSchema>;

export async function compareSmall({
  data,
  cells,
  progress,
  seed,
}: BenchContext): Promise<PartReport> {
  const heart = await readHeartRows(data);
  const results: { size: number; cells: Cell[] }[] = [];
  for (const [i, size] of SIZES.entries()) {
    progress.report("hiding small groups", i + 1, SIZES.length);
    const drawn: Cell[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const key = { cell: "small", data: heart.digest, seed, size, draw };
      drawn.push(await cells.get(key, cellSchema, () => runCell(heart, size, JSON.stringify(key))));
    }
    results.push({ size, cells: drawn });
  }
  const over = (list: readonly Cell[], of: (cell: Cell) => number): string =>
    mean(list.map(of)).toFixed(2);
  return {
    figures: results.map(({ size, cells: list }) => ({
      size,
      nearestIsMember: mean(list.map(({ nearestIsMember }) => nearestIsMember)),
      found: mean(list.map(({ found }) => found)),
      accuracy: Object.fromEntries(
        METHODS.map(({ name }) => {
          const values = list.map(({ accuracy }) => accuracy[name] ?? NaN);
          return [name, { value: mean(values), ...interval95(values) }];
        }),
      ),
    })),
    tables: [
      {
        title: "A group of N cases over eight centres with an outcome rule of its own",
        headers: ["", ...SIZES.map((size) => `N = ${size}`)],
        rows: [
          [
            "most similar outcome is a member's",
            ...results.map(({ cells: list }) => over(list, (cell) => cell.nearestIsMember)),
          ],
          [
            "members among the ten shown",
            ...results.map(({ cells: list }) => over(list, (cell) => cell.found)),
          ],
          ...METHODS.map(({ name }) => [
            `right: ${name}`,
            ...results.map(({ cells: list }) => over(list, (cell) => cell.accuracy[name] ?? NaN)),
          ]),
        ],
        notes: [
          `Means over ${DRAWS} draws of ${ASKERS} new members that ask, among all 740 real rows. "Among the ten shown": of the N members, or of ten where there are more.`,
        ],
      },
    ],
    plots: [
      lineChart(
        {
          name: "small",
          title: "A small group with an outcome rule of its own",
          x: "cases in all eight centres",
          y: "share of its askers told the truth",
          logX: true,
        },
        results.flatMap(({ size, cells: list }) =>
          METHODS.map(({ name }) => {
            const values = list.map(({ accuracy }) => accuracy[name] ?? NaN);
            return { x: size, y: mean(values), ...interval95(values), series: name };
          }),
        ),
      ),
    ],
  };
}

function runCell(heart: HeartRows, size: number, seed: string): Cell {
  const { task, members } = hide(heart, size, seededRandom(seed));
  const near = task.similarities().map((scores) => nearest(scores, DEFAULT_VOTE.k, () => true));
  const most = Math.min(size, DEFAULT_VOTE.k);
  return {
    nearestIsMember: mean(near.map(([first = -1]) => (members.has(first) ? 1 : 0))),
    found: mean(near.map((list) => list.filter((row) => members.has(row)).length / most)),
    accuracy: Object.fromEntries(
      METHODS.map((method) => {
        const scores = method.predict(task, seededRandom(`${seed} ${method.name}`));
        return [method.name, mean(scores.map((score) => (score < 0.5 ? 1 : 0)))];
      }),
    ),
  };
}

/** The group's askers as test rows, and which training rows are members. */
export function hide(
  heart: HeartRows,
  size: number,
  random: Random,
): { task: Task; members: ReadonlySet<number> } {
  const real = random.sample([...heart.raw.train, ...heart.raw.test], Infinity);
  const encoded = real.map((row, i) => ({
    ...encodeRow(heart.compiled, row),
    centre: CENTRES[i % CENTRES.length] ?? "",
  }));
  const member = (row: HeartRow, i: number) => {
    const profile = {
      ...row.profile,
      ...FINDINGS,
      stDepression: FINDINGS.stDepression + random.normal(0, ST_SPREAD),
    };
    return {
      ...encodeRow(heart.compiled, { ...row, profile, disease: 0 }),
      centre: CENTRES[i % CENTRES.length] ?? "",
    };
  };
  const drawn = random.sample(real, size + ASKERS).map(member);
  const train = [...encoded, ...drawn.slice(0, size)];
  const task = makeTask({
    compiled: heart.compiled,
    train,
    test: drawn.slice(size),
    centres: CENTRES,
  });
  return {
    task,
    members: new Set([...train.keys()].filter((i) => i >= encoded.length)),
  };
}
