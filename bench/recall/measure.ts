/** One collection, by every router that fits it, and by the stop rule. */
import type { BenchContext, PartReport, Table } from "../suite/bench.ts";
import type { Collection } from "./collection.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { measureOriginBytes } from "./origin-bytes.ts";
import { costTable, plotsOf, recallTable, stopTable, type Measured } from "./report.ts";
import type { Router } from "./router.ts";
import { bucketRouter } from "./routers/bucket.ts";
import { CENTRAL_EXACT } from "./routers/central.ts";
import { CENTROIDS } from "./routers/centroid.ts";
import { meshRouter } from "./routers/mesh.ts";
import { BITS_A_SYMBOL, oneBitRouter } from "./routers/one-bit.ts";
import { ORACLE } from "./routers/oracle.ts";
import { RANDOM_CHOICE } from "./routers/random.ts";
import { scanRouter } from "./routers/scan.ts";
import { MOST_ORIGINS, evaluateStop, type StopFigures, type StoppingMesh } from "./stop-rule.ts";
import { findTruths } from "./truth.ts";

const BANDS = 64;
/** More than any band's bucket holds, and requests enough for a node a band: bands know no bound. */
const UNBOUNDED = { candidates: 5000, branches: 1, requests: 1000 };
const ONE_BIT = "one-bit signatures of that size, every one compared";
/** How far values are coarsened for exact matching: as in `Feature.coarsen`. */
const COARSENESS = [0.25, 0.5, 0.75];

/** The domain's own settings first: of them the goals speak. */
export const OWN_SETTINGS: StoppingMesh = { name: "mesh", settings: {} };

export interface MeasureOptions {
  /** Other signature settings to try beside the domain's own. */
  readonly variants: readonly StoppingMesh[];
  /** Symbols that make a band; no bands where absent. */
  readonly bandDepth?: number;
  readonly others?: readonly Router[];
}

export async function measureCollection(
  context: BenchContext,
  collection: Collection,
  options: MeasureOptions,
): Promise<Measured> {
  const truths = await findTruths(collection, context);
  const meshes = [OWN_SETTINGS, ...options.variants];
  const evaluations: Evaluation[] = [];
  for (const router of routersFor(collection, meshes, options)) {
    evaluations.push(await evaluate(context, collection, truths, router));
  }
  const stops: StopFigures[] = [];
  for (const mesh of meshes) {
    for (const most of mostOriginsFor(collection)) {
      stops.push(await evaluateStop(context, collection, truths, mesh, most));
    }
  }
  const originBytes = await measureOriginBytes(context, collection, truths);
  return { collection, evaluations, stops, originBytes };
}

function mostOriginsFor({ organisations }: Collection): number[] {
  return [...new Set(MOST_ORIGINS.map((most) => Math.min(most, organisations)))];
}

function routersFor(
  { compiled }: Collection,
  meshes: readonly StoppingMesh[],
  { bandDepth, others = [] }: MeasureOptions,
): Router[] {
  const { features, signature } = compiled.domain;
  // The symbol of a vector is one of two: it has one bit as it is.
  const oneBit = features.every(({ kind }) => kind === "vector")
    ? scanRouter(ONE_BIT, { symbols: BITS_A_SYMBOL * signature.symbols })
    : oneBitRouter(ONE_BIT);
  const { requests, ...bounds } = UNBOUNDED;
  return [
    ...meshes.map(({ name, settings }) => meshRouter(name, { settings })),
    scanRouter("every signature compared"),
    oneBit,
    ...(bandDepth === undefined
      ? []
      : [
          meshRouter(`${BANDS} bands of ${bandDepth}`, {
            settings: { ...bounds, trees: BANDS, rootDepth: bandDepth },
            requests,
          }),
        ]),
    ...COARSENESS.map((coarseness) =>
      bucketRouter(`exact-match bucket, coarseness ${coarseness}`, coarseness),
    ),
    CENTROIDS,
    RANDOM_CHOICE,
    CENTRAL_EXACT,
    ...others,
    ORACLE,
  ];
}

export function reportOn(measured: readonly Measured[], goals: readonly Table[] = []): PartReport {
  return {
    figures: measured.map(({ collection, evaluations, stops, originBytes }) => ({
      collection: collection.name,
      organisations: collection.organisations,
      records: collection.records.length,
      queries: collection.queries.length,
      settings: collection.compiled.domain.signature,
      evaluations,
      stops,
      originBytes,
    })),
    tables: [
      ...goals,
      ...measured.flatMap((each) => [
        recallTable(each, "recall10"),
        recallTable(each, "recall1"),
        costTable(each),
        stopTable(each),
      ]),
    ],
    plots: measured.flatMap(plotsOf),
  };
}
