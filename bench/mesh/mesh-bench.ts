/** `npm run bench -- mesh`: what membership, placement and repair cost and achieve at 1,000 and 10,000 nodes. */
import { Command } from "commander";
import { numberWithin, wholeNumber, jsonOption } from "../../client/cli/options.ts";
import { printJson, printText } from "../../client/cli/output.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import { sizeOfDescriptor } from "./descriptor-size.ts";
import { simulate, type SimulationReport } from "./simulate.ts";

interface MeshBenchOptions {
  readonly nodes: readonly number[];
  readonly minutes: number;
  readonly churn: number;
  readonly seed: string;
  readonly json?: true;
}

const NODES_MAX = 20_000;

export function meshBench(): Command {
  return new Command("mesh")
    .description(
      "Simulate meshes under churn with the protocol's own membership, placement, repair and lookup code. The same seed gives the same figures.",
    )
    .option("--nodes <count...>", "sizes of the meshes", wholeNumbers, [1000, 10_000])
    .option("--minutes <n>", "minutes to simulate", wholeNumber(1, 1440), 20)
    .option(
      "--churn <share>",
      "share of the nodes that joins in an hour; as many go",
      numberWithin(0, 1),
      0.1,
    )
    .option("--seed <text>", "seed of everything drawn", "1")
    .addOption(jsonOption())
    .action(run);
}

function wholeNumbers(text: string): number[] {
  return text.split(",").map(wholeNumber(2, NODES_MAX));
}

async function run({ nodes, minutes, churn, seed, json }: MeshBenchOptions): Promise<void> {
  const progress = createProgress();
  const descriptorBytes = await sizeOfDescriptor();
  const reports: SimulationReport[] = [];
  for (const count of nodes) {
    const onProgress = (minute: number): void =>
      progress.report(`${count} nodes, simulated minutes`, minute, minutes);
    reports.push(
      await simulate({
        nodes: count,
        minutes,
        churnPerHour: churn,
        seed,
        descriptorBytes,
        onProgress,
      }),
    );
  }
  progress.end();
  if (json) printJson({ bench: "mesh", descriptorBytes, reports });
  else printText(tableOf(reports));
}

function tableOf(reports: readonly SimulationReport[]): string {
  const rows: readonly (readonly [string, (report: SimulationReport) => string])[] = [
    ["simulated minutes", ({ minutes }) => String(minutes)],
    ["joined / gone", ({ arrived, departed }) => `${arrived} / ${departed}`],
    ["lookups", ({ lookups }) => String(lookups)],
    ["entries found", ({ found }) => percent(found)],
    ["trees answered in full", ({ treesAnswered }) => percent(treesAnswered)],
    ["requests a lookup", ({ lookupRequests }) => lookupRequests.toFixed(1)],
    ["gossip messages / node / min", ({ gossip }) => gossip.messages.toFixed(1)],
    ["gossip kB / node / min", ({ gossip }) => (gossip.bytes / 1000).toFixed(1)],
    ["repair messages / node / min, at most", ({ repair }) => repair.messages.toFixed(1)],
    ["repair kB / node / min", ({ repair }) => (repair.bytes / 1000).toFixed(1)],
    ["entries moved / node / min", ({ repair }) => repair.entriesMoved.toFixed(1)],
    ["99 % know a change, median s", ({ convergence }) => String(convergence.median)],
    ["99 % know a change, p99 s", ({ convergence }) => String(convergence.p99)],
    ["99 % know a revocation, median s", ({ revocation }) => String(revocation.median)],
    ["99 % know a revocation, most s", ({ revocation }) => String(revocation.max)],
    ["nodes that share slots with one", ({ partners }) => partners.toFixed(0)],
    ["slots, most over mean", ({ loadBalance }) => loadBalance.toFixed(2)],
  ];
  return formatTable(
    ["nodes", ...reports.map(({ nodes }) => String(nodes))],
    rows.map(([name, cell]) => [name, ...reports.map(cell)]),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
