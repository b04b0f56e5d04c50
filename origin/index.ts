/** The origin's public names. */
export {
  BrokenLogError,
  explainEntry,
  exportLog,
  findEntries,
  NoExportError,
  openAuditReader,
  readEntry,
  verifyExport,
  verifyLog,
  type AuditFault,
  type AuditReader,
  type AuditReport,
  type ExportLine,
  type ExportReport,
  type GivenCheckpoint,
} from "./audit/index.ts";
export {
  ConfigError,
  LOG_LEVELS,
  originConfigSchema,
  readOriginConfig,
  type OriginConfig,
} from "./config.ts";
export { undescribedFields, writeConfigTemplate } from "./config-template.ts";
export { dryRun, type DryRun } from "./answering/index.ts";
export type { OriginPolicy } from "./policy/index.ts";
export { policiesOf, publicationsOf } from "./policies.ts";
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
export { startLink, type LinkReport, type RunningLink } from "./link/index.ts";
export type { MissingNode, Publication } from "./mesh/index.ts";
export { openSealingKeys } from "./sealing/index.ts";
export { statusReportSchema, type PartReport, type StatusReport } from "./status/index.ts";
export { runOrigins } from "./run.ts";
export {
  createSourceRunner,
  openSources,
  openSyncLock,
  SourceError,
  syncSource,
  type Source,
  type SourceConfig,
  type SyncReport,
} from "./sources/index.ts";
export { startOrigin, type RunningOrigin } from "./start.ts";
export {
  backupDatabase,
  DatabaseInUseError,
  openStore,
  type Store,
  type StoreOptions,
} from "./store/index.ts";
