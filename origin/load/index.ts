/** Loading records from files. */
export {
  csvMappingSchema,
  findColumns,
  mapRow,
  type Cell,
  type CsvColumn,
  type CsvMapping,
  type MappedColumn,
} from "./csv-mapping.ts";
export type { FhirMapping } from "./fhir-mapping.ts";
export { idOf, loadRecords, type LoadProgress, type LoadReport } from "./load-records.ts";
export { readMapping, type Mapping } from "./mapping.ts";
export {
  formatOf,
  openSource,
  SOURCE_FORMATS,
  type BrokenRow,
  type RawRow,
  type SourceFormat,
  type SourceOptions,
  type SourceRow,
} from "./source.ts";
