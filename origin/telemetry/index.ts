export { createMetrics, type OriginMetrics } from "./metrics.ts";
export { watchRequests, type ServedRequest } from "./request-log.ts";
export { noteRequest } from "./request-notes.ts";
