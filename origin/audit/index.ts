/** The origin's audit log. */
export {
  AuditLog,
  type AnsweredFacts,
  type AuditLogOptions,
  type QueryFacts,
} from "./audit-log.ts";
export type { GivenCheckpoint, LogOwner } from "./check-checkpoints.ts";
export { auditConfigSchema, type AuditConfig } from "./config.ts";
export { explainEntry, type Words } from "./explain-entry.ts";
export { BrokenLogError, exportLog, type ExportLine } from "./export-log.ts";
export { findEntries } from "./find-entries.ts";
export { openAuditReader, type AuditReader } from "./open-reader.ts";
export { QueryTrails, type QueryTrail } from "./query-trail.ts";
export { readEntry } from "./read-entry.ts";
export type { AuditFault, AuditReport } from "./report.ts";
export { auditedSettings } from "./settings.ts";
export { auditTables, type AuditTables } from "./tables.ts";
export { NoExportError, verifyExport, type ExportReport } from "./verify-export.ts";
export { verifyLog, type VerifyOptions } from "./verify-log.ts";
