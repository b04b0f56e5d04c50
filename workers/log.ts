/** Structured logs: one JSON object a line, never with a profile, a result or a key in it. */
import { traceIdOf, type NodeId } from "../protocol/index.ts";

/** A path is the sender's, and may be as long as a URL. */
const PATH_MAX_LENGTH = 200;

/** `traceparent` is that of the query on whose behalf it happened. */
export function logFailure(during: string, error: unknown, traceparent?: string): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  write({ level: "error", during, message, traceId: traceIdOf(traceparent) });
}

export interface RefusedRequest {
  /** The problem's code, or the status where it has none. */
  readonly code: string;
  readonly method: string;
  readonly path: string;
  /** Where it was verified. */
  readonly sender: NodeId | undefined;
  readonly traceparent: string | undefined;
}

/** A signed request, so one of another organisation's or the own one's, that was refused. */
export function logRefusal({ traceparent, path, ...request }: RefusedRequest): void {
  const shown = path.slice(0, PATH_MAX_LENGTH);
  write({
    level: "info",
    event: "refused",
    ...request,
    path: shown,
    traceId: traceIdOf(traceparent),
  });
}

function write(line: Readonly<Record<string, unknown>>): void {
  console.error(JSON.stringify(line));
}
