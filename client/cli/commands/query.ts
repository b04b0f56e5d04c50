/** `outcome-mesh query`: asks the mesh through a gateway. */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  DEADLINE_MAX_MS,
  domainIdOf,
  domainIdSchema,
  issuesOf,
  K_MAX,
  ORIGINS_MAX,
  parseJson,
  profileSchema,
  querySettingsSchema,
  type Domain,
  type Profile,
  type QueryResponse,
} from "../../../protocol/index.ts";
import { createClient, synthesize, type Client, type QueryRun } from "../../index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { gatewayError } from "../gateway-errors.ts";
import { writeDocument } from "../mesh/files.ts";
import {
  baseUrl,
  bearerToken,
  domainSecretOption,
  jsonOption,
  purposeName,
  wholeNumber,
} from "../options.ts";
import { printJson, printText } from "../output.ts";
import { formatQuery } from "../print-query.ts";
import { createProgress } from "../progress.ts";
import { readDomain, readDomainSecrets } from "../read-files.ts";
import { formatIssue } from "../report-error.ts";

interface QueryOptions {
  readonly gateway: string;
  readonly token: string;
  readonly domain: string;
  readonly profile: string;
  readonly k: number;
  readonly maxOrigins: number;
  readonly deadline: number;
  readonly purpose?: string;
  readonly exhaustive?: boolean;
  readonly private?: true;
  readonly domainSecretFile: readonly string[];
  readonly features?: true;
  readonly receipts?: string;
  readonly json?: true;
}

const DEFAULTS = querySettingsSchema.parse({});
/** Beyond the deadline that the gateway keeps: it may be far away. */
const GRACE_MS = 10_000;

export function queryCommand(): Command {
  return new Command("query")
    .description(
      "Ask the mesh for cases similar to a profile: one ranking over all organisations, what became of each origin that was found, and a synthesis of the outcomes.",
    )
    .requiredOption("--gateway <url>", "your organisation's Worker", baseUrl)
    .addOption(
      new Option("--token <token>", "its requester token")
        .env("OUTCOME_MESH_TOKEN")
        .argParser(bearerToken)
        .makeOptionMandatory(),
    )
    .requiredOption("--domain <id|file>", "the domain: its id, or its document")
    .requiredOption("--profile <json|@file>", "what to look for")
    .option("-k <n>", "outcomes in the ranking", wholeNumber(1, K_MAX), DEFAULTS.k)
    .option(
      "--max-origins <n>",
      "origins to ask at most",
      wholeNumber(1, ORIGINS_MAX),
      DEFAULTS.maxOrigins,
    )
    .option(
      "--deadline <ms>",
      "milliseconds that the query may take",
      wholeNumber(100, DEADLINE_MAX_MS),
      DEFAULTS.deadlineMs,
    )
    .option("--purpose <name>", "what the answer is for; origins' policies may ask", purposeName)
    .option("--exhaustive", "ask on, even where no origin can improve the ranking any more")
    .option("--private", "hide the profile from the gateway: call the origins from here")
    .addOption(domainSecretOption())
    .option("--features", "show the similarity of each feature")
    .option(
      "--receipts <directory>",
      "keep the origins' receipts there, which prove what was asked and answered",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh query --gateway https://mesh.example.org --domain pump-faults.json \\
    --profile '{"symptoms":["cavitation"],"vibration":7.1}'
  outcome-mesh query --gateway https://mesh.example.org --domain pump-faults.json --profile @case.json --private --json
  outcome-mesh query --gateway https://mesh.example.org --domain pump-faults.json --profile @case.json --receipts receipts
  outcome-mesh query --gateway https://mesh.example.org --domain pump-faults.epoch-1.json --profile @case.json \\
    --private --domain-secret-file pump-faults.epoch-1.secret

Exit codes: 0 all that was asked answered; 1 nothing similar was found; 3 a part of the mesh did not answer,
so the ranking may lack something.`,
    )
    .action(runQuery);
}

async function runQuery(options: QueryOptions): Promise<void> {
  const profile = await readProfile(options.profile);
  const client = createClient({
    gateway: options.gateway,
    token: options.token,
    domainSecrets: await secretsOf(options),
  });
  try {
    const { id, domain } = await openDomain(client, options.domain);
    const response = await follow(await start(client, id, profile, options), options.maxOrigins);
    if (options.receipts !== undefined) await keepReceipts(options.receipts, response);
    const synthesis = synthesize(response.ranking, domain, response.origins);
    if (options.json) {
      printJson({ response, synthesis });
    } else {
      const warnings = response.warnings.map((warning) => `warning: ${formatIssue(warning)}\n`);
      process.stderr.write(warnings.join(""));
      printText(formatQuery({ response, synthesis, domain, features: options.features ?? false }));
    }
    process.exitCode = exitCodeOf(response);
  } catch (error) {
    throw gatewayError(error, options.gateway);
  }
}

async function readProfile(given: string): Promise<Profile> {
  const isFile = given.startsWith("@");
  const what = isFile ? given.slice(1) : "--profile";
  const json = parseJson(isFile ? await readFile(what, "utf8") : given);
  const hint = `a profile is one JSON object, such as '{"age":61}', or @FILE`;
  if (!json.ok) throw new CliError(`${what} is not a profile`, { issues: [json.error], hint });
  const profile = profileSchema.safeParse(json.value);
  if (profile.success) return profile.data;
  throw new CliError(`${what} is not a profile`, { issues: issuesOf(profile.error), hint });
}

/** For whoever computes the signature: without --private that is the Worker, which has secrets of its own. */
async function secretsOf({
  private: isPrivate,
  domainSecretFile: paths,
}: QueryOptions): Promise<readonly string[]> {
  if (paths.length > 0 && !isPrivate) {
    throw new CliError("--domain-secret-file has no use without --private", {
      hint: "without --private the Worker computes the signature, with the secrets that it has",
    });
  }
  return readDomainSecrets(paths);
}

async function openDomain(
  client: Client,
  given: string,
): Promise<{ readonly id: string; readonly domain: Domain }> {
  if (existsSync(given)) {
    const domain = await readDomain(given);
    return { id: domainIdOf(domain), domain };
  }
  const id = domainIdSchema.safeParse(given);
  if (id.success) return { id: id.data, domain: await client.domain(id.data) };
  throw new CliError(`--domain ${given} is neither a file nor a domain's id`, {
    hint: "`outcome-mesh domain check FILE` prints a domain's id",
  });
}

async function start(
  client: Client,
  id: string,
  profile: Profile,
  { k, maxOrigins, deadline, purpose, exhaustive = false, private: isPrivate }: QueryOptions,
): Promise<QueryRun> {
  const settings = {
    k,
    maxOrigins,
    deadlineMs: deadline,
    exhaustive,
    ...(purpose !== undefined && { purpose }),
  };
  const signal = AbortSignal.timeout(deadline + GRACE_MS);
  if (isPrivate) {
    const domain = await client.compile(id);
    return client.queryPrivately({ domain, profile, ...settings }, { signal });
  }
  return client.query({ domain: domainIdSchema.parse(id), profile, ...settings }, { signal });
}

/** Shows how far the query is until it is done. */
async function follow(run: QueryRun, maxOrigins: number): Promise<QueryResponse> {
  const progress = createProgress();
  let asked = 0;
  let answered = 0;
  try {
    progress.report("looking up origins", 0, 1);
    for await (const event of run) {
      if (event.type === "route") asked = Math.min(event.origins.length, maxOrigins);
      if (event.type === "origin") answered += 1;
      progress.report("asking origins", answered, asked);
    }
    return await run.response();
  } finally {
    progress.end();
  }
}

/** Writes one file a receipt, named by its node and its place in that node's log. */
async function keepReceipts(directory: string, { origins }: QueryResponse): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { node, receipt } of origins) {
    if (!receipt) continue;
    const path = join(directory, `${node}-${receipt.entry.index}.json`);
    await writeDocument(path, receipt, { replace: true });
  }
}

function exitCodeOf({ ranking, origins, coverage }: QueryResponse): ExitCode {
  const isComplete =
    coverage.slotsAnswered === coverage.slotsAsked &&
    coverage.originsAnswered === coverage.originsAsked;
  if (!isComplete) return EXIT.partial;
  const hasEvidence =
    ranking.length > 0 || origins.some(({ aggregate }) => aggregate && aggregate.cells.length > 0);
  return hasEvidence ? EXIT.ok : EXIT.negative;
}
