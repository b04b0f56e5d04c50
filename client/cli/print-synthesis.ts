/** A synthesis for people. */
import type { Synthesis } from "../synthesis/index.ts";
import { formatTable, printable } from "./table.ts";

type Intervention = Synthesis["interventions"][number];
type Pooled = NonNullable<Intervention["estimate"]>;

/** An estimate's cells: the value, its interval, and the range of the origins' own estimates. */
type EstimateCells = readonly [value: string, interval: string, spread: string];

/** One row an intervention; one a value where the result is categorical. */
export function formatSynthesis(synthesis: Synthesis): string {
  const { result, interventions, level, outcomes, withoutIntervention } = synthesis;
  const headers = [
    synthesis.intervention,
    "outcomes",
    "organisations",
    headerOf(result),
    `${level * 100} % interval`,
    "by organisation",
  ];
  const rows = interventions.flatMap((group) =>
    cellsOf(group, result.unit).map((cells, i) =>
      i === 0
        ? [String(group.intervention), String(group.support), String(group.origins), ...cells]
        : ["", "", "", ...cells],
    ),
  );
  const left = leftOut(interventions, withoutIntervention);
  return [
    `Synthesis of ${outcomes} ${outcomes === 1 ? "outcome" : "outcomes"}, weighted by similarity`,
    ...(rows.length > 0 ? [formatTable(headers, rows)] : []),
    ...(left === "" ? [] : [`Not counted: ${left}`]),
  ].join("\n");
}

function headerOf({ name, kind, unit, better }: Synthesis["result"]): string {
  const notes = [
    ...(unit === undefined ? [] : [printable(unit)]),
    ...(kind === "ordinal" ? ["mean rank"] : []),
    ...(better === undefined ? [] : [`better: ${better}`]),
  ];
  return notes.length > 0 ? `${name} (${notes.join("; ")})` : name;
}

function cellsOf({ estimate }: Intervention, unit: string | undefined): readonly EstimateCells[] {
  if (!estimate) return [["no result", "", ""]];
  const suffix = unit === undefined ? "" : ` ${unit}`;
  switch (estimate.kind) {
    case "binary":
      return [rowOf(percent(estimate.value), estimate, percent)];
    case "numeric":
      return [rowOf(`${number(estimate.value)}${suffix}`, estimate, number)];
    case "ordinal":
      return [rowOf(`${number(estimate.value)} (${estimate.nearest})`, estimate, number)];
    case "categorical":
      return estimate.shares.map((share) =>
        rowOf(`${share.value} ${percent(share.share)}`, share, percent),
      );
  }
}

function rowOf(
  value: string,
  { interval, spread }: Pick<Exclude<Pooled, { kind: "categorical" }>, "interval" | "spread">,
  format: (value: number) => string,
): EstimateCells {
  return [
    value,
    interval ? `${format(interval.lower)} to ${format(interval.upper)}` : "too few to say",
    spread.min === spread.max
      ? format(spread.min)
      : `${format(spread.min)} to ${format(spread.max)}`,
  ];
}

function leftOut(interventions: readonly Intervention[], withoutIntervention: number): string {
  const sum = (of: "missing" | "weightless"): number =>
    interventions.reduce((total, group) => total + group[of], 0);
  return [
    { count: withoutIntervention, what: "without an intervention" },
    { count: sum("missing"), what: "without a result" },
    { count: sum("weightless"), what: "not similar at all" },
  ]
    .filter(({ count }) => count > 0)
    .map(({ count, what }) => `${count} ${what}`)
    .join(", ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Three significant digits, without an exponent where it is not needed. */
function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}
