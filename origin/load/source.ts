/** What a source of records is, and which loader reads a file. */
import type { CompiledDomain, Issue } from "../../protocol/index.ts";
import { readCsv } from "./csv.ts";
import { fhirRows } from "./fhir.ts";
import { readJsonArray } from "./json-array.ts";
import type { Mapping } from "./mapping.ts";
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

export const SOURCE_FORMATS = ["ndjson", "json", "csv", "phenopackets", "fhir"] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

export interface SourceOptions {
  /** Defaults to what the file's name ends with; Phenopackets and FHIR must be named as such. */
  readonly format?: SourceFormat | undefined;
  /** Which column or element is what; required for CSV and FHIR. */
  readonly mapping?: Mapping | undefined;
}

/**
 * Reads records for `compiled` from a file: `.ndjson` or `.jsonl`, `.json` (an array), `.csv`, each also
 * compressed with gzip. Throws on a name that says no format, and on CSV or FHIR without its mapping.
 *
 * @example
 * const mapping = await readMapping("columns.json", "csv", domain.domain);
 * const rows = openSource("cases.csv", domain, { mapping: mapping.ok ? mapping.value : undefined });
 * const report = await loadRecords(store, domain, rows);
 */
export function openSource(
  path: string,
  compiled: CompiledDomain,
  options: SourceOptions = {},
): AsyncIterable<SourceRow> {
  const format = options.format ?? formatOf(path);
  const { mapping } = options;
  switch (format) {
    case undefined:
      throw new Error(`${path} does not say its format: name one of ${SOURCE_FORMATS.join(", ")}`);
    case "ndjson":
      return readNdjson(path);
    case "json":
      return readJsonArray(path);
    case "csv":
      if (mapping?.kind !== "csv") throw new Error(`${path} is CSV: it needs a column mapping`);
      return readCsv(path, mapping);
    case "phenopackets":
      return phenopacketRows(readDocuments(path), compiled.domain);
    case "fhir":
      if (mapping?.kind !== "fhir") throw new Error(`${path} is FHIR: it needs a FHIRPath mapping`);
      return fhirRows(readDocuments(path), mapping);
  }
}

function readDocuments(path: string): AsyncIterable<SourceRow> {
  return isJson(path) ? readJsonArray(path) : readNdjson(path);
}

/** What the file's name says, if it does. */
export function formatOf(path: string): SourceFormat | undefined {
  if (isJson(path)) return "json";
  const ending = /\.(ndjson|jsonl|csv)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  if (ending === "csv") return "csv";
  return ending === undefined ? undefined : "ndjson";
}

function isJson(path: string): boolean {
  return /\.json(\.gz)?$/i.test(path);
}
