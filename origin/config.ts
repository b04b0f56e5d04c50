/** The origin's configuration: a JSON file, with the two secrets in files of their own or in the environment. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import {
  endpointSchema,
  issuesOf,
  meshIdSchema,
  parseJson,
  secretKeySchema,
  type Issue,
  type SecretKey,
} from "../protocol/index.ts";
import { policySchema } from "./policy/index.ts";

const NODE_KEY_VARIABLE = "OUTCOME_MESH_NODE_KEY";
const OPERATOR_TOKEN_VARIABLE = "OUTCOME_MESH_OPERATOR_TOKEN";
/** 16 characters of base64 are 96 bits. */
const TOKEN_MIN_LENGTH = 16;

const filePath = z.string().min(1);
const tokenSchema = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "must be of printable ASCII without spaces")
  .min(TOKEN_MIN_LENGTH, `must have at least ${TOKEN_MIN_LENGTH} characters`);

/** The configuration file. Paths in it are relative to it. */
export const originConfigSchema = z.strictObject({
  meshId: meshIdSchema,
  /** Base URL of this organisation's own Worker. */
  meshUrl: endpointSchema,
  listen: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      /** 0 for any free port. */
      port: z.int().min(0).max(65_535).default(7100),
    })
    .default({ host: "127.0.0.1", port: 7100 }),
  database: filePath,
  /** The node's 32-byte seed as base64url; not needed where the environment has it. */
  keyFile: filePath.optional(),
  /** What the operator's requests carry; not needed where the environment has it. */
  operatorTokenFile: filePath.optional(),
  domains: z.array(filePath).min(1, "needs at least one domain"),
  /** Compiled ontologies. */
  ontologies: z.array(filePath).default([]),
  policy: policySchema
    .prefault({})
    .describe("Who is answered, with what, and what the mesh may know of the records."),
  /** Hosts, as URLs name them, that are not public, and that this origin may call nonetheless. */
  allowedHosts: z.array(z.string().min(1)).default([]),
  /** `info` logs each query that is refused, too. */
  logLevel: z.enum(["info", "error"]).default("info"),
});

/** A configuration that was read: absolute paths, and the secrets themselves. */
export interface OriginConfig extends Omit<
  z.output<typeof originConfigSchema>,
  "keyFile" | "operatorTokenFile"
> {
  readonly key: SecretKey;
  readonly operatorToken: string;
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
  const json = parseJson(text);
  if (!json.ok) return fail(json.error);
  const parsed = originConfigSchema.safeParse(json.value);
  if (!parsed.success) return fail(...issuesOf(parsed.error));
  const { keyFile, operatorTokenFile, ...settings } = parsed.data;
  const at = (relative: string): string => resolve(dirname(path), relative);

  const secret = async <S extends z.ZodType<string>>(
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

  return {
    ...settings,
    database: at(settings.database),
    domains: settings.domains.map(at),
    ontologies: settings.ontologies.map(at),
    key: await secret(secretKeySchema, NODE_KEY_VARIABLE, "keyFile", keyFile),
    operatorToken: await secret(
      tokenSchema,
      OPERATOR_TOKEN_VARIABLE,
      "operatorTokenFile",
      operatorTokenFile,
    ),
  };
}

/** Why the file that `field` names can not be read. */
export function unreadable(field: string, error: unknown): Issue {
  const reason = error instanceof Error ? error.message : String(error);
  return { path: field, message: `can not be read: ${reason}` };
}
