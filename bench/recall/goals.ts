/** What the mesh should reach, beside what it does. */
import type { Table } from "../suite/bench.ts";
import type { Evaluation } from "./evaluate.ts";
import { broadcastOf, withInterval, type Measured } from "./report.ts";

/** "At most so many lookup requests". */
const LOOKUPS_GOAL = 24;
const MESSAGES_GOAL = 20;
const STOP_GOAL = { recall10: 0.99, origins: 40 };

/** `recallGoal` at as many origins as are compared; `hasStopGoal` where the stop rule has a goal too. */
export function goalTable(
  { collection, evaluations, stops }: Measured,
  recallGoal: number,
  hasStopGoal: boolean,
): Table {
  const [mesh] = evaluations;
  if (!mesh) throw new Error("the mesh is measured first");
  const { compared, cost } = mesh;
  const messages = cost.lookups + compared.asked;
  const factor = broadcastOf(collection) / messages;
  const others = evaluations.filter(({ name }) => /bucket|random/.test(name));
  const rows = [
    [
      `recall@10 at ${compared.origins} origins`,
      `>= ${recallGoal}`,
      withInterval(compared.recall10),
      verdict(compared.recall10.value >= recallGoal),
    ],
    [
      "lookup requests",
      `<= ${LOOKUPS_GOAL}`,
      `mean ${cost.lookups.toFixed(1)}, most ${cost.mostLookups}`,
      verdict(cost.mostLookups <= LOOKUPS_GOAL),
    ],
    [
      "times fewer messages than broadcast, at that recall",
      `>= ${MESSAGES_GOAL}`,
      factor.toFixed(1),
      verdict(factor >= MESSAGES_GOAL && compared.recall10.value >= recallGoal),
    ],
    ...(hasStopGoal
      ? stops
          .filter((stop) => stop.mesh === mesh.name)
          .map((stop) => [
            `recall@10 by the stop rule, ${stop.mostOrigins} origins at most`,
            `>= ${STOP_GOAL.recall10} at <= ${STOP_GOAL.origins} on average`,
            `${withInterval(stop.recall10)} at ${stop.asked.value.toFixed(1)}`,
            verdict(
              stop.recall10.value >= STOP_GOAL.recall10 && stop.asked.value <= STOP_GOAL.origins,
            ),
          ])
      : []),
    ...others.map((other) => [`${other.name}: recall@10`, "shown", recallOf(other), ""]),
  ];
  return {
    title: `${collection.name}: goals, with the domain's own settings`,
    headers: ["", "goal", "measured", ""],
    rows,
  };
}

function recallOf({ compared }: Evaluation): string {
  return `${withInterval(compared.recall10)} at ${compared.asked.toFixed(1)} origins`;
}

function verdict(isMet: boolean): string {
  return isMet ? "met" : "not met";
}
