/** Mapping files: of columns for CSV and tables, of FHIRPath for FHIR. */
import { readFile } from "node:fs/promises";
import {
  err,
  issuesOf,
  ok,
  parseJson,
  type Domain,
  type Issue,
  type Result,
} from "../../protocol/index.ts";
import { csvMappingSchema, type CsvMapping } from "./csv-mapping.ts";
import { compileFhirMapping, type FhirMapping } from "./fhir-mapping.ts";

export type Mapping = CsvMapping | FhirMapping;

/** Reads a mapping file. The issues name each offending field; throws the system's error if it can not be read. */
export async function readMapping(
  path: string,
  kind: Mapping["kind"],
  domain: Domain,
): Promise<Result<Mapping, readonly Issue[]>> {
  const json = parseJson(await readFile(path, "utf8"));
  if (!json.ok) return err([json.error]);
  if (kind === "fhir") return compileFhirMapping(json.value, domain);
  const parsed = csvMappingSchema.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : err(issuesOf(parsed.error));
}
