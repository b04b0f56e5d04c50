/** What a source of records is, and which loader reads a file. */
import type { CompiledDomain, Issue } from "../../protocol/index.ts";
import { readCsv } from "./csv.ts";
import type { CsvMapping } from "./csv-mapping.ts";
import { readJsonArray } from "./json-array.ts";
import { readNdjson } from "./ndjson.ts";
import { phenopacketRows } from "./phenopackets.ts";

/** A record as the source has it, not yet checked against the domain. */
export interface RawRow {
  /** Where the record begins, counted from 1. */
  readonly line: number;
  readonly raw: unknown;
  /** What the loader had to leave out. */
  readonly warnings?: readonly Issue[];
}

/** A line that can not be read, and why. */
export interface BrokenRow {
  readonly line: number;
  readonly id?: string;
  readonly issues: readonly Issue[];
}

export type SourceRow = RawRow | BrokenRow;

export type SourceFormat = "ndjson" | "json" | "csv" | "phenopackets";

export interface SourceOptions {
  /** Defaults to what the file's name ends with; Phenopackets must be named as such. */
  readonly format?: SourceFormat | undefined;
  /** Which column of a CSV file is what; required for CSV. */
  readonly mapping?: CsvMapping | undefined;
}

/**
 * Reads records for `compiled` from a file: `.ndjson` or `.jsonl`, `.json` (an array), `.csv`, each also
 * compressed with gzip. Throws on a name that says no format, and on CSV without a mapping.
 *
 * @example
 * const rows = openSource("cases.csv", domain, { mapping: await readCsvMapping("columns.json") });
 * const report = await loadRecords(store, domain, rows);
 */
export function openSource(
  path: string,
  compiled: CompiledDomain,
  options: SourceOptions = {},
): AsyncIterable<SourceRow> {
  const format = options.format ?? formatOf(path);
  switch (format) {
    case "ndjson":
      return readNdjson(path);
    case "json":
      return readJsonArray(path);
    case "csv":
      if (!options.mapping) throw new Error(`${path} is CSV: it needs a column mapping`);
      return readCsv(path, options.mapping);
    case "phenopackets":
      return phenopacketRows(
        isJson(path) ? readJsonArray(path) : readNdjson(path),
        compiled.domain,
      );
  }
}

function formatOf(path: string): SourceFormat {
  if (isJson(path)) return "json";
  const ending = /\.(ndjson|jsonl|csv)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "csv") return "csv";
  if (ending !== undefined) return "ndjson";
  throw new Error(`${path} does not say its format: name one of ndjson, json, csv, phenopackets`);
}

function isJson(path: string): boolean {
  return /\.json(\.gz)?$/i.test(path);
}
