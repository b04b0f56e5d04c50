/** The origin's public names. */
export { ConfigError, originConfigSchema, readOriginConfig, type OriginConfig } from "./config.ts";
export { dryRun, type DryRun } from "./answering/index.ts";
export type { OriginPolicy } from "./policy/index.ts";
export { loadDomains, type LoadedDomains } from "./domains.ts";
export { policiesOf, publicationsOf } from "./policies.ts";
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
export type { MissingNode, Publication } from "./mesh/index.ts";
export { statusReportSchema, type StatusReport } from "./routes/status.ts";
export { startOrigin, type RunningOrigin } from "./start.ts";
export { openStore, type Store, type StoreOptions } from "./store/index.ts";
