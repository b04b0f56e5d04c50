/** `outcome-mesh origin status`: what a running origin says of itself. */
import { Command } from "commander";
import type { StatusReport } from "../../../origin/index.ts";
import { baseUrl, jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { listeningUrl, readOriginStatus } from "../origin-status.ts";
import { counted, printJson, printText } from "../output.ts";
import { formatTable, printable } from "../table.ts";

interface OriginStatusOptions {
  readonly config: string;
  readonly url?: string;
  readonly json?: true;
}

export function originStatusCommand(): Command {
  return new Command("status")
    .description(
      "Ask a running origin what it holds, which of its entries the mesh has yet to acknowledge, and how its parts do.",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .option("--url <url>", "where it listens, if not where its configuration says", baseUrl)
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  outcome-mesh origin status --config origin.jsonc")
    .action(runOriginStatus);
}

async function runOriginStatus(options: OriginStatusOptions): Promise<void> {
  const config = await readConfig(options.config);
  const status = await readOriginStatus(options.url ?? listeningUrl(config), config.operatorToken);
  if (options.json) printJson(status);
  else printText(formatStatus(status));
}

function formatStatus(status: StatusReport): string {
  const { node, mesh, domains, outbox, parts } = status;
  const rows = domains.map(({ name, id, records, entries, withheld, waiting }) => [
    name,
    id,
    ...[records, entries, withheld, waiting].map(String),
  ]);
  const missing = outbox.missing.map((entry) => [entry.node, String(entry.entries)]);
  const partRows = parts.map(({ name, state, summary }) => [name, state, summary]);
  return [
    `node ${node}\nmesh ${mesh}\n${membershipText(status)}`,
    processText(status),
    formatTable(["domain", "id", "records", "entries", "withheld", "waiting"], rows),
    publishedText(status),
    ...(missing.length > 0 ? [formatTable(["waits for", "entries"], missing)] : []),
    ...(parts.length > 0 ? [formatTable(["part", "state", ""], partRows)] : []),
  ].join("\n\n");
}

function membershipText({ membership }: StatusReport): string {
  if (!membership) return "members not yet known to its Worker";
  const { members, ageSeconds, isLive, leaseExpiresAt, originUrl } = membership;
  const known = `${counted(members, "member")}, read ${duration(ageSeconds)} ago`;
  if (!isLive) return `${known}; this node is not live among them: outcome-mesh doctor says why`;
  const url = originUrl === undefined ? "they know of no origin" : `they are told ${originUrl}`;
  return printable(`${known}; this node is live until ${leaseExpiresAt ?? "?"}; ${url}`);
}

function processText({ version, uptimeSeconds, database, memory, queries }: StatusReport): string {
  const { total, refused, failed, lastMinute } = queries;
  return [
    `version ${version}, up ${duration(uptimeSeconds)}, ${megabytes(memory.residentBytes)} in memory, database ${megabytes(database.bytes)}`,
    `${total === 1 ? "1 query" : `${total} queries`} since it started (${refused} refused, ${failed} failed), ${lastMinute} in the last minute`,
  ].join("\n");
}

/** That the mesh knows all is not said while there is more to come. */
function publishedText({ domains, outbox }: StatusReport): string {
  const forming = domains.filter(({ isForming }) => isForming).map(({ name }) => name);
  if (forming.length === 0) return outboxText(outbox);
  return `Groups of records are being formed (${forming.join(", ")}); then the mesh hears of them.`;
}

function outboxText({ waiting, unacknowledged, oldestSeconds }: StatusReport["outbox"]): string {
  if (waiting === 0) return "The mesh knows of all entries.";
  const age = oldestSeconds === undefined ? "" : `, the oldest of ${duration(oldestSeconds)} ago`;
  const complete = `${counted(waiting, "statement")} not yet at every node that holds it${age}`;
  if (unacknowledged === 0) return `The mesh knows of all entries; ${complete}.`;
  return `The mesh has yet to acknowledge ${counted(unacknowledged, "statement")}; ${complete}.`;
}

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** In the largest unit of which there are two: `90 s`, `26 h`. */
function duration(seconds: number): string {
  const unit = UNITS.find(([, length]) => seconds >= 2 * length);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${Math.round(seconds)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
