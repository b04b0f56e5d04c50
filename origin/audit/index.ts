/** The origin's audit log. */
export { AuditLog, type AnsweredFacts, type AuditLogOptions, type QueryFacts } from "./audit-log.ts";
export { auditConfigSchema, type AuditConfig } from "./config.ts";
export { QueryTrails, type QueryTrail } from "./query-trail.ts";
export { auditedSettings } from "./settings.ts";
export { auditTables, type AuditTables } from "./tables.ts";
