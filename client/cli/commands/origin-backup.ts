/** `outcome-mesh origin backup`: a copy of an origin's database, which may be in use. */
import { statSync } from "node:fs";
import { Command } from "commander";
import { backupDatabase } from "../../../origin/index.ts";
import { jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";

interface OriginBackupOptions {
  readonly config: string;
  readonly json?: true;
}

export function originBackupCommand(): Command {
  return new Command("backup")
    .description(
      "Copy the origin's database to a new file, whole and readable by you alone. The origin may be running. Keep the node's key beside it: docs/origin.md says how to restore.",
    )
    .argument("<file>", "the copy; never overwritten")
    .requiredOption("--config <file>", "the origin's configuration")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  outcome-mesh origin backup backup-2026-11-24.sqlite --config origin.jsonc",
    )
    .action(runOriginBackup);
}

async function runOriginBackup(file: string, options: OriginBackupOptions): Promise<void> {
  const { database } = await readConfig(options.config);
  const progress = createProgress();
  await backupDatabase(database, file, ({ totalPages, remainingPages }) =>
    progress.report("copying pages", totalPages - remainingPages, totalPages),
  ).finally(progress.end);
  const { size: bytes } = statSync(file);
  if (options.json) printJson({ database, file, bytes });
  else printText(`${file}: ${(bytes / 1_000_000).toFixed(1)} MB`);
}
