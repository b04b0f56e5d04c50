/** The origin's configuration: JSON with comments, with its secrets in files of their own or in the environment. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { linkConfigSchema } from "./link/index.ts";
import {
  domainSecretsSchema,
  endpointSchema,
  issuesOf,
  meshIdSchema,
  secretKeySchema,
  type DomainSecret,
  type Issue,
  type SecretKey,
} from "../protocol/index.ts";
import { auditConfigSchema } from "./audit/config.ts";
import { parseConfigText } from "./config-text.ts";
import { policySchema } from "./policy/index.ts";
import { sealingConfigSchema, type SealingConfig } from "./sealing/config.ts";
import { resolveSources, sourcesSchema, type SourceConfig } from "./sources/config.ts";

const NODE_KEY_VARIABLE = "OUTCOME_MESH_NODE_KEY";
const OPERATOR_TOKEN_VARIABLE = "OUTCOME_MESH_OPERATOR_TOKEN";
const DOMAIN_SECRETS_VARIABLE = "OUTCOME_MESH_DOMAIN_SECRETS";
/** 16 characters of base64 are 96 bits. */
const TOKEN_MIN_LENGTH = 16;

const filePath = z.string().min(1);
const tokenSchema = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "must be of printable ASCII without spaces")
  .min(TOKEN_MIN_LENGTH, `must have at least ${TOKEN_MIN_LENGTH} characters`);

const listenSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("The address to listen on; `0.0.0.0` for all of the machine's."),
  port: z.int().min(0).max(65_535).default(7100).describe("The port; 0 for any free one."),
});

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The configuration file. Paths in it are relative to it. Every field is described for an administrator:
 * `origin init` writes the commented file from these texts.
 */
export const originConfigSchema = z.strictObject({
  meshId: meshIdSchema.describe("The mesh that this origin belongs to: the hash of its charter."),
  meshUrl: endpointSchema.describe("Base URL of your organisation's own Worker."),
  listen: listenSchema
    .prefault({})
    .describe(
      "Where this origin listens: for you, and for others where the Worker has an ORIGIN_URL. It speaks plain HTTP: let a TLS proxy or tunnel on this machine lead to it.",
    ),
  link: linkConfigSchema
    .prefault({})
    .describe("The connection out to your Worker, over which others' queries come."),
  database: filePath.describe(
    "The SQLite database of your records: a file that is made if it is not there. It and the files beside it (-wal, -shm, -lock) need a local disk.",
  ),
  keyFile: filePath
    .optional()
    .describe(
      `The node's key, as \`outcome-mesh key new\` wrote it; the Worker has the same. Not needed where ${NODE_KEY_VARIABLE} is set.`,
    ),
  operatorTokenFile: filePath
    .optional()
    .describe(
      `What you present to deposit and withdraw outcomes and to read status and metrics. Not needed where ${OPERATOR_TOKEN_VARIABLE} is set.`,
    ),
  domains: z
    .array(filePath)
    .min(1, "needs at least one domain")
    .describe("The domains in which you have outcomes: a document each."),
  domainSecretFiles: z
    .array(filePath)
    .default([])
    .describe(
      `The secrets of keyed domains, as \`outcome-mesh domain key\` wrote them; each belongs to the document that commits to it. ${DOMAIN_SECRETS_VARIABLE} in the environment, with all of them apart by spaces, wins.`,
    ),
  ontologies: z
    .array(filePath)
    .default([])
    .describe("The ontologies that the domains name, compiled by `outcome-mesh ontology compile`."),
  policy: policySchema
    .prefault({})
    .describe("Who is answered, with what, and what the mesh may know of the records."),
  sources: sourcesSchema
    .default([])
    .describe("Your own systems, which the origin reads by itself."),
  sealing: sealingConfigSchema
    .prefault({})
    .describe("End-to-end encryption of queries and answers."),
  audit: auditConfigSchema
    .prefault({})
    .describe("The log of every query and answer, and what of them it keeps."),
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Hosts in private networks that this origin may call nonetheless, as URLs name them.",
    ),
  logLevel: z
    .enum(LOG_LEVELS)
    .default("info")
    .describe(
      "What goes to the log on stderr: `info` has a line for each query, `warn` only what may need your attention. No level ever logs a profile, a result or a record's id.",
    ),
});

/** A configuration that was read: absolute paths, and the secrets themselves. */
export interface OriginConfig extends Omit<
  z.output<typeof originConfigSchema>,
  "keyFile" | "operatorTokenFile" | "domainSecretFiles" | "sealing" | "sources"
> {
  readonly sources: readonly SourceConfig[];
  readonly key: SecretKey;
  readonly operatorToken: string;
  readonly domainSecrets: readonly DomainSecret[];
  readonly sealing: SealingConfig;
}

/** A configuration, or a file that it names, is not usable: `issues` names each offending field. */
export class ConfigError extends Error {
  readonly issues: readonly Issue[];

  constructor(file: string, issues: readonly Issue[]) {
    const lines = issues.map(
      ({ path: at, message }) => `  ${at === "" ? "" : `${at}: `}${message}`,
    );
    super(`${file} is not a usable configuration:\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.issues = issues;
  }
}

/** Reads the configuration file at `path`. Throws a `ConfigError`. The environment's secrets win over files. */
export async function readOriginConfig(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<OriginConfig> {
  const fail = (...issues: Issue[]): never => {
    throw new ConfigError(path, issues);
  };
  const text = await readFile(path, "utf8").catch((error: unknown) => fail(unreadable("", error)));
  const json = parseConfigText(text);
  if (!json.ok) return fail(json.error);
  const parsed = originConfigSchema.safeParse(json.value.value);
  if (!parsed.success) return fail(...issuesOf(parsed.error).map(json.value.locate));
  const { keyFile, operatorTokenFile, domainSecretFiles, sealing, ...settings } = parsed.data;
  const at = (relative: string): string => resolve(dirname(path), relative);

  const secret = async <S extends z.ZodType>(
    schema: S,
    variable: string,
    field: string,
    file: string | undefined,
  ): Promise<z.output<S>> => {
    const fromEnvironment = environment[variable];
    if (fromEnvironment === undefined && file === undefined) {
      return fail({ path: field, message: `is missing, and ${variable} is not set` });
    }
    const value =
      fromEnvironment ??
      (await readFile(at(file ?? ""), "utf8").catch((error: unknown) =>
        fail(unreadable(field, error)),
      ));
    const checked = schema.safeParse(value.trim());
    const source = fromEnvironment === undefined ? field : variable;
    return checked.success ? checked.data : fail(...issuesOf(checked.error, source));
  };

  const domainSecrets = async (): Promise<readonly DomainSecret[]> => {
    const files = environment[DOMAIN_SECRETS_VARIABLE] === undefined ? domainSecretFiles : [""];
    const read = files.map((file, i) =>
      secret(domainSecretsSchema, DOMAIN_SECRETS_VARIABLE, `domainSecretFiles.${i}`, file),
    );
    return (await Promise.all(read)).flat();
  };

  return {
    ...settings,
    database: at(settings.database),
    domains: settings.domains.map(at),
    ontologies: settings.ontologies.map(at),
    sealing: {
      mode: sealing.mode,
      keyFile: at(sealing.keyFile ?? `${settings.database}.sealing-key`),
      previousKeyFiles: sealing.previousKeyFiles.map(at),
    },
    sources: await resolveSources(settings.sources, { at, environment, fail }),
    key: await secret(secretKeySchema, NODE_KEY_VARIABLE, "keyFile", keyFile),
    operatorToken: await secret(
      tokenSchema,
      OPERATOR_TOKEN_VARIABLE,
      "operatorTokenFile",
      operatorTokenFile,
    ),
    domainSecrets: await domainSecrets(),
  };
}

/** Why the file that `field` names can not be read. */
export function unreadable(field: string, error: unknown): Issue {
  const reason = error instanceof Error ? error.message : String(error);
  return { path: field, message: `can not be read: ${reason}` };
}
