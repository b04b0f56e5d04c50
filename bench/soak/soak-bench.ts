/** `npm run bench -- soak`: a mesh under mixed load for a while, with link drops and sources that change. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { z } from "zod";
import { numberWithin, jsonOption } from "../../client/cli/options.ts";
import { printJson, printText } from "../../client/cli/output.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import { statusReportSchema } from "../../origin/index.ts";
import { compareAll, type Agreement } from "./agreement.ts";
import { dropOne, type Drop } from "./drops.ts";
import { Incidents } from "./incidents.ts";
import { askAll, newCounts, operate, type Held, type OperatorCounts } from "./load.ts";
import { drawRecord } from "./people.ts";
import { MemoryWatch, type MemoryReport } from "./memory.ts";
import {
  DEPOSITOR,
  FILE,
  GUARDED,
  SLUGS,
  startSoakMesh,
  TABLE,
  type SoakMesh,
} from "./soak-mesh.ts";
import { changingFile, changingTable, type ChangingSource } from "./sources.ts";

const MAIN = join(import.meta.dirname, "../../client/cli/main.ts");
const MINUTE_MS = 60_000;
const ASK_PAUSE_MS = 300;
const OPERATE_PAUSE_MS = 500;
const SOURCE_PAUSE_MS = 2_000;
const DROP_PAUSE_MS = 15_000;
/** Loaded before it begins. */
const RECORDS = 300;
const SAMPLE_MS = 5_000;
/** What failed while a node was away is sent again after 5 minutes at most. */
const SETTLE_MS = 360_000;

interface SoakOptions {
  readonly minutes: number;
  readonly seed: string;
  readonly json?: true;
}

interface SoakReport {
  readonly bench: "soak";
  readonly seed: string;
  readonly minutes: number;
  readonly queries: Record<string, number>;
  readonly origins: Readonly<Record<string, number>>;
  readonly operators: Record<string, { deposits: number; withdrawals: number }>;
  readonly sourceChanges: Record<string, number>;
  readonly drops: readonly Drop[];
  readonly settledMs: number;
  readonly agreement: Agreement;
  readonly audit: Record<string, unknown>;
  readonly memory: readonly MemoryReport[];
  readonly incidents: ReturnType<Incidents["report"]>;
}

export function soakBench(): Command {
  return new Command("soak")
    .description(
      "Run a mesh of four organisations under queries, deposits, withdrawals and changing sources, and cut links and kill Workers meanwhile. Exit code 1 where anything is left unexplained.",
    )
    .option("--minutes <n>", "how long", numberWithin(0.1, 10_000), 15)
    .option("--seed <text>", "seed of everything drawn", "1")
    .addOption(jsonOption())
    .action(run);
}

async function run({ minutes, seed, json }: SoakOptions): Promise<void> {
  const incidents = new Incidents();
  const mesh = await startSoakMesh(incidents);
  try {
    const report = await soak(mesh, incidents, { minutes, seed });
    if (json) printJson(report);
    else print(report);
    const isWell =
      report.agreement.differences.length === 0 && report.incidents.unexplained.length === 0;
    if (!isWell) process.exitCode = 1;
  } finally {
    await mesh.stop();
  }
}

async function soak(
  mesh: SoakMesh,
  incidents: Incidents,
  { minutes, seed }: SoakOptions,
): Promise<SoakReport> {
  const random = seededRandom(seed);
  const file = changingFile(mesh, random);
  const table = changingTable(mesh, random);
  const operators = new Map<string, OperatorCounts>(
    [DEPOSITOR, GUARDED].map((slug) => [slug, { deposits: 0, withdrawals: 0, held: new Map() }]),
  );
  await Promise.all([file.change(), table.change()]);
  for (const [slug, { held }] of operators) await loadRecords(mesh, slug, { random, held });
  await settle(mesh);
  const progress = createProgress();
  const counts = newCounts();
  const memory = new MemoryWatch();
  const drops: Drop[] = [];
  const ending = new AbortController();
  const { signal } = ending;
  const load = { mesh, incidents, random, signal };
  const startedAt = Date.now();
  const timer = setTimeout(() => ending.abort(), minutes * MINUTE_MS);
  await Promise.all([
    ...SLUGS.map((slug) => askAll(load, slug, counts, ASK_PAUSE_MS)),
    ...[...operators].map(([slug, state]) => operate(load, slug, state, OPERATE_PAUSE_MS)),
    ...[file, table].map((source) =>
      every(SOURCE_PAUSE_MS, signal, () =>
        source.change().catch((error: unknown) => {
          incidents.unexplained("source", String(error));
        }),
      ),
    ),
    every(DROP_PAUSE_MS, signal, async () => void drops.push(await dropOne(load))),
    every(SAMPLE_MS, signal, async () => {
      await sampleAll(mesh, memory);
      const done = Math.floor((Date.now() - startedAt) / 1000);
      progress.report("soaking, seconds", done, Math.ceil(minutes * 60));
    }),
  ]);
  clearTimeout(timer);
  progress.end();
  const settledMs = await settle(mesh, idsKnown(file, table));
  await sampleAll(mesh, memory);
  const isRight = expectedIds({ [FILE]: file, [TABLE]: table }, operators);
  const agreement = await compareAll(mesh.local, mesh, isRight);
  await mesh.stopOrigins();
  const audit: Record<string, unknown> = {};
  for (const slug of SLUGS) {
    const receipts = counts.receipts.get(slug) ?? [];
    audit[slug] = await verifyAudit(mesh, slug, receipts, incidents);
  }
  const times = counts.milliseconds.toSorted((a, b) => a - b);
  const quantile = (q: number): number => times[Math.floor(q * (times.length - 1))] ?? 0;
  return {
    bench: "soak",
    seed,
    minutes,
    queries: {
      asked: counts.asked,
      answered: counts.answered,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
    },
    origins: counts.origins,
    operators: Object.fromEntries(
      [...operators].map(([slug, { deposits, withdrawals }]) => [slug, { deposits, withdrawals }]),
    ),
    sourceChanges: { [FILE]: file.changes, [TABLE]: table.changes },
    drops,
    settledMs,
    agreement,
    audit,
    memory: memory.report(),
    incidents: incidents.report(),
  };
}

async function every(
  pauseMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}

type Known = Readonly<Record<string, number>>;

function idsKnown(file: ChangingSource, table: ChangingSource): Known {
  return { [FILE]: file.ids.length, [TABLE]: table.ids.length };
}

/** Waits until every outbox is empty and the sources were read; how long that took. */
async function settle(mesh: SoakMesh, known: Known = {}): Promise<number> {
  const startedAt = Date.now();
  // Whatever the sources had last is read within a second, and some.
  await sleep(3 * SOURCE_PAUSE_MS);
  for (const slug of SLUGS) {
    const { originUrl, operatorToken } = mesh.local.organisation(slug);
    for (;;) {
      const headers = { authorization: `Bearer ${operatorToken}` };
      const response = await fetch(`${originUrl}/v1/status`, { headers });
      const { outbox, domains } = statusReportSchema.parse(await response.json());
      const records = domains.reduce((sum, domain) => sum + domain.records, 0);
      if (outbox.waiting === 0 && records === (known[slug] ?? records)) break;
      if (Date.now() - startedAt > SETTLE_MS) break;
      await sleep(500);
    }
  }
  return Date.now() - startedAt;
}

function expectedIds(
  sources: Readonly<Record<string, ChangingSource>>,
  operators: ReadonlyMap<string, { readonly held: Held }>,
): (slug: string, ids: ReadonlySet<string>) => string[] {
  return (slug, ids) => {
    const source = sources[slug];
    const held = operators.get(slug)?.held ?? new Map();
    const present = source ? new Set(source.ids) : idsIn(held, "held");
    const absent = source ? [...ids].filter((id) => !present.has(id)) : idsIn(held, "withdrawn");
    return [
      ...[...present].filter((id) => !ids.has(id)).map((id) => `${slug} has lost ${id}`),
      ...[...absent].filter((id) => ids.has(id)).map((id) => `${slug} still has ${id}`),
    ];
  };
}

function idsIn(held: Held, wanted: string): Set<string> {
  return new Set([...held].flatMap(([id, state]) => (state === wanted ? [id] : [])));
}

const loadSchema = z.looseObject({ loaded: z.int() });
const auditSchema = z.looseObject({ ok: z.boolean(), entries: z.int(), checkpoints: z.int() });

async function verifyAudit(
  mesh: SoakMesh,
  slug: string,
  receipts: readonly unknown[],
  incidents: Incidents,
): Promise<Record<string, unknown>> {
  const files = await Promise.all(
    receipts.map(async (receipt, i) => {
      const path = join(mesh.directory, `receipt-${slug}-${i}.json`);
      await writeFile(path, JSON.stringify(receipt));
      return path;
    }),
  );
  const { configFile } = mesh.local.organisation(slug);
  const receiptOptions = files.length > 0 ? ["--receipt", ...files] : [];
  const output = await runCli(
    "audit",
    "verify",
    "--json",
    "--config",
    configFile,
    ...receiptOptions,
  );
  const read = auditSchema.safeParse(parse(output));
  if (!read.success || !read.data.ok) incidents.unexplained(`audit log of ${slug}`, output);
  if (!read.success) return { ok: false };
  const { ok, entries, checkpoints } = read.data;
  return { ok, entries, checkpoints, receipts: files.length };
}

/** What an `origin` command writes to stdout; what it writes to stderr where that is nothing. */
function runCli(...command: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", MAIN, "origin", ...command],
      (_, stdout, stderr) => resolve(stdout === "" ? stderr : stdout),
    );
  });
}

/** Gives an organisation its first records, as its operator does before the first start: enough for cohorts. */
async function loadRecords(
  mesh: SoakMesh,
  slug: string,
  { random, held }: { readonly random: Random; readonly held: Held },
): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, i) => drawRecord(random, `loaded-${i}`));
  const file = join(mesh.directory, `${slug}.ndjson`);
  await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const { configFile } = mesh.local.organisation(slug);
  const output = await runCli("load", file, "--json", "--domain", "soak", "--config", configFile);
  const { loaded } = loadSchema.parse(JSON.parse(output));
  if (loaded !== RECORDS) throw new Error(`${loaded} records were loaded`);
  for (const { id } of records) held.set(id, "held");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function sampleAll(mesh: SoakMesh, memory: MemoryWatch): Promise<void> {
  for (const [slug, origin] of mesh.origins) {
    const name = `origin ${slug}`;
    await memory.noteResident(name, origin.pid);
    const held = await origin.heldBytes();
    if (held !== undefined) memory.noteHeld(name, held);
  }
  await memory.noteResident("this process", process.pid);
}

function print(report: SoakReport): void {
  const { agreement, memory, incidents, drops, queries } = report;
  printText(
    [
      `${report.minutes} min, seed ${report.seed}: ${JSON.stringify(queries)}`,
      `origins' parts: ${JSON.stringify(report.origins)}`,
      `operators: ${JSON.stringify(report.operators)}, source changes: ${JSON.stringify(report.sourceChanges)}`,
      `drops: ${drops.map(({ kind, slug, recoveredMs = 0 }) => `${kind} ${slug} ${recoveredMs} ms`).join("; ")}`,
      `settled in ${report.settledMs} ms; records ${JSON.stringify(agreement.records)}, ${agreement.entries} entries at ${agreement.replicas} replicas, ${agreement.differences.length} differences`,
      ...agreement.differences.slice(0, 20),
      `audit: ${JSON.stringify(report.audit)}`,
      formatTable(
        ["process", "memory", "first MB", "max", "last", "MB/min", "growth"],
        memory.map(({ name, kind, first, max, last, slopePerMinute, growth }) => [
          name,
          kind,
          ...[first, max, last, slopePerMinute, growth].map(String),
        ]),
      ),
      `expected refusals: ${JSON.stringify(incidents.expected)}`,
      `explained: ${JSON.stringify(incidents.explained, undefined, 1)}`,
      `unexplained: ${JSON.stringify(incidents.unexplained, undefined, 1)}`,
    ].join("\n"),
  );
}
