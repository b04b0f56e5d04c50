/** `outcome-mesh origin dry-run`: what a requester would receive, and what the mesh would hold, by the policy as it is. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { dryRun, policiesOf, publicationsOf, type DryRun } from "../../../origin/index.ts";
import {
  issuesOf,
  nodeIdSchema,
  originQuerySchema,
  parseJson,
  Refusal,
  type CompiledDomain,
  type OriginQuery,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, purposeName } from "../options.ts";
import { chooseDomain, readConfig, withUsageErrors } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { formatAggregates } from "../print-query.ts";
import { formatTable } from "../table.ts";

interface DryRunOptions {
  readonly config: string;
  readonly as: string;
  readonly purpose?: string;
  readonly domain?: string;
  readonly json?: true;
}

/** Of the domain that is asked about; `--domain` and `--purpose` fill in what the file leaves out. */
const querySchema = originQuerySchema.partial({ domain: true, k: true });
const DEFAULT_K = 10;

export function originDryRunCommand(): Command {
  return new Command("dry-run")
    .description(
      "Show exactly what a requester would receive, and what the mesh would hold about this organisation. Nobody is asked or told, nothing counts against a quota, and the database stays as it is.",
    )
    .argument("<query>", "a file with the query: { profile, k, ... }")
    .requiredOption("--config <file>", "the origin's configuration")
    .requiredOption("--as <member>", "who asks: a node id, or a member's name")
    .option("--purpose <name>", "what the requester says it is for", purposeName)
    .option("--domain <name>", "one of its domains, where the query names none: name, id or file")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin dry-run case.json --config origin.jsonc --as "University Hospital" --purpose treatment
  outcome-mesh origin dry-run case.json --config origin.jsonc --as <node id> --domain pump-faults --json

Exit codes: 0 something would be answered; 1 it would be refused or withheld.`,
    )
    .action(runDryRun);
}

async function runDryRun(file: string, options: DryRunOptions): Promise<void> {
  const config = await readConfig(options.config);
  const given = await readQuery(file);
  const wanted = options.domain ?? given.domain;
  if (wanted === undefined) {
    throw new CliError(`${file} names no domain`, { hint: "name one with --domain" });
  }
  const { chosen, domains } = await chooseDomain(config, wanted);
  const purpose = options.purpose ?? given.purpose;
  const query: OriginQuery = {
    ...given,
    domain: chosen.id,
    k: given.k ?? DEFAULT_K,
    ...(purpose !== undefined && { purpose }),
  };
  const node = nodeIdSchema.safeParse(options.as);
  const asker = node.success
    ? { node: node.data, name: undefined }
    : { node: undefined, name: options.as };
  const policies = await withUsageErrors(() => policiesOf(config, domains));
  const publications = publicationsOf(policies);
  const { database } = config;
  const run = await attempt(file, () =>
    dryRun({ database, domains, policies, publications, asker, query, now: Date.now }),
  );
  if (options.json) printJson({ as: options.as, query, ...run });
  else printText(formatDryRun(run, chosen, options.as));
  const { outcome } = run.answer.decision;
  if (outcome === "refused" || outcome === "withheld") process.exitCode = EXIT.negative;
}

async function readQuery(file: string) {
  const json = parseJson(await readFile(file, "utf8"));
  const hint = 'a query is one JSON object, such as {"profile":{"age":61},"k":10}';
  if (!json.ok) throw new CliError(`${file} is not a query`, { issues: [json.error], hint });
  const query = querySchema.safeParse(json.value);
  if (query.success) return query.data;
  throw new CliError(`${file} is not a query`, { issues: issuesOf(query.error), hint });
}

async function attempt(file: string, run: () => Promise<DryRun>): Promise<DryRun> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const issues = error.details.errors ?? [];
    throw new CliError(`${file} does not fit the domain: ${error.message}`, { issues });
  }
}

function formatDryRun(
  { answer, published }: DryRun,
  { domain }: CompiledDomain,
  as: string,
): string {
  const { decision, results, aggregate, warnings, usedToday, perDay } = answer;
  const released = results.map((result) => [
    result.score.toFixed(3),
    ...[...domain.intervention, ...domain.result].map(({ name }) =>
      String(result.intervention[name] ?? result.result[name] ?? ""),
    ),
    result.observedAt ?? "",
  ]);
  const columns = [...domain.intervention, ...domain.result].map(({ name }) => name);
  return [
    `As ${as}: ${decision.outcome}\n${decision.reasons.map((reason) => `  ${reason}`).join("\n")}`,
    `${usedToday} of ${perDay} queries used today; this one is not counted.`,
    ...(released.length > 0 ? [formatTable(["similarity", ...columns, "observed"], released)] : []),
    ...(aggregate && aggregate.cells.length > 0
      ? [formatAggregates([{ organisation: "this origin", aggregate }], domain)]
      : []),
    ...warnings.map(({ path, message }) => `warning: ${path === "" ? "" : `${path} `}${message}`),
    formatPublished(published),
  ].join("\n\n");
}

function formatPublished(published: DryRun["published"]): string {
  const table = formatTable(
    ["the mesh would hold of", "entries", "smallest count", "largest count", "of them decoys"],
    published.map(({ name, entries }) => {
      const counts = entries.map(({ count }) => count);
      return [
        name,
        String(entries.length),
        entries.length > 0 ? String(counts.reduce((a, b) => Math.min(a, b))) : "",
        entries.length > 0 ? String(counts.reduce((a, b) => Math.max(a, b))) : "",
        String(entries.filter(({ isDecoy }) => isDecoy).length),
      ];
    }),
  );
  return `${table}\nEach entry is a signature and a count; --json lists them.`;
}
