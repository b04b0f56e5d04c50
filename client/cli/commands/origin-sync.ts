/** `outcome-mesh origin sync`: brings an origin's database up to date with its sources, once. */
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import {
  loadDomains,
  openSources,
  openStore,
  openSyncLock,
  policiesOf,
  publicationsOf,
  SourceError,
  syncSource,
  type Source,
  type Store,
  type SyncReport,
} from "../../../origin/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption } from "../options.ts";
import { readConfig, withUsageErrors } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { formatIssue } from "../report-error.ts";
import { printable } from "../table.ts";

interface OriginSyncOptions {
  readonly config: string;
  readonly source?: readonly string[];
  readonly full?: true;
  readonly json?: true;
}

interface Failed {
  readonly source: string;
  readonly error: string;
  readonly code: string;
}

/** Between two looks at whether the origin is done with what it reads. */
const LOCKED_MS = 250;

export function originSyncCommand(): Command {
  return new Command("sync")
    .description(
      "Read the configured sources: new and changed records are loaded, deleted ones removed. Rows that do not fit are reported (exit code 3), and so are sources that can not be read (exit code 4). The origin may be running; it does the same by itself.",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .option("--source <name...>", "only these sources")
    .option("--full", "compare all rows, and remove records that are gone from the source")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin sync --config origin.jsonc
  outcome-mesh origin sync --config origin.jsonc --source registry --full`,
    )
    .action(runOriginSync);
}

async function runOriginSync(options: OriginSyncOptions): Promise<void> {
  const config = await readConfig(options.config);
  const { domains } = await withUsageErrors(() => loadDomains(config));
  const sources = choose(await withUsageErrors(() => openSources(config, domains)), options.source);
  const policies = await withUsageErrors(() => policiesOf(config, domains));
  const store = openStore(config.database, domains, { publications: publicationsOf(policies) });
  const lock = openSyncLock(config.database);
  const progress = createProgress();
  const outcomes: (SyncReport | Failed)[] = [];
  try {
    while (!lock.take()) {
      progress.report("waiting until the origin is done with what it reads", 0, 0);
      await sleep(LOCKED_MS);
    }
    for (const source of sources) {
      outcomes.push(await syncOne(store, source, options.full === true, progress));
    }
    lock.release();
  } finally {
    progress.end();
    lock.close();
    store.close();
  }
  if (options.json) printJson({ sources: outcomes });
  else outcomes.forEach(printOutcome);
  if (outcomes.some((outcome) => "code" in outcome)) process.exitCode = EXIT.unreachable;
  else if (outcomes.some((outcome) => "rejected" in outcome && outcome.rejected > 0)) {
    process.exitCode = EXIT.partial;
  }
}

function choose(sources: readonly Source[], names: readonly string[] | undefined): Source[] {
  const known = sources.map(({ name }) => name).join(", ");
  if (sources.length === 0) {
    throw new CliError("the configuration has no sources", {
      hint: "add one under sources, or load a file with: outcome-mesh origin load FILE",
    });
  }
  if (names === undefined) return [...sources];
  return names.map((wanted) => {
    const found = sources.find(({ name }) => name === wanted);
    if (found) return found;
    throw new CliError(`the configuration has no source ${wanted}`, { hint: `it has ${known}` });
  });
}

async function syncOne(
  store: Store,
  source: Source,
  isFull: boolean,
  progress: Progress,
): Promise<SyncReport | Failed> {
  try {
    return await syncSource(store, source, {
      isFull,
      // How many there will be is not known, so the step itself does not change.
      onProgress: ({ read }) => progress.report(`reading ${source.name}`, read, Infinity),
    });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { source: source.name, error: error.message, code: error.code };
  } finally {
    progress.end();
  }
}

function printOutcome(outcome: SyncReport | Failed): void {
  const { source } = outcome;
  if ("code" in outcome) {
    process.stderr.write(`${source}: error: ${printable(outcome.error.replaceAll("\n", ";"))}\n`);
    return;
  }
  const rows = [
    ...outcome.warnings.map((row) => ({ ...row, severity: "warning" })),
    ...outcome.rejectedRows.map((row) => ({ ...row, severity: "rejected" })),
  ].toSorted((a, b) => a.line - b.line);
  const lines = [
    ...outcome.notes.map((note) => `${source}: warning: ${printable(note)}\n`),
    ...rows.map(({ line, id, issues, severity }) => {
      const reasons = issues.map(formatIssue).join("; ");
      const record = id === undefined ? "" : ` ${printable(id)}`;
      return `${source}: row ${line}: ${severity}${record}: ${reasons}\n`;
    }),
  ];
  process.stderr.write(lines.join(""));
  const { read, loaded, updated, removed, unchanged, rejected } = outcome;
  printText(
    `${source}: ${read} rows read: ${loaded} loaded, ${updated} updated, ${removed} removed, ${unchanged} unchanged, ${rejected} rejected`,
  );
}
