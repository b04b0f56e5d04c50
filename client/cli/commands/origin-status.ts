/** `outcome-mesh origin status`: what a running origin says of itself. */
import { Command } from "commander";
import type { StatusReport } from "../../../origin/index.ts";
import { baseUrl, jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { listeningUrl, readOriginStatus } from "../origin-status.ts";
import { counted, printJson, printText } from "../output.ts";
import { formatTable } from "../table.ts";

interface OriginStatusOptions {
  readonly config: string;
  readonly url?: string;
  readonly json?: true;
}

export function originStatusCommand(): Command {
  return new Command("status")
    .description(
      "Ask a running origin what it holds, and which of its entries the mesh has yet to acknowledge.",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .option("--url <url>", "where it listens, if not where its configuration says", baseUrl)
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  outcome-mesh origin status --config origin.json")
    .action(runOriginStatus);
}

async function runOriginStatus(options: OriginStatusOptions): Promise<void> {
  const config = await readConfig(options.config);
  const status = await readOriginStatus(options.url ?? listeningUrl(config), config.operatorToken);
  if (options.json) printJson(status);
  else printText(formatStatus(status));
}

function formatStatus({ node, mesh, membership, domains, sources, outbox }: StatusReport): string {
  const members = membership
    ? counted(membership.members, "member")
    : "not yet known to its Worker";
  const rows = domains.map(({ name, id, records, entries, withheld }) => [
    name,
    id,
    String(records),
    String(entries),
    String(withheld),
  ]);
  const missing = outbox.missing.map((entry) => [entry.node, String(entry.entries)]);
  return [
    `node ${node}\nmesh ${mesh}, ${members}`,
    formatTable(["domain", "id", "records", "entries", "withheld"], rows),
    ...(sources.length > 0 ? [sourcesText(sources)] : []),
    outboxText(outbox),
    ...(missing.length > 0 ? [formatTable(["waits for", "entries"], missing)] : []),
  ].join("\n\n");
}

function sourcesText(sources: StatusReport["sources"]): string {
  const rows = sources.map(({ name, domain, records, asOf, lastRun }) => [
    name,
    domain,
    String(records),
    asOf === undefined ? "never read" : new Date(asOf).toISOString(),
    String(lastRun?.rejected ?? ""),
    [...(lastRun?.notes ?? []), lastRun?.error ?? ""].filter(Boolean).join("; "),
  ]);
  const headers = ["source", "domain", "records", "up to date as of", "rejected", "to mend"];
  return formatTable(headers, rows);
}

function outboxText({ waiting, unacknowledged }: StatusReport["outbox"]): string {
  if (waiting === 0) return "The mesh knows of all entries.";
  const complete = `${counted(waiting, "statement")} not yet at every node that holds it`;
  if (unacknowledged === 0) return `The mesh knows of all entries; ${complete}.`;
  return `The mesh has yet to acknowledge ${counted(unacknowledged, "statement")}; ${complete}.`;
}
