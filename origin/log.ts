/**
 * The process's log on stderr, one JSON object a line. Never a profile, an intervention, a result, a record's id, a
 * key or a token in it: only what this file's functions take gets there.
 */
import { pino, stdTimeFunctions } from "pino";
import { traceIdOf } from "../protocol/index.ts";
import type { LogLevel } from "./config.ts";

const logger = pino(
  {
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  },
  // In order and at once, also when the process ends: what is logged is little.
  { write: (line) => process.stderr.write(line) },
);

/** A process has one log: of several origins in it, the last one started sets the level. */
export function setLogLevel(level: LogLevel): void {
  logger.level = level;
}

export function logEvent(
  event: string,
  fields: Readonly<Record<string, unknown>>,
  level: LogLevel = "info",
): void {
  logger[level]({ event, ...fields });
}

/** Where an unexpected error came from. Not its message, which may quote the value that it stumbled over. */
export function logFailure(during: string, error: unknown, traceparent?: string): void {
  const isError = error instanceof Error;
  const code = isError && "code" in error ? { code: error.code } : {};
  const frames = isError
    ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
    : [];
  const fields = {
    during,
    name: isError ? error.name : typeof error,
    ...code,
    traceId: traceIdOf(traceparent),
    at: frames.slice(0, 8).map((line) => line.trim()),
  };
  logEvent("failure", fields, "error");
}
