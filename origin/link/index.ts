export { linkConfigSchema, type LinkConfig } from "./config.ts";
export { linkReportSchema, startLink, type LinkReport, type RunningLink } from "./link.ts";
