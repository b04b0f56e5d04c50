/** Part `bytes`: what the mesh sends for a query beside what federated training sends, and where the two meet. */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import { sizeOfDescriptor } from "../mesh/descriptor-size.ts";
import { simulate } from "../mesh/simulate.ts";
import type { BenchContext, PartReport, Table } from "../suite/bench.ts";
import { lineChart } from "../suite/plots.ts";
import { formatBytes } from "../suite/units.ts";
import { readHeartRows, type HeartRows } from "./rows.ts";
import { TASKS, heartBytes, trainingBytes, type FederatedTask } from "./training-bytes.ts";
import { measureWire, type WireFigures } from "./wire.ts";

/** As the example asks. */
const K = 10;
const QUERIES = 30;
const SIMULATED_MINUTES = 20;
/** Beside the numbers of clients that the tasks have. */
const LARGER = [100];
/** Gossip goes on whether anyone asks or not: queries are counted over so many days. */
const DAYS = [1, 30];
const MINUTES_A_DAY = 1440;

const wireSchema = z.object({
  organisations: z.number(),
  publication: z.number(),
  query: z.object({
    bytes: z.number(),
    lookupRequests: z.number(),
    originRequests: z.number(),
    bytesPerOrigin: z.number(),
  }),
});
type MeshBytes = WireFigures & { readonly gossipPerNodeMinute: number };

export async function compareBytes(context: BenchContext): Promise<PartReport> {
  const sizes = [...new Set([...TASKS.map(({ clients }) => clients), ...LARGER])].toSorted(
    (a, b) => a - b,
  );
  const heart = await readHeartRows(context.data);
  const meshes: MeshBytes[] = [];
  for (const [i, size] of sizes.entries()) {
    context.progress.report("making and counting messages", i + 1, sizes.length);
    meshes.push(await measureMesh(context, heart, size));
  }
  const rows = TASKS.flatMap((task) => {
    const mesh = meshes.find(({ organisations }) => organisations === task.clients);
    return mesh ? [{ task, mesh, training: trainingBytes(task) }] : [];
  });
  return {
    figures: {
      meshes,
      tasks: rows.map(({ task, mesh, training }) => ({
        ...task,
        training,
        meetsAfterQueries: Object.fromEntries(
          DAYS.map((days) => [
            days,
            Object.fromEntries(
              Object.entries(training).map(([kind, bytes]) => [
                kind,
                queriesFor(bytes, mesh, days),
              ]),
            ),
          ]),
        ),
      })),
    },
    tables: [
      heartTable(heart, meshes),
      meshTable(meshes),
      trainingTable(rows),
      ...DAYS.map((days) => meetingTable(rows, days)),
    ],
    plots: [
      lineChart(
        {
          name: "bytes",
          title: `Bytes over 30 days: a mesh of ten organisations, and training once among ten`,
          x: "queries",
          y: "bytes",
          logX: true,
          logY: true,
        },
        chartPoints(rows),
      ),
    ],
  };
}

/** Queries that a mesh answers in `days` with as many bytes; 0 where its gossip alone takes more. */
export function queriesFor(bytes: number, mesh: MeshBytes, days: number): number {
  return Math.max(0, Math.floor((bytes - standingBytes(mesh, days)) / mesh.query.bytes));
}

function standingBytes(mesh: MeshBytes, days: number): number {
  return mesh.publication + days * gossipPerDay(mesh);
}

function gossipPerDay({ organisations, gossipPerNodeMinute }: MeshBytes): number {
  return gossipPerNodeMinute * organisations * MINUTES_A_DAY;
}

async function measureMesh(
  context: BenchContext,
  heart: HeartRows,
  organisations: number,
): Promise<MeshBytes> {
  const { cells, seed } = context;
  const wire = await cells.get(
    { cell: "wire", data: heart.digest, seed, organisations },
    wireSchema,
    () => {
      const random = seededRandom(`wire ${seed} ${organisations}`);
      const queries = heart.test.map((row, i) => ({
        row,
        profile: heart.raw.test[i]?.profile ?? {},
      }));
      return measureWire({
        compiled: heart.compiled,
        organisations,
        records: random.sample(heart.train, heart.train.length),
        queries: random.sample(queries, QUERIES),
        k: K,
        random,
      });
    },
  );
  const gossip = await cells.get({ cell: "gossip", seed, organisations }, z.number(), async () => {
    const report = await simulate({
      nodes: organisations,
      minutes: SIMULATED_MINUTES,
      churnPerHour: 0,
      seed,
      descriptorBytes: await sizeOfDescriptor(),
      onProgress: () => undefined,
    });
    return report.gossip.bytes;
  });
  return { ...wire, gossipPerNodeMinute: gossip };
}

interface TaskRow {
  readonly task: FederatedTask;
  readonly mesh: MeshBytes;
  readonly training: ReturnType<typeof trainingBytes>;
}

/** Of the comparison in part `accuracy`. */
function heartTable({ train, test, centres }: HeartRows, meshes: readonly MeshBytes[]): Table {
  const [task] = TASKS;
  const mesh = meshes.find(({ organisations }) => organisations === centres.length);
  const features = train[0]?.x.length ?? 0;
  const models = task ? heartBytes(task, { rows: train.length, features }) : [];
  const ours: readonly (readonly [string, number])[] = mesh
    ? [
        ["mesh: publication, once", mesh.publication],
        [`mesh: ${test.length} queries`, test.length * mesh.query.bytes],
        ["mesh: gossip a day, whatever is asked, for all domains", gossipPerDay(mesh)],
      ]
    : [];
  return {
    title: "Heart disease at four hospitals: bytes between organisations",
    headers: ["method", "bytes"],
    rows: [...models, ...ours].map(([name, bytes]) => [name, formatBytes(bytes)]),
  };
}

function meshTable(meshes: readonly MeshBytes[]): Table {
  return {
    title: "The mesh's bytes, heart-disease rows dealt to so many organisations",
    headers: [
      "organisations",
      "a query",
      "lookup requests",
      "origins asked",
      "one origin",
      "publishing 486 records",
      "gossip a day, all nodes",
    ],
    rows: meshes.map((mesh) => [
      String(mesh.organisations),
      formatBytes(mesh.query.bytes),
      mesh.query.lookupRequests.toFixed(1),
      mesh.query.originRequests.toFixed(1),
      formatBytes(mesh.query.bytesPerOrigin),
      formatBytes(mesh.publication),
      formatBytes(gossipPerDay(mesh)),
    ]),
    notes: [
      "Every origin found is asked, up to 24; the stop rule, which would leave some out, is not counted on.",
    ],
  };
}

function trainingTable(rows: readonly TaskRow[]): Table {
  return {
    title: "Federated training's bytes, once",
    headers: ["task", "parameters", "clients x rounds", "32-bit", "8-bit", "sparse", "one-shot"],
    rows: rows.map(({ task, training }) => [
      task.name,
      task.parameters.toLocaleString("en"),
      `${task.clients} x ${task.rounds}`,
      ...Object.values(training).map((bytes) => formatBytes(bytes)),
    ]),
    notes: ["A hundred rounds and ten clients for the last four are an assumption."],
  };
}

function meetingTable(rows: readonly TaskRow[], days: number): Table {
  const period = days === 1 ? "a day" : `${days} days`;
  return {
    title: `Queries within ${period} at which the mesh has sent as much as one training`,
    headers: ["task", "against 32-bit", "8-bit", "sparse", "one-shot"],
    rows: rows.map(({ task, mesh, training }) => [
      task.name,
      ...Object.values(training).map((bytes) => {
        const queries = queriesFor(bytes, mesh, days);
        return queries === 0 ? "training sends less" : queries.toLocaleString("en");
      }),
    ]),
    notes: ["Publication and gossip are counted before the first query."],
  };
}

const CHART_QUERIES = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

function chartPoints(rows: readonly TaskRow[]) {
  const tens = rows.filter(({ task }) => task.clients === 10);
  const [first] = tens;
  if (!first) return [];
  const days = Math.max(...DAYS);
  return CHART_QUERIES.flatMap((x) => [
    { x, y: standingBytes(first.mesh, days) + x * first.mesh.query.bytes, series: "mesh" },
    ...tens.flatMap(({ task, training }) => [
      { x, y: training.plain, series: task.name },
      { x, y: training.sparse, series: `${task.name}, sparse` },
    ]),
  ]);
}
