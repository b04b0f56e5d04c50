/** Loading records from files. */
export {
  csvMappingSchema,
  readCsvMapping,
  type CsvColumn,
  type CsvMapping,
} from "./csv-mapping.ts";
export { loadRecords, type LoadProgress, type LoadReport } from "./load-records.ts";
export {
  openSource,
  type BrokenRow,
  type RawRow,
  type SourceFormat,
  type SourceOptions,
  type SourceRow,
} from "./source.ts";
