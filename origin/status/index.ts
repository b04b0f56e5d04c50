export { partReportSchema, type PartReport, type StatusPart } from "./parts.ts";
export { createStatus, statusReportSchema, type StatusReport } from "./report.ts";
