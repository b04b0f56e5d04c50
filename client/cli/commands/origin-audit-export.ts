/** `outcome-mesh origin audit export`: an audit log as NDJSON that can be verified without the origin. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { Command } from "commander";
import { BrokenLogError, exportLog, type ExportLine } from "../../../origin/index.ts";
import { openIdentity } from "../../../protocol/index.ts";
import { openAuditLog } from "../audit-log.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, wholeNumber } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";

interface AuditExportOptions {
  readonly config: string;
  readonly out: string;
  readonly from?: number;
  readonly to?: number;
  readonly json?: true;
}

const index = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export function auditExportCommand(): Command {
  return new Command("export")
    .description(
      "Write an origin's audit log to a new file, one JSON document a line: a signed checkpoint, each entry with the proof that it is in the log, and the checkpoints that were kept. Whoever has the file can verify it. The origin may be running.",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .requiredOption("--out <file>", "the new file")
    .option("--from <index>", "the first entry", index)
    .option("--to <index>", "the entry after the last", index)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin audit export --config origin.jsonc --out audit.ndjson
  outcome-mesh origin audit export --config origin.jsonc --out part.ndjson --from 1200 --to 1300
  outcome-mesh origin audit verify --file audit.ndjson`,
    )
    .action(runAuditExport);
}

async function runAuditExport(options: AuditExportOptions): Promise<void> {
  const config = await readConfig(options.config);
  const identity = await openIdentity(config.key);
  const progress = createProgress();
  const log = openAuditLog(config);
  try {
    const lines = exportLog(log.tables, {
      identity,
      mesh: config.meshId,
      now: Date.now(),
      from: options.from,
      to: options.to,
      onProgress: (done, total) => progress.report("exporting entries", done, total),
    });
    const entries = await write(options.out, lines);
    progress.end();
    if (options.json) printJson({ file: options.out, entries });
    else printText(`${entries} entries written to ${options.out}`);
  } catch (error) {
    if (!(error instanceof BrokenLogError)) throw error;
    throw new CliError(`the audit log can not be exported: ${error.message}`, {
      exitCode: EXIT.negative,
      hint: "outcome-mesh origin audit verify --config FILE says what is wrong with it",
      cause: error,
    });
  } finally {
    progress.end();
    log.close();
  }
}

async function write(path: string, lines: AsyncIterable<ExportLine>): Promise<number> {
  // Who asked whom for what: for the account that runs the origin alone, until it is handed on.
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  await once(file, "open");
  let entries = 0;
  for await (const line of lines) {
    if (line.type === "entry") entries += 1;
    await writeLine(file, line);
  }
  file.end();
  await once(file, "finish");
  return entries;
}

async function writeLine(file: Writable, line: ExportLine): Promise<void> {
  if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain");
}
