/** `outcome-mesh mesh join`: from a key and an invitation to a running member. Can be repeated until it is done. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { PACKAGE_ROOT } from "../../../origin/package.ts";
import { type Identity } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { describeAdmission, describeVoters } from "../mesh/admission.ts";
import {
  deployCommands,
  sectionOf,
  variablesOf,
  writeSection,
  type Deployment,
} from "../mesh/deployment.ts";
import { formatMoment } from "../mesh/duration.ts";
import { readKey } from "../mesh/files.ts";
import { readJoinBasis, type JoinBasis } from "../mesh/join-basis.ts";
import { joinMesh, type JoinOutcome } from "../mesh/join.ts";
import { endpoint, endpoints, files, keyOption } from "../mesh/options.ts";
import { openOwnNode, type OwnNode } from "../mesh/own-node.ts";
import { jsonOption, wholeNumber } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";
import { printable } from "../table.ts";

interface MeshJoinOptions {
  readonly invitation?: string;
  readonly charter?: string;
  readonly vote: readonly string[];
  readonly peer: readonly string[];
  readonly key: string;
  readonly meshUrl: string;
  readonly originUrl?: string;
  readonly name?: string;
  readonly env: string;
  readonly writeEnv?: string | true;
  readonly wait: number;
  readonly json?: true;
}

const WRANGLER_TOML = join(PACKAGE_ROOT, "wrangler.toml");

export function meshJoinCommand(): Command {
  return new Command("join")
    .description(
      "Make your node a member. Checks the invitation without asking anyone, says what to put into wrangler.toml and how to deploy; once your Worker runs, gives it the mesh's charter, tells a member of it, and waits until the mesh has taken it in. Run it again until it says that it is done.",
    )
    .option("--invitation <file>", "what you were sent")
    .option("--charter <file>", "for a founder: the complete charter")
    .option(
      "--vote <file>",
      "a vote for you, as `mesh vouch --out` wrote it; may be repeated",
      files,
      [],
    )
    .option("--peer <url>", "a member's Worker to join through; may be repeated", endpoints, [])
    .addOption(keyOption().makeOptionMandatory())
    .requiredOption("--mesh-url <url>", "where others will reach your Worker", endpoint)
    .option("--origin-url <url>", "where others will reach your origin, if you have one", endpoint)
    .option("--name <name>", "your organisation (default: the Worker's host)")
    .option("--env <name>", "the environment of wrangler.toml", environmentName, "mesh")
    .addOption(
      new Option("--write-env [file]", "add the section to wrangler.toml instead of printing it"),
    )
    .option("--wait <seconds>", "how long to wait for the mesh", wholeNumber(0, 3600), 120)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh join --invitation invitation.json --key node.key --mesh-url https://mesh.example.org \\
    --origin-url https://origin.example.org --name "Example Hospital" --write-env
  outcome-mesh mesh join --charter charter.json --key node.key --mesh-url https://mesh.example.org

Exit codes: 0 your node is a member; 1 the invitation is not good; 3 not done yet: it says what is missing.`,
    )
    .action(runMeshJoin);
}

async function runMeshJoin(options: MeshJoinOptions): Promise<void> {
  const identity = await readKey(options.key);
  const basis = await readJoinBasis(options, identity);
  const deployment: Deployment = {
    env: options.env,
    mesh: basis.mesh,
    name: options.name ?? new URL(options.meshUrl).hostname,
    meshUrl: options.meshUrl,
    originUrl: options.originUrl,
  };
  if (!options.json) printText(describeBasis(basis, identity));
  if (options.writeEnv !== undefined) {
    await writeSection(options.writeEnv === true ? WRANGLER_TOML : options.writeEnv, deployment);
  }
  const node = await openIfDeployed(options, identity, basis);
  if (!node) {
    process.exitCode = EXIT.partial;
    await printDeployment(deployment, options, identity);
    return;
  }
  const progress = createProgress();
  const waitMs = options.wait * 1000;
  const joined = await joinMesh(node, basis, { progress, waitMs }).finally(progress.end);
  process.exitCode = exitCodeOf(joined);
  if (options.json) {
    printJson({ mesh: basis.mesh, node: identity.node, publicKey: identity.publicKey, ...joined });
  } else {
    printText(`\n${printable(describeOutcome(joined, basis, identity))}`);
  }
}

/** The Worker, if one runs under this key in this mesh; another one there is an error. */
async function openIfDeployed(
  { meshUrl }: MeshJoinOptions,
  identity: Identity,
  { mesh }: JoinBasis,
): Promise<OwnNode | undefined> {
  try {
    return await openOwnNode(meshUrl, identity, mesh);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable) return undefined;
    throw error;
  }
}

function describeBasis(
  { charter, mesh, peers, expiresAt }: JoinBasis,
  { publicKey, node }: Identity,
): string {
  const { name, admission, founders, replicas } = charter.charter;
  const through = peers.length > 0 ? ` through ${peers.join(", ")}` : "";
  const until =
    expiresAt === undefined
      ? ""
      : `\nThe invitation is good; it ends ${formatMoment(expiresAt, Date.now())}.`;
  return [
    `You join ${name}${through}: ${counted(founders.length, "founder")}, ${describeAdmission(admission)}, ${replicas} replicas.`,
    `mesh id     ${mesh}`,
    `node id     ${node}`,
    `public key  ${publicKey}${until}`,
  ]
    .flatMap((text) => text.split("\n").map(printable))
    .join("\n");
}

async function printDeployment(
  deployment: Deployment,
  { json, key, writeEnv }: MeshJoinOptions,
  { node, publicKey }: Identity,
): Promise<void> {
  const commands = deployCommands(deployment, key);
  if (json) {
    printJson({
      mesh: deployment.mesh,
      node,
      publicKey,
      outcome: "not-deployed",
      env: deployment.env,
      variables: variablesOf(deployment),
      commands,
    });
    return;
  }
  const section = sectionOf(await readFile(WRANGLER_TOML, "utf8"), deployment);
  printText(
    [
      `\nNo Worker of yours answers at ${deployment.meshUrl} yet.`,
      ...(writeEnv === undefined
        ? ["Add this to wrangler.toml (or run again with --write-env):", section]
        : []),
      "Then run:",
      commands.map((line) => `  ${line}`).join("\n"),
      "and this command again.",
    ].join("\n\n"),
  );
}

function exitCodeOf({ outcome }: JoinOutcome): ExitCode {
  return outcome === "joined" || outcome === "first" ? EXIT.ok : EXIT.partial;
}

function describeOutcome(
  { outcome, announcements, own, live }: JoinOutcome,
  { charter, statements }: JoinBasis,
  { publicKey }: Identity,
): string {
  const tried = announcements.map(({ peer, ...rest }) =>
    "reason" in rest ? `${peer}: ${rest.reason}` : `${peer}: took it in`,
  );
  switch (outcome) {
    case "joined":
      return `Done: your node is a member, and knows ${counted(live, "live member")}. Check it all with: outcome-mesh doctor`;
    case "first":
      return "Done: your node runs, and is the first of its mesh. The others join with --peer and its address.";
    case "votes-missing": {
      const votes = own?.admittedBy ?? statements.flatMap(byOf);
      const voters = describeVoters(charter.charter, votes);
      return `The mesh does not admit your node yet (${tried.join("; ")}). It takes a vote of ${voters}. Each runs: outcome-mesh mesh vouch ${publicKey} --url <their Worker> --key <their key>. Then run this command again.`;
    }
    case "unreachable":
      return tried.length === 0
        ? "No member is known to join through: name one with --peer URL."
        : `No member could be told of your node (${tried.join("; ")}). Run this command again, or name another member with --peer URL.`;
    case "settling":
      return `The mesh was told, and your node is ${own?.state ?? "not known"} so far, with ${counted(live, "live member")}. Run this command again, or: outcome-mesh doctor`;
  }
}

function byOf(statement: JoinBasis["statements"][number]) {
  return statement.type === "vote" ? [statement.vote.by] : [];
}

function environmentName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,40}$/.test(text) && text !== "example") return text;
  throw new InvalidArgumentError("must be a name such as mesh, of small letters, digits and -");
}
