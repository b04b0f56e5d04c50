/** Tables and plots of one collection. */
import type { Table } from "../suite/bench.ts";
import { lineChart, type Plot, type Point } from "../suite/plots.ts";
import type { Collection } from "./collection.ts";
import type { Estimate, Evaluation, RecallAt } from "./evaluate.ts";
import type { OriginBytes } from "./origin-bytes.ts";
import type { StopFigures } from "./stop-rule.ts";

export interface Measured {
  readonly collection: Collection;
  readonly evaluations: readonly Evaluation[];
  readonly stops: readonly StopFigures[];
  readonly originBytes: OriginBytes;
}

export function recallTable(
  { collection, evaluations }: Measured,
  which: "recall1" | "recall10",
): Table {
  const counts = evaluations[0]?.curve.map(({ origins }) => origins) ?? [];
  return {
    title: `${titleOf(collection)}: ${which === "recall1" ? "recall@1" : "recall@10"} against origins asked`,
    headers: ["", ...counts.map(String)],
    rows: evaluations.map(({ name, curve }) => [
      name,
      ...curve.map((at) => at[which].value.toFixed(3)),
    ]),
  };
}

export function costTable({ collection, evaluations, originBytes }: Measured): Table {
  const { organisations } = collection;
  const compared = evaluations[0]?.compared.origins ?? 0;
  const broadcast = broadcastOf(collection);
  return {
    title: `${titleOf(collection)}: at ${compared} origins, with 95 % intervals`,
    headers: [
      "",
      "recall@10",
      "recall@1",
      "lookups (most)",
      "nodes asked",
      "rows scanned",
      "origins asked",
      "kB",
      "messages",
      "times fewer than broadcast",
    ],
    rows: [
      ...evaluations.map(({ name, compared: at, cost }) => {
        const bytes =
          cost.bytes === undefined ? undefined : cost.bytes + at.asked * originBytes.found;
        const messages = cost.lookups + at.asked;
        return [
          name,
          withInterval(at.recall10),
          withInterval(at.recall1),
          `${short(cost.lookups)} (${cost.mostLookups})`,
          short(cost.nodesAsked),
          cost.rowsScanned === undefined ? "" : whole(cost.rowsScanned),
          short(at.asked),
          bytes === undefined ? "" : whole(bytes / 1000),
          short(messages),
          short(broadcast / messages),
        ];
      }),
      [
        "broadcast to all",
        "1.000",
        "1.000",
        "0 (0)",
        "0",
        "",
        String(broadcast),
        whole((broadcast * originBytes.any) / 1000),
        String(broadcast),
        "1.0",
      ],
    ],
    notes: [
      `Means over ${collection.queries.length} queries. Rows are counted at every node that compared them, replicas among them; ${collection.records.length} are there.`,
      `Messages: lookups and origins asked; an answer belongs to its request. kB: lookups as encoded, and ${whole(originBytes.found)} bytes an origin (${whole(originBytes.any)} where any is asked); empty where how it would be encoded is not said.`,
      `Broadcast asks all ${organisations} but the asker.`,
    ],
  };
}

export function stopTable({ collection, stops }: Measured): Table {
  return {
    title: `${titleOf(collection)}: asking until the stop rule says so`,
    headers: [
      "",
      "origins at most",
      "recall@10",
      "whole answer",
      "origins asked",
      "95 % ask at most",
      "lookups",
      "messages",
    ],
    rows: stops.map((stop) => [
      stop.mesh,
      String(stop.mostOrigins),
      withInterval(stop.recall10),
      stop.complete.toFixed(3),
      `${stop.asked.value.toFixed(1)} [${stop.asked.low.toFixed(1)}, ${stop.asked.high.toFixed(1)}]`,
      String(stop.askedBy95),
      stop.lookups.toFixed(1),
      (stop.asked.value + stop.lookups).toFixed(1),
    ]),
    notes: ["Whole answer: share of queries of which all ten were found."],
  };
}

export function plotsOf({ collection, evaluations }: Measured): Plot[] {
  const name = collection.name.replaceAll(/[^a-z0-9]+/g, "-");
  const points = (x: (at: RecallAt, evaluation: Evaluation) => number): Point[] =>
    evaluations.flatMap((evaluation) =>
      evaluation.curve.map((at) => ({
        x: x(at, evaluation),
        y: at.recall10.value,
        low: at.recall10.low,
        high: at.recall10.high,
        series: evaluation.name,
      })),
    );
  const broadcast = { x: broadcastOf(collection), y: 1, series: "broadcast to all" };
  return [
    lineChart(
      {
        name: `${name}-origins`,
        title: titleOf(collection),
        x: "origins asked",
        y: "recall@10",
        logX: true,
      },
      points(({ origins }) => origins),
    ),
    lineChart(
      {
        name: `${name}-messages`,
        title: titleOf(collection),
        x: "messages a query: lookups and origins",
        y: "recall@10",
        logX: true,
      },
      [...points(({ origins }, { cost }) => cost.lookups + origins), broadcast],
    ),
  ];
}

export function broadcastOf({ organisations }: Collection): number {
  return organisations - 1;
}

export function withInterval({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function titleOf({ name, organisations, records }: Collection): string {
  return `${name}: ${whole(records.length)} records of ${whole(organisations)} organisations`;
}

function short(value: number): string {
  return value.toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
