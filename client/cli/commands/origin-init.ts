/** `outcome-mesh origin init`: the configuration of a new origin, with comments, and what it names. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command, Option } from "commander";
import { originConfigSchema, writeConfigTemplate } from "../../../origin/index.ts";
import {
  issuesOf,
  openIdentity,
  secretKeyFrom,
  type Identity,
  type MeshId,
  type SecretKey,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { readKey } from "../mesh/files.ts";
import { readJoinBasis } from "../mesh/join-basis.ts";
import { endpoint, files } from "../mesh/options.ts";
import { openOwnNode } from "../mesh/own-node.ts";
import { jsonOption } from "../options.ts";
import {
  nameIn,
  newToken,
  placeIn,
  writeNewFiles,
  type NewFile,
  type WrittenFile,
} from "../origin/init-files.ts";
import { settings, withSettings, type Setting } from "../origin/init-values.ts";
import { printJson, printText } from "../output.ts";
import { readCompiledDomain } from "../read-files.ts";
import { formatTable } from "../table.ts";

interface OriginInitOptions {
  readonly dir: string;
  readonly meshUrl: string;
  readonly charter?: string;
  readonly invitation?: string;
  readonly key?: string;
  readonly domain: readonly string[];
  readonly ontology: readonly string[];
  readonly domainSecretFile: readonly string[];
  readonly set: readonly Setting[];
  readonly json?: true;
}

const CONFIG_NAME = "origin.jsonc";
const KEY_NAME = "node.key";
const TOKEN_NAME = "operator.token";
const HEADER = `Configuration of an Outcome Mesh origin: JSON with comments. Written by \`outcome-mesh origin init\`, and yours from now on.
Paths are relative to this file. A field that is commented out has the value that stands there.`;

export function originInitCommand(): Command {
  return new Command("init")
    .description(
      "Write the configuration of a new origin, with every field explained, beside copies of its domains and the secrets that are missing. Overwrites nothing.",
    )
    .option("--dir <directory>", "where to; it is made if it is not there", ".")
    .requiredOption("--mesh-url <url>", "your organisation's own Worker", endpoint)
    .addOption(
      new Option(
        "--charter <file>",
        "the mesh's charter; without it, the Worker is asked",
      ).conflicts("invitation"),
    )
    .option("--invitation <file>", "your invitation to the mesh, in place of its charter")
    .option(
      "--key <file>",
      `the node's key, which stays where it is (default: ${KEY_NAME} in the directory, a new one if there is none)`,
    )
    .requiredOption("--domain <file>", "a domain; may be repeated", files)
    .option(
      "--ontology <file>",
      "a compiled ontology that a domain names; may be repeated",
      files,
      [],
    )
    .option(
      "--domain-secret-file <file>",
      "the secret of a keyed domain, which stays where it is; may be repeated",
      files,
      [],
    )
    .option(
      "--set <field=value>",
      "a field of the configuration, such as listen.port=7200; may be repeated",
      settings,
      [],
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin init --dir origin --mesh-url https://mesh.example.org --invitation invitation.json \\
    --key node.key --domain pump-faults.json
  outcome-mesh origin init --dir /etc/outcome-mesh --mesh-url https://mesh.example.org --charter charter.json \\
    --domain pump-faults.json --set database=/var/lib/outcome-mesh/origin.sqlite --set policy.minimumGroupSize=50 --set "sources=$(cat sources.json)"`,
    )
    .action(runOriginInit);
}

async function runOriginInit(options: OriginInitOptions): Promise<void> {
  const { dir, domain: domains, ontology: ontologies, domainSecretFile: secrets, json } = options;
  for (const file of domains) await readCompiledDomain(file, ontologies, secrets);
  const copies = [...domains, ...ontologies].map((from) => ({
    from,
    to: placeIn(dir, from, basename(from)),
  }));
  const named = (list: readonly string[]): string[] =>
    list.map((file) => nameIn(dir, placeIn(dir, file, basename(file))));
  const { identity, keyFile, newKey } = await prepareKey(options);
  const mesh = await meshOf(options, identity);
  const configFile = join(dir, CONFIG_NAME);
  const tokenFile = join(dir, TOKEN_NAME);
  const values = withSettings(
    {
      meshId: mesh,
      meshUrl: options.meshUrl,
      database: "origin.sqlite",
      keyFile: nameIn(dir, keyFile),
      operatorTokenFile: TOKEN_NAME,
      domains: named(domains),
      ...(secrets.length > 0 && { domainSecretFiles: secrets.map((file) => nameIn(dir, file)) }),
      ...(ontologies.length > 0 && { ontologies: named(ontologies) }),
    },
    options.set,
  );
  const checked = originConfigSchema.safeParse(values);
  if (!checked.success) {
    throw new CliError("that makes no usable configuration", {
      issues: issuesOf(checked.error),
      hint: "the fields are those of the file that `origin init` writes without --set",
    });
  }
  const content = writeConfigTemplate(originConfigSchema, HEADER, values);
  const planned: NewFile[] = [
    { path: configFile, content },
    ...(await Promise.all(
      copies.map(async ({ from, to }) => ({ path: to, content: await readFile(from) })),
    )),
    { path: tokenFile, content: `${newToken()}\n`, isSecret: true },
    ...(newKey === undefined ? [] : [{ path: keyFile, content: `${newKey}\n`, isSecret: true }]),
  ];
  const written = await writeNewFiles(planned);
  const { node, publicKey } = identity;
  const hasSources = checked.data.sources.length > 0;
  const next = nextSteps(configFile, keyFile, { ...options, hasSources });
  if (json) printJson({ config: configFile, mesh, node, publicKey, files: written, next });
  else printText(describe(mesh, identity, written, next));
}

/** The key that is named or lies there, or a new one, which is not written yet. */
async function prepareKey({
  key,
  dir,
}: OriginInitOptions): Promise<{ identity: Identity; keyFile: string; newKey?: SecretKey }> {
  const keyFile = key ?? join(dir, KEY_NAME);
  if (key !== undefined || existsSync(keyFile))
    return { identity: await readKey(keyFile), keyFile };
  const newKey = secretKeyFrom(randomBytes(32));
  return { identity: await openIdentity(newKey), keyFile, newKey };
}

/** From the charter or the invitation, which need no one; else as the own Worker says, which must run under the key. */
async function meshOf(
  { charter, invitation, meshUrl }: OriginInitOptions,
  identity: Identity,
): Promise<MeshId> {
  if (charter === undefined && invitation === undefined) {
    return (await openOwnNode(meshUrl, identity)).mesh;
  }
  const sources = {
    ...(charter !== undefined && { charter }),
    ...(invitation !== undefined && { invitation }),
  };
  return (await readJoinBasis({ ...sources, vote: [], peer: [] }, identity)).mesh;
}

function nextSteps(
  config: string,
  key: string,
  {
    meshUrl,
    charter,
    invitation,
    hasSources,
  }: OriginInitOptions & { readonly hasSources: boolean },
): string[] {
  const basis =
    invitation === undefined
      ? `--charter ${charter ?? "charter.json"}`
      : `--invitation ${invitation}`;
  // A Worker that said which mesh it is of has joined it.
  const hasJoined = charter === undefined && invitation === undefined;
  const joining = `outcome-mesh mesh join ${basis} --key ${key} --mesh-url ${meshUrl}`;
  return [
    ...(hasJoined ? [] : [joining]),
    hasSources
      ? `outcome-mesh origin sync --config ${config}`
      : `outcome-mesh origin load records.csv --config ${config} --domain <name> --mapping columns.json`,
    `outcome-mesh origin start --config ${config}`,
    `outcome-mesh origin status --config ${config}`,
  ];
}

function describe(
  mesh: MeshId,
  { node, publicKey }: Identity,
  written: readonly WrittenFile[],
  next: readonly string[],
): string {
  const rows = written.map(({ path, state }) => [path, state]);
  return [
    `mesh id     ${mesh}\nnode id     ${node}\npublic key  ${publicKey}`,
    formatTable(["file", ""], rows),
    `Read ${written[0]?.path ?? CONFIG_NAME}: it explains every field. Next:\n${next.map((line) => `  ${line}`).join("\n")}`,
  ].join("\n\n");
}
