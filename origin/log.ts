/** The process's log on stderr, one JSON object a line. Never a profile, a result, a record's id or a key in it. */
import { traceIdOf, type NodeId } from "../protocol/index.ts";

export function logEvent(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
}

/** Where an unexpected error came from. Not its message, which may quote the value that it stumbled over. */
export function logFailure(during: string, error: unknown, traceparent?: string): void {
  const isError = error instanceof Error;
  const code = isError && "code" in error ? { code: error.code } : {};
  const frames = isError
    ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
    : [];
  logEvent("failure", {
    during,
    name: isError ? error.name : typeof error,
    ...code,
    traceId: traceIdOf(traceparent),
    at: frames.slice(0, 8).map((line) => line.trim()),
  });
}

/** A member's query that was refused. `code` is the problem's; `sender` is there where it was verified. */
export function logRefusal(
  code: string,
  sender: NodeId | undefined,
  traceparent: string | undefined,
): void {
  logEvent("refused", { code, sender, traceId: traceIdOf(traceparent) });
}
