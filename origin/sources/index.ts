/** The institution's own systems as sources of records. */
export {
  resolveSources,
  sourcesSchema,
  type FileSourceConfig,
  type PostgresqlSourceConfig,
  type SourceConfig,
} from "./config.ts";
export { openSyncLock, type SyncLock } from "./lock.ts";
export { openSources } from "./open-sources.ts";
export { type RunReport, type SyncReport } from "./report.ts";
export { createSourceRunner, type SourceRunner } from "./runner.ts";
export { SourceError, type Source } from "./source.ts";
export { sourcePart } from "./status-part.ts";
export { syncSource, type SyncOptions } from "./sync.ts";
