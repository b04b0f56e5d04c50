export { linkConfigSchema, type LinkConfig } from "./config.ts";
export { startLink, type LinkReport, type RunningLink } from "./link.ts";
export { linkPart } from "./status-part.ts";
