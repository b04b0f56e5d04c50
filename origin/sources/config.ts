/** The configuration's section `sources`: the institution's own systems that an origin reads by itself. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Issue } from "../../protocol/index.ts";

const PASSWORD_VARIABLE = "OUTCOME_MESH_SOURCE_PASSWORD_";

/** A minute: soon enough for records of outcomes, and no load on the database. */
const EVERY_SECONDS = 60;
const COMPARE_EVERY_HOURS = 24;
/** Longer than transactions of a registry take, and short enough that the rows of that time are few. */
const OVERLAP_SECONDS = 300;
const TIMEOUT_SECONDS = 60;
const DAY_SECONDS = 86_400;
const YEAR_HOURS = 8784;

const columnName = z.string().min(1).max(128);

const commonShape = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be of a-z, 0-9 and -, and begin with a letter")
    .describe(
      "What logs, `origin status` and `origin sync --source` call it; records are tied to it.",
    ),
  domain: z.string().min(1).describe("The domain of its records: the name or the id."),
  everySeconds: z
    .int()
    .min(1)
    .max(DAY_SECONDS)
    .default(EVERY_SECONDS)
    .describe("How often the running origin asks it for changes."),
};

const urlSchema = z
  .string()
  .refine((text) => /^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? ""), {
    error: "must be a URL such as postgresql://mesh_reader@db.example.org:5432/registry",
  })
  .refine((text) => (URL.parse(text)?.password ?? "") === "", {
    error: `must have no password: name a passwordFile, or set ${PASSWORD_VARIABLE}<NAME>`,
  })
  .refine((text) => (URL.parse(text)?.username ?? "") !== "", { error: "must name the user" })
  .refine((text) => (URL.parse(text)?.pathname.length ?? 0) > 1, {
    error: "must name the database",
  })
  .refine((text) => (URL.parse(text)?.search ?? "") === "", {
    error: "must have no parameters: TLS has a field of its own",
  });

const postgresqlSchema = z.strictObject({
  kind: z.literal("postgresql"),
  ...commonShape,
  url: urlSchema.describe(
    "Where the database is: postgresql://USER@HOST:PORT/DATABASE, without a password. The user should have no right but to read.",
  ),
  passwordFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      `File with the user's password; ${PASSWORD_VARIABLE}<NAME> in the environment wins, where the name is in capitals with _ for -.`,
    ),
  tls: z
    .enum(["verify", "off"])
    .default("verify")
    .describe(
      "verify: encrypted, and the server's certificate and name are checked. off: for a server on this machine.",
    ),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe("Certificates (PEM) that sign the server's, where the system's do not."),
  query: z
    .string()
    .min(1)
    .refine((text) => !/;\s*$/.test(text), { error: "must be one SELECT without a semicolon" })
    .describe("The SELECT that gives a row for each record, over your own tables or views."),
  mapping: z
    .string()
    .min(1)
    .describe(
      "File that says which column is which part of a record, as for CSV; see docs/sources.md.",
    ),
  cursor: columnName
    .optional()
    .describe(
      "Column (timestamp or integer) that grows with every change of a row; without it each reading is of all rows.",
    ),
  deleted: columnName
    .optional()
    .describe("Column that marks a row as deleted: true, or for any other type not null."),
  overlapSeconds: z
    .int()
    .min(0)
    .max(DAY_SECONDS)
    .default(OVERLAP_SECONDS)
    .describe(
      "The longest that a transaction which changes rows stays open: for so long rows are read again, so that one that was committed late is not missed.",
    ),
  compareEveryHours: z
    .int()
    .min(1)
    .max(YEAR_HOURS)
    .default(COMPARE_EVERY_HOURS)
    .describe(
      "How often all rows are compared with what the origin holds: records that are gone from the source are removed then.",
    ),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(TIMEOUT_SECONDS)
    .describe("The longest that the database may work on one step of the query."),
});

const fileSchema = z.strictObject({
  kind: z.literal("file"),
  ...commonShape,
  path: z
    .string()
    .min(1)
    .describe(
      "The file; it is read again when it has changed, and what is gone from it is removed.",
    ),
  format: z
    .enum(["ndjson", "json", "csv", "phenopackets", "fhir"])
    .optional()
    .describe("What the file is, where its name does not say."),
  mapping: z.string().min(1).optional().describe("Mapping file; needed for CSV and FHIR."),
});

export const sourcesSchema = z
  .array(z.discriminatedUnion("kind", [postgresqlSchema, fileSchema]))
  .superRefine((sources, context) => {
    for (const [i, { name }] of sources.entries()) {
      if (sources.findIndex((other) => other.name === name) < i) {
        const message = `${name} is the name of another source`;
        context.addIssue({ code: "custom", path: [i, "name"], message });
      }
    }
  });

type ParsedSource = z.output<typeof sourcesSchema>[number];

export type FileSourceConfig = Extract<ParsedSource, { kind: "file" }>;
export type PostgresqlSourceConfig = Omit<
  Extract<ParsedSource, { kind: "postgresql" }>,
  "passwordFile"
> & { readonly password: string | undefined };
/** A source with absolute paths, and its password itself. */
export type SourceConfig = FileSourceConfig | PostgresqlSourceConfig;

export interface SourceResolver {
  /** The absolute path of one that is relative to the configuration file. */
  readonly at: (path: string) => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fail: (issue: Issue) => never;
}

export function resolveSources(
  sources: z.output<typeof sourcesSchema>,
  resolver: SourceResolver,
): Promise<SourceConfig[]> {
  return Promise.all(sources.map((source, i) => resolveSource(source, `sources.${i}`, resolver)));
}

async function resolveSource(
  source: ParsedSource,
  field: string,
  { at, environment, fail }: SourceResolver,
): Promise<SourceConfig> {
  if (source.kind === "file") {
    const { mapping, path, ...rest } = source;
    return { ...rest, path: at(path), ...(mapping !== undefined && { mapping: at(mapping) }) };
  }
  const { passwordFile, caFile, ...rest } = source;
  const variable = PASSWORD_VARIABLE + source.name.toUpperCase().replaceAll("-", "_");
  let password = environment[variable];
  if (password === undefined && passwordFile !== undefined) {
    password = await readFile(at(passwordFile), "utf8").then(
      (text) => text.replace(/\r?\n$/, ""),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        return fail({ path: `${field}.passwordFile`, message: `can not be read: ${reason}` });
      },
    );
  }
  return {
    ...rest,
    mapping: at(rest.mapping),
    password,
    ...(caFile !== undefined && { caFile: at(caFile) }),
  };
}
