/** The options that say how a file of records is read. */
import { existsSync } from "node:fs";
import { Option } from "commander";
import {
  openSource,
  readMapping,
  SOURCE_FORMATS,
  type Mapping,
  type SourceFormat,
  type SourceRow,
} from "../../origin/index.ts";
import type { CompiledDomain } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";

export interface SourceFlags {
  readonly format?: SourceFormat;
  readonly mapping?: string;
}

export function formatOption(): Option {
  return new Option("--format <format>", "what the file is, where its name does not say").choices([
    ...SOURCE_FORMATS,
  ]);
}

export function mappingOption(): Option {
  return new Option(
    "--mapping <file>",
    "which column or element is what, as JSON; needed for CSV and FHIR",
  );
}

export async function openRecords(
  path: string,
  compiled: CompiledDomain,
  { format, mapping: mappingPath }: SourceFlags,
): Promise<AsyncIterable<SourceRow>> {
  const kind = format === "fhir" ? "fhir" : "csv";
  const mapping = await readMappingFile(mappingPath, kind, compiled);
  if (!existsSync(path)) throw new CliError(`${path} is not there`, { hint: "check the path" });
  try {
    return openSource(path, compiled, { format, mapping });
  } catch (error) {
    const isMapped = error instanceof Error && error.message.includes("mapping");
    throw new CliError(error instanceof Error ? error.message : String(error), {
      hint: isMapped ? "give it with --mapping FILE" : "give it with --format",
      cause: error,
    });
  }
}

async function readMappingFile(
  path: string | undefined,
  kind: Mapping["kind"],
  { domain }: CompiledDomain,
): Promise<Mapping | undefined> {
  if (path === undefined) return undefined;
  const mapping = await readMapping(path, kind, domain);
  if (mapping.ok) return mapping.value;
  const what = kind === "csv" ? "a column mapping" : "a FHIRPath mapping";
  throw new CliError(`${path} is not ${what}`, { issues: mapping.error });
}
