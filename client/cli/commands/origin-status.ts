/** `outcome-mesh origin status`: what a running origin says of itself. */
import { Command } from "commander";
import { statusReportSchema, type OriginConfig, type StatusReport } from "../../../origin/index.ts";
import { parseJson, problemSchema } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { baseUrl, jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { counted, printJson, printText } from "../output.ts";
import { unreachableError } from "../request-errors.ts";
import { formatTable } from "../table.ts";

interface OriginStatusOptions {
  readonly config: string;
  readonly url?: string;
  readonly json?: true;
}

/** Counting a million records takes a second. */
const TIMEOUT_MS = 10_000;

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
  const status = await readStatus(options.url ?? listeningUrl(config), config.operatorToken);
  if (options.json) printJson(status);
  else printText(formatStatus(status));
}

function listeningUrl({ listen: { host, port } }: OriginConfig): string {
  if (port === 0) {
    throw new CliError("the configuration leaves the port to the system", {
      hint: "name the address that `origin start` printed: --url http://127.0.0.1:PORT",
    });
  }
  // An address that stands for all of the machine's is none that can be called everywhere.
  const called = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${called.includes(":") ? `[${called}]` : called}:${port}`;
}

async function readStatus(url: string, token: string): Promise<StatusReport> {
  const hint = "start it with: outcome-mesh origin start --config FILE";
  const { status, text } = await request(url, token).catch((error: unknown) => {
    throw unreachableError(error, { what: "the origin at", url, hint }) ?? error;
  });
  const json = parseJson(text);
  const content = json.ok ? json.value : undefined;
  const report = statusReportSchema.safeParse(content);
  if (status === 200 && report.success) return report.data;
  const problem = problemSchema.safeParse(content);
  if (!problem.success) {
    throw new CliError(`what answers at ${url} is not an origin`, {
      exitCode: EXIT.unreachable,
      hint,
    });
  }
  const { title, detail } = problem.data;
  throw new CliError(`the origin refused: ${[title, detail].filter(Boolean).join("; ")}`, {
    exitCode: EXIT.refused,
    hint: "the operator token must be the one that it was started with",
  });
}

async function request(url: string, token: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url.replace(/\/+$/, "")}/v1/status`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}

function formatStatus({ node, mesh, membership, domains, outbox }: StatusReport): string {
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
    outboxText(outbox),
    ...(missing.length > 0 ? [formatTable(["waits for", "entries"], missing)] : []),
  ].join("\n\n");
}

function outboxText({ waiting, unacknowledged }: StatusReport["outbox"]): string {
  if (waiting === 0) return "The mesh knows of all entries.";
  const complete = `${counted(waiting, "statement")} not yet at every node that holds it`;
  if (unacknowledged === 0) return `The mesh knows of all entries; ${complete}.`;
  return `The mesh has yet to acknowledge ${counted(unacknowledged, "statement")}; ${complete}.`;
}
