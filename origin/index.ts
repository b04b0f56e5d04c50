/** The origin's public names. */
export {
  ConfigError,
  originConfigSchema,
  readOriginConfig,
  type OriginConfig,
  type OriginPolicy,
} from "./config.ts";
export { loadDomains, type LoadedDomains } from "./domains.ts";
export { prepareRecord } from "./prepare-record.ts";
export {
  csvMappingSchema,
  loadRecords,
  openSource,
  readMapping,
  SOURCE_FORMATS,
  type CsvMapping,
  type LoadProgress,
  type LoadReport,
  type Mapping,
  type SourceFormat,
  type SourceOptions,
  type SourceRow,
} from "./load/index.ts";
export type { MissingNode, Publication } from "./mesh/index.ts";
export { statusReportSchema, type StatusReport } from "./routes/status.ts";
export {
  createSourceRunner,
  openSources,
  openSyncLock,
  SourceError,
  syncSource,
  type Source,
  type SourceConfig,
  type SourceStatus,
  type SyncReport,
} from "./sources/index.ts";
export { startOrigin, type RunningOrigin } from "./start.ts";
export { openStore, type Store, type StoreOptions } from "./store/index.ts";
