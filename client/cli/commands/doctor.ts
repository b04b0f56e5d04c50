/** `outcome-mesh doctor`: tests every part of a node, and says what to mend. */
import { Command, Option } from "commander";
import type { OriginConfig } from "../../../origin/index.ts";
import type { DomainId, NodeStatus } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { checkLookup } from "../doctor/check-lookup.ts";
import { checkMesh } from "../doctor/check-mesh.ts";
import { checkAdvertisedOrigin, checkOwnOrigin, checkProvisioned } from "../doctor/check-origin.ts";
import { checkSecrets } from "../doctor/check-secrets.ts";
import { checkKey, checkStatus, checkToken, checkWorker } from "../doctor/check-worker.ts";
import { Findings, type Check } from "../doctor/check.ts";
import { EXIT } from "../exit-codes.ts";
import { endpoint, keyOption } from "../mesh/options.ts";
import { domainListSchema, type OwnNode } from "../mesh/own-node.ts";
import { baseUrl, bearerToken, jsonOption } from "../options.ts";
import { readConfig } from "../origin-config.ts";
import { counted, printJson, printText } from "../output.ts";
import { printable } from "../table.ts";

interface DoctorOptions {
  readonly config?: string;
  readonly originUrl?: string;
  readonly url?: string;
  readonly key?: string;
  readonly token?: string;
  readonly json?: true;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Test every part of your node, from here: key, Worker, clock, membership, gossip, peers, shards, origin, and a lookup. One line a check; what is wrong comes with what to mend.",
    )
    .option("--config <file>", "your origin's configuration, which names the Worker and the key")
    .option(
      "--origin-url <url>",
      "where the origin listens, if not where its configuration says",
      baseUrl,
    )
    .option("--url <url>", "your Worker, where there is no origin's configuration", endpoint)
    .addOption(keyOption())
    .addOption(
      new Option("--token <token>", "the Worker's requester token, to test it and a lookup")
        .env("OUTCOME_MESH_TOKEN")
        .argParser(bearerToken),
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh doctor --config origin.json --token "$TOKEN"
  outcome-mesh doctor --url https://mesh.example.org --key node.key --json

Exit codes: 0 nothing failed, though there may be warnings; 1 something failed; 2 the call is not usable.`,
    )
    .action(runDoctor);
}

async function runDoctor(options: DoctorOptions): Promise<void> {
  const config = options.config === undefined ? undefined : await readConfig(options.config);
  const url = options.url ?? config?.meshUrl;
  if (url === undefined || (options.key === undefined && config === undefined)) {
    throw new CliError("which node?", {
      hint: "name your origin's configuration with --config FILE, or your Worker with --url URL and --key FILE",
    });
  }
  const findings = new Findings(options.json ? undefined : printCheck);
  await examine(findings, { ...options, url, loaded: config });
  const failed = findings.count("fail");
  if (options.json) {
    printJson({ ok: failed === 0, checks: findings.checks });
  } else {
    const warnings = findings.count("warn");
    printText(`\n${counted(failed, "failure")}, ${counted(warnings, "warning")}`);
  }
  process.exitCode = failed === 0 ? EXIT.ok : EXIT.negative;
}

interface Examination extends DoctorOptions {
  readonly url: string;
  readonly loaded: OriginConfig | undefined;
}

/** What comes after a failure is left out where it could not be meaningful. */
async function examine(findings: Findings, options: Examination): Promise<void> {
  const { url, key, token, loaded } = options;
  const from = key === undefined ? loaded && { config: loaded } : { file: key };
  const identity = from && (await checkKey(findings, from));
  const node = identity && (await checkWorker(findings, url, identity, loaded?.meshId));
  const status = node && (await checkStatus(findings, node));
  if (node) await checkToken(findings, url, token);
  if (status) await checkMesh(findings, node, status);
  await examineOrigin(findings, options, node, status);
  if (node && status) {
    await checkLookup(findings, node, await firstDomain(node), token);
  }
}

async function examineOrigin(
  findings: Findings,
  { loaded, originUrl, token }: Examination,
  node: OwnNode | undefined,
  status: NodeStatus | undefined,
): Promise<void> {
  const own = status?.membership?.members.find((member) => member.node === status.node);
  if (loaded) {
    const report = await checkOwnOrigin(findings, loaded, originUrl);
    if (report && node) {
      await checkProvisioned(findings, node, report, own);
      await checkSecrets(findings, node.url, report, token);
    }
  }
  if (node && status) await checkAdvertisedOrigin(findings, node, own);
}

async function firstDomain(node: OwnNode): Promise<DomainId | undefined> {
  // Before there are members there is nothing to look up, and the check of members said so.
  const list = await node.read("/v1/domains", domainListSchema).catch(() => undefined);
  return list?.domains[0]?.id;
}

const MARK = { ok: "ok  ", warn: "warn", fail: "FAIL", skipped: "-   " } as const;

function printCheck({ check, status, message, hint }: Check): void {
  printText(printable(`${MARK[status]}  ${check}: ${message}`));
  if (hint !== undefined) printText(printable(`      -> ${hint}`));
}
