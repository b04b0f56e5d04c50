/** The options that say how a file of records is read. */
import { existsSync } from "node:fs";
import { Option } from "commander";
import {
  openSource,
  readCsvMapping,
  type CsvMapping,
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
    "ndjson",
    "json",
    "csv",
    "phenopackets",
  ]);
}

export function mappingOption(): Option {
  return new Option("--mapping <file>", "which column is what, as JSON; needed for CSV");
}

export async function openRecords(
  path: string,
  compiled: CompiledDomain,
  { format, mapping: mappingPath }: SourceFlags,
): Promise<AsyncIterable<SourceRow>> {
  const mapping = await readMapping(mappingPath);
  if (!existsSync(path)) throw new CliError(`${path} is not there`, { hint: "check the path" });
  try {
    return openSource(path, compiled, { format, mapping });
  } catch (error) {
    const isCsv = error instanceof Error && error.message.includes("column mapping");
    throw new CliError(error instanceof Error ? error.message : String(error), {
      hint: isCsv ? "give it with --mapping FILE" : "give it with --format",
      cause: error,
    });
  }
}

async function readMapping(path: string | undefined): Promise<CsvMapping | undefined> {
  if (path === undefined) return undefined;
  const mapping = await readCsvMapping(path);
  if (mapping.ok) return mapping.value;
  throw new CliError(`${path} is not a column mapping`, { issues: mapping.error });
}
