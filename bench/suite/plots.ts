/** Plots of a bench: Vega-Lite specifications, drawn as SVG without a browser. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { View, parse } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

export interface Plot {
  /** Names its file. */
  readonly name: string;
  readonly spec: TopLevelSpec;
}

/** One mark: `low` and `high` are the ends of its interval. */
export interface Point {
  readonly x: number | string;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  readonly series: string;
  /** The panel it belongs to; all in one where absent. */
  readonly panel?: string;
}

export interface ChartOptions {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logX?: true;
  readonly logY?: true;
}

const PANEL = { width: 260, height: 200 };
const PANELS_A_ROW = 3;
/** More lines than that are a grey area. */
const LOG_TICKS = 8;

/** Lines over a number, a colour a series, with intervals as bands. */
export function lineChart(options: ChartOptions, points: readonly Point[]): Plot {
  const x = {
    field: "x",
    type: "quantitative" as const,
    title: options.x,
    ...scaleOf(options.logX),
  };
  const y = {
    type: "quantitative" as const,
    title: options.y,
    ...scaleOf(options.logY),
  };
  const color = {
    field: "series",
    type: "nominal" as const,
    title: null,
    sort: seriesOf(points),
    legend: { labelLimit: 0, symbolOpacity: 1 },
  };
  return panels(options, points, [
    {
      transform: [{ filter: "isValid(datum.low) && isValid(datum.high)" }],
      mark: { type: "area" as const, opacity: 0.15 },
      encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
    },
    {
      mark: { type: "line" as const, point: true },
      encoding: { x, y: { ...y, field: "y" }, color },
    },
  ]);
}

/** Dots with intervals, a row a series. */
export function intervalChart(
  options: Omit<ChartOptions, "y" | "logY">,
  points: readonly Omit<Point, "x">[],
): Plot {
  const x = {
    type: "quantitative" as const,
    title: options.x,
    ...scaleOf(options.logX),
  };
  const y = {
    field: "series",
    type: "nominal" as const,
    title: null,
    sort: seriesOf(points),
    axis: { labelLimit: 0 },
  };
  return panels(options, points, [
    { mark: "rule" as const, encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" } } },
    {
      mark: { type: "point" as const, filled: true },
      encoding: { y, x: { ...x, field: "y" } },
    },
  ]);
}

/** Draws each plot to `<folder>/<name>.svg`; returns the files. */
export async function writePlots(folder: string, plots: readonly Plot[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const { name, spec } of plots) {
    const view = new View(parse(compile(spec).spec), { renderer: "none" });
    const file = join(folder, `${name}.svg`);
    await writeFile(file, await view.toSVG());
    view.finalize();
    files.push(file);
  }
  return files;
}

/** In the order in which they come. */
function seriesOf(points: readonly Omit<Point, "x">[]): string[] {
  return [...new Set(points.map(({ series }) => series))];
}

type Layers = Extract<TopLevelSpec, { layer: unknown }>["layer"];

function panels(
  { name, title }: Pick<ChartOptions, "name" | "title">,
  points: readonly Omit<Point, "x">[],
  layer: Layers,
): Plot {
  const base = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title,
    background: "white",
    data: { values: points.map((point) => ({ ...point })) },
  };
  const isOne = points.every(({ panel }) => panel === undefined);
  if (isOne) return { name, spec: { ...base, ...PANEL, layer } };
  const order = [...new Set(points.flatMap(({ panel }) => panel ?? []))];
  return {
    name,
    spec: {
      ...base,
      facet: { field: "panel", type: "nominal", title: null, sort: order },
      columns: PANELS_A_ROW,
      spec: { ...PANEL, layer },
    },
  };
}

function scaleOf(isLog: true | undefined) {
  if (!isLog) return { scale: { type: "linear" as const, zero: false } };
  // Powers of ten with SI prefixes: 1 M.
  return { scale: { type: "log" as const }, axis: { format: "~s", tickCount: LOG_TICKS } };
}
