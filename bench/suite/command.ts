/** The command of a bench: its options, its output on the terminal, and the files it leaves. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { jsonOption } from "../../client/cli/options.ts";
import { printJson, printText } from "../../client/cli/output.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import type { Bench, PartReport, Table } from "./bench.ts";
import { openCells } from "./cells.ts";
import { writePlots } from "./plots.ts";

interface SuiteOptions {
  readonly part: readonly string[];
  readonly data: string;
  readonly seed: string;
  readonly out: string;
  readonly fresh?: true;
  readonly json?: true;
}

export function suiteCommand(bench: Bench): Command {
  const parts = Object.keys(bench.parts);
  return new Command(bench.name)
    .description(bench.description)
    .addOption(
      new Option("--part <names...>", "measure only these parts").choices(parts).default(parts),
    )
    .option(
      "--data <folder>",
      "the real data; docs/benchmarks.md says what is in it",
      process.env["OUTCOME_MESH_DATA"] ?? "../shared/data",
    )
    .option("--seed <text>", "seed of everything drawn", "1")
    .option(
      "--out <folder>",
      "where tables, plots and finished cells go",
      join("dist", "bench", bench.name),
    )
    .option("--fresh", "compute anew what an earlier run has finished")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `\nExamples:\n  npm run bench -- ${bench.name}\n  npm run bench -- ${bench.name} --part ${parts[0]} --seed 2 --json`,
    )
    .action((options: SuiteOptions) => run(bench, options));
}

async function run(bench: Bench, options: SuiteOptions): Promise<void> {
  const { data, seed, out } = options;
  const progress = createProgress();
  const cells = openCells(join(out, "cells"), { isFresh: options.fresh === true });
  const reports = new Map<string, PartReport>();
  for (const [name, part] of Object.entries(bench.parts)) {
    if (options.part.includes(name)) reports.set(name, await part({ data, seed, cells, progress }));
  }
  progress.end();
  const document = {
    bench: bench.name,
    seed,
    parts: Object.fromEntries([...reports].map(([name, { figures }]) => [name, figures])),
  };
  const all = [...reports.values()];
  const tables = all.flatMap((report) => report.tables);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "report.json"), `${JSON.stringify(document, undefined, 2)}\n`);
  await writeFile(join(out, "tables.md"), tables.map(toMarkdown).join("\n"));
  const files = await writePlots(
    out,
    all.flatMap(({ plots }) => plots),
  );
  if (options.json) {
    printJson(document);
    return;
  }
  for (const table of tables) printText(toText(table));
  printText(`Written to ${out}: report.json, tables.md and ${files.length} plots.`);
}

function toText({ title, headers, rows, notes = [] }: Table): string {
  return [title, "", formatTable(headers, rows), ...notes, ""].join("\n");
}

/** The form in which docs/benchmarks.md has it. */
export function toMarkdown({ title, headers, rows, notes = [] }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${headers.map((_, i) => (cells[i] ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${headers.map(() => " --- |").join("")}`;
  return [`**${title}**`, "", line(headers), rule, ...rows.map(line), "", ...notes, ""].join("\n");
}
