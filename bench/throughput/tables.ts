/** How figures of this bench are written. */
import type { Table } from "../suite/bench.ts";
import type { Figure } from "./rounds.ts";

export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export function goalTable(goals: readonly Goal[]): Table {
  return {
    title: "Goals",
    headers: ["goal", "measured", "met"],
    rows: goals.map(({ goal, measured, isMet }) => [goal, measured, isMet ? "yes" : "no"]),
  };
}

/** Requests a second, p50 and p99 in milliseconds. */
export function perSecond(figure: Figure | undefined): string {
  if (!figure) return "";
  const { perSecond: rate, p50, p99 } = figure;
  return `${rate.toFixed(0)} (${p50.toFixed(1)}, ${p99.toFixed(1)})`;
}

export function ratio(of: { median: number; least: number; most: number }): string {
  return `${of.median.toFixed(2)} [${of.least.toFixed(2)}, ${of.most.toFixed(2)}]`;
}
