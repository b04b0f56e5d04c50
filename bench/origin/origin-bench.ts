/** `npm run bench -- origin`: how fast an origin ranks, starts, loads and publishes, and what that takes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { jsonOption, wholeNumber } from "../../client/cli/options.ts";
import { printJson, printText } from "../../client/cli/output.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import { createDraw } from "./draw.ts";
import { mixedPopulation } from "./mixed.ts";
import { ontologyPopulation } from "./ontology.ts";
import type { Population } from "./population.ts";
import { measurePublishing, type PublishingReport } from "./publishing.ts";
import { measureRanking, type RankingReport } from "./ranking.ts";

interface OriginBenchOptions {
  readonly records: readonly number[];
  readonly published: number;
  readonly seed: string;
  readonly data?: string;
  readonly json?: true;
}

const RECORDS_MAX = 5_000_000;
/** More patients than this no one institution has. */
const ONTOLOGY_RECORDS_MAX = 100_000;

export function originBench(): Command {
  return new Command("origin")
    .description(
      "Measure exact ranking over records of a mixed and of an ontology domain, beside a bare pass over the same typed arrays and a loop over objects; start from a snapshot beside a rebuild; load and publish rates beside the machine's Ed25519 limit. Ratios are of medians of one run; times depend on what else the machine does.",
    )
    .option(
      "--records <count...>",
      "sizes; of the ontology domain those up to 100000",
      wholeNumbers,
      [10_000, 100_000, 1_000_000],
    )
    .option("--published <n>", "records to load and publish", wholeNumber(1, 1_000_000), 10_000)
    .option("--seed <text>", "seed of everything drawn", "1")
    .option(
      "--data <folder>",
      "with hpo/hp.json.gz and rare-disease/phenopackets.ndjson.gz: patients are drawn from these",
    )
    .addOption(jsonOption())
    .action(run);
}

function wholeNumbers(text: string, before: number[] = []): number[] {
  const given = text.split(",").map(wholeNumber(1, RECORDS_MAX));
  return isDefault(before) ? given : [...before, ...given];
}

/** Commander gives the default as what came before the first value. */
function isDefault(before: readonly number[]): boolean {
  return before.join() === "10000,100000,1000000";
}

async function run({ records, published, seed, data, json }: OriginBenchOptions): Promise<void> {
  const progress = createProgress();
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-bench-"));
  try {
    const rankings: RankingReport[] = [];
    const rates: (PublishingReport & { readonly domain: string })[] = [];
    const populations: readonly (() => Population)[] = [
      () => mixedPopulation(createDraw(seed)),
      () => ontologyPopulation(createDraw(seed), data),
    ];
    for (const populate of populations) {
      for (const count of records) {
        const population = populate();
        if (population.name === "ontology" && count > ONTOLOGY_RECORDS_MAX) continue;
        rankings.push(await measureRanking(population, count, directory, progress.report));
      }
      const population = populate();
      progress.report(`${population.name}: load and publish`, 0, 1);
      const database = join(directory, `${population.name}-published.sqlite`);
      const report = await measurePublishing(population, published, database);
      rates.push({ domain: population.name, ...report });
    }
    progress.end();
    if (json) printJson({ bench: "origin", seed, rankings, rates });
    else printText(`${rankingTable(rankings)}\n\n${rateTable(rates)}`);
  } finally {
    progress.end();
    await rm(directory, { recursive: true, force: true });
  }
}

function rankingTable(reports: readonly RankingReport[]): string {
  const rows: readonly (readonly [string, (report: RankingReport) => string])[] = [
    ["records", ({ records }) => String(records)],
    ["queries / s", ({ queriesPerSecond }) => queriesPerSecond.toFixed(0)],
    ["p50 ms", ({ p50Ms }) => p50Ms.toFixed(2)],
    ["p99 ms", ({ p99Ms }) => p99Ms.toFixed(2)],
    ["bare pass ms", ({ bareMs }) => bareMs.toFixed(2)],
    ["time / bare pass", ({ ratioToBare }) => ratioToBare.toFixed(3)],
    ["time / loop over objects", ({ ratioToObjects }) => ratioToObjects.toFixed(4)],
    ["memory, bytes / record", ({ bytesPerRecord }) => bytesPerRecord.toFixed(0)],
    ["resident memory MB", ({ rssBytes }) => (rssBytes / 1e6).toFixed(0)],
    ["snapshot MB", ({ snapshotBytes }) => (snapshotBytes / 1e6).toFixed(1)],
    ["rebuild ms", ({ rebuildMs }) => rebuildMs.toFixed(0)],
    ["write snapshot ms", ({ writeSnapshotMs }) => writeSnapshotMs.toFixed(0)],
    ["start from snapshot ms", ({ startMs }) => startMs.toFixed(0)],
  ];
  const sources = new Map(reports.map(({ domain, source }) => [domain, source]));
  const table = formatTable(
    ["domain", ...reports.map(({ domain }) => domain)],
    rows.map(([name, cell]) => [name, ...reports.map(cell)]),
  );
  return `${table}\n\n${[...sources].map(([domain, source]) => `${domain}: ${source}`).join("\n")}`;
}

function rateTable(reports: readonly (PublishingReport & { readonly domain: string })[]): string {
  return formatTable(
    ["domain", "records", "load / s", "publish / s", "sign / s", "publish / sign", "load / sign"],
    reports.map(({ domain, records, loadPerSecond, publishPerSecond, signaturesPerSecond }) => [
      domain,
      String(records),
      loadPerSecond.toFixed(0),
      publishPerSecond.toFixed(0),
      signaturesPerSecond.toFixed(0),
      (publishPerSecond / signaturesPerSecond).toFixed(3),
      (loadPerSecond / signaturesPerSecond).toFixed(3),
    ]),
  );
}
