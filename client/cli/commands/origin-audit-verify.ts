/** `outcome-mesh origin audit verify`: an audit log, or an export of one, checked from its first entry to its last. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Command } from "commander";
import {
  NoExportError,
  verifyExport,
  verifyLog,
  type AuditReport,
  type ExportReport,
} from "../../../origin/index.ts";
import { nodeIdOf, openIdentity } from "../../../protocol/index.ts";
import { formatFaults, openAuditLog, readCheckpoints } from "../audit-log.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { counted, printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";

interface AuditVerifyOptions {
  readonly config?: string;
  readonly file?: string;
  readonly receipt: readonly string[];
  readonly json?: true;
}

export function auditVerifyCommand(): Command {
  return new Command("verify")
    .description(
      "Check every entry, hash and checkpoint of an origin's audit log, and that the records are as many as it tells of. Says what was changed, and where. The origin may be running.",
    )
    .option("--config <file>", "the origin's configuration")
    .option("--file <export>", "instead, a file that `origin audit export` wrote")
    .option(
      "--receipt <file...>",
      "receipts that this origin gave: the log must agree with them",
      [],
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin audit verify --config origin.jsonc
  outcome-mesh origin audit verify --config origin.jsonc --receipt receipts/*.json
  outcome-mesh origin audit verify --file audit.ndjson

Exit codes: 0 all holds; 1 the log was changed.`,
    )
    .action(runAuditVerify);
}

async function runAuditVerify(options: AuditVerifyOptions): Promise<void> {
  const { config, file } = options;
  if ((config === undefined) === (file === undefined)) {
    throw new CliError("which log?", { hint: "name one: --config FILE, or --file EXPORT" });
  }
  const given = await readCheckpoints(options.receipt);
  const report =
    file === undefined ? await verifyOwn(config ?? "", given) : await read(file, given);
  if (options.json) printJson({ ok: report.faultCount === 0, ...report });
  else printText(format(report));
  if (report.faultCount > 0) process.exitCode = EXIT.negative;
}

type Given = Awaited<ReturnType<typeof readCheckpoints>>;

async function verifyOwn(path: string, given: Given): Promise<AuditReport> {
  const config = await readConfig(path);
  const { publicKey } = await openIdentity(config.key);
  const progress = createProgress();
  const log = openAuditLog(config);
  try {
    return await verifyLog(log.tables, {
      owner: { mesh: config.meshId, key: publicKey },
      given,
      records: log.records,
      onProgress: (done, total) => progress.report("verifying entries", done, total),
    });
  } finally {
    progress.end();
    log.close();
  }
}

async function read(file: string, given: Given): Promise<ExportReport> {
  // A stream tells of a missing file too late to say it well.
  await stat(file);
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  try {
    return await verifyExport(lines, given);
  } catch (error) {
    if (!(error instanceof NoExportError)) throw error;
    throw new CliError(`${file} can not be verified: ${error.message}`, {
      hint: "`outcome-mesh origin audit export` writes such a file",
      cause: error,
    });
  }
}

function format(report: AuditReport | ExportReport): string {
  const { entries, checkpoints, vouchedFor, faults, faultCount } = report;
  const whose = "checkpoint" in report ? exportHead(report) : [];
  const checked = `${counted(entries, "entry").replace("entrys", "entries")} and ${counted(checkpoints, "checkpoint")}`;
  if (faultCount > 0) {
    return [
      ...whose,
      `The audit log was changed: ${counted(faultCount, "fault")}.`,
      formatFaults(faults, faultCount),
    ].join("\n");
  }
  const rest = entries - vouchedFor;
  return [
    ...whose,
    `The audit log holds: ${checked} verified.`,
    ...(rest > 0 ? [`The last ${rest} are not yet under a kept checkpoint.`] : []),
  ].join("\n");
}

function exportHead({ checkpoint, isComplete, entries }: ExportReport): string[] {
  const { size, key, mesh, signedAt } = checkpoint;
  const part = isComplete ? "all" : String(entries);
  return [
    `Log of node ${nodeIdOf(key)}, mesh ${mesh}: ${part} of ${size} entries, exported ${new Date(signedAt).toISOString()}.`,
  ];
}
