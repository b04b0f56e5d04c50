/** `outcome-mesh origin load`: records from a file into an origin's database. */
import { Command } from "commander";
import {
  loadRecords,
  openStore,
  policiesOf,
  publicationsOf,
  type LoadReport,
} from "../../../origin/index.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption } from "../options.ts";
import { chooseDomain, readConfig, withUsageErrors } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";
import { formatOption, mappingOption, openRecords, type SourceFlags } from "../records-source.ts";
import { formatIssue } from "../report-error.ts";

interface OriginLoadOptions extends SourceFlags {
  readonly config: string;
  readonly domain: string;
  readonly json?: true;
}

export function originLoadCommand(): Command {
  return new Command("load")
    .description(
      "Check the records of a file, and load the good ones. A known id is updated. The others are reported with their line and the reason (exit code 3). The origin may be running.",
    )
    .argument("<file>", "records: .ndjson, .jsonl, .json or .csv, also as .gz")
    .requiredOption("--config <file>", "the origin's configuration")
    .requiredOption("--domain <name>", "one of its domains: the name, the id or the file")
    .addOption(formatOption())
    .addOption(mappingOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin load records.ndjson --config origin.jsonc --domain pump-faults
  outcome-mesh origin load records.csv --mapping columns.json --config origin.jsonc --domain pump-faults
  outcome-mesh origin load patients.json --format phenopackets --config origin.jsonc --domain rare-disease
  outcome-mesh origin load bundles.ndjson --format fhir --mapping fhir.json --config origin.jsonc --domain ward`,
    )
    .action(runOriginLoad);
}

async function runOriginLoad(file: string, options: OriginLoadOptions): Promise<void> {
  const config = await readConfig(options.config);
  const { chosen, domains } = await chooseDomain(config, options.domain);
  const source = await openRecords(file, chosen, options);
  const policies = await withUsageErrors(() => policiesOf(config, domains));
  const store = openStore(config.database, domains, { publications: publicationsOf(policies) });
  const progress = createProgress();
  try {
    const report = await loadRecords(store, chosen, source, {
      // How many there will be is not known, so the step itself does not change.
      onProgress: ({ read }) => progress.report("loading records", read, Infinity),
    });
    progress.end();
    printReport(file, report, options);
    if (report.rejected.length > 0) process.exitCode = EXIT.partial;
  } finally {
    progress.end();
    store.close();
  }
}

function printReport(file: string, report: LoadReport, { json, domain }: OriginLoadOptions): void {
  if (json) {
    printJson({ domain, ...report });
    return;
  }
  const lines = [
    ...report.warnings.map((row) => ({ ...row, severity: "warning" })),
    ...report.rejected.map((row) => ({ ...row, severity: "rejected" })),
  ]
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, id, issues, severity }) => {
      const reasons = issues.map(formatIssue).join("; ");
      return `${file}:${line}: ${severity}${id === undefined ? "" : ` ${id}`}: ${reasons}\n`;
    });
  process.stderr.write(lines.join(""));
  const { loaded, updated, unchanged, rejected } = report;
  printText(
    `${loaded} loaded, ${updated} updated, ${unchanged} unchanged, ${rejected.length} rejected`,
  );
}
