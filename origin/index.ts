/** The origin's public names. */
export {
  ConfigError,
  originConfigSchema,
  readOriginConfig,
  type OriginConfig,
  type OriginPolicy,
} from "./config.ts";
export { loadDomains, type LoadedDomains } from "./domains.ts";
export {
  csvMappingSchema,
  loadRecords,
  openSource,
  readCsvMapping,
  type CsvMapping,
  type LoadProgress,
  type LoadReport,
  type SourceFormat,
  type SourceOptions,
  type SourceRow,
} from "./load/index.ts";
export { startLink, type LinkReport, type RunningLink } from "./link/index.ts";
export type { MissingNode, Publication } from "./mesh/index.ts";
export { statusReportSchema, type StatusReport } from "./routes/status.ts";
export { startOrigin, type RunningOrigin } from "./start.ts";
export { openStore, type Store, type StoreOptions } from "./store/index.ts";
