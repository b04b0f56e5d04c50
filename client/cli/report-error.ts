/** The one place that writes a failure to stderr, for people or as a JSON document. */
import type { Issue } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { printable } from "./table.ts";

const CODES: Record<ExitCode, string> = {
  [EXIT.ok]: "ok",
  [EXIT.negative]: "negative",
  [EXIT.usage]: "usage",
  [EXIT.partial]: "partial",
  [EXIT.unreachable]: "unreachable",
  [EXIT.refused]: "refused",
  [EXIT.internal]: "internal",
};

/** Writes what went wrong to stderr; returns the exit code. */
export function reportError(error: unknown, isJson: boolean): ExitCode {
  const failure = asCliError(error);
  const { message, hint, issues, exitCode } = failure;
  if (isJson) {
    const document = {
      error: {
        code: CODES[exitCode],
        exitCode,
        message,
        ...(hint !== undefined && { hint }),
        ...(issues.length > 0 && { issues }),
      },
    };
    process.stderr.write(`${JSON.stringify(document)}\n`);
  } else {
    const lines = [
      `error: ${printable(message)}`,
      ...issues.map((issue) => `  ${formatIssue(issue)}`),
      ...(hint === undefined ? [] : [`hint: ${printable(hint)}`]),
      // A fault of ours is of use to no one without its place.
      ...(exitCode === EXIT.internal && error instanceof Error ? [error.stack ?? ""] : []),
    ];
    process.stderr.write(`${lines.join("\n")}\n`);
  }
  return exitCode;
}

/** `features.0.weight: must be greater than 0`. */
export function formatIssue({ path, message }: Issue): string {
  return printable(path === "" ? message : `${path}: ${message}`);
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const system = systemErrorOf(error);
  if (system) return new CliError(message, { hint: hintOf(system) });
  return new CliError(message, {
    exitCode: EXIT.internal,
    hint: "this is a fault in outcome-mesh: please report it with what follows",
  });
}

interface SystemError {
  readonly code: string;
  readonly syscall: string;
}

/** A file that is not there, a port that is taken: the caller can do something about it. */
function systemErrorOf(error: unknown): SystemError | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  const { code, syscall } = error;
  return typeof code === "string" && typeof syscall === "string" ? { code, syscall } : undefined;
}

function hintOf({ code }: SystemError): string | undefined {
  switch (code) {
    case "ENOENT":
      return "check the path";
    case "EACCES":
    case "EPERM":
      return "check the permissions";
    case "EADDRINUSE":
      return "another program listens there: choose another port";
    default:
      return undefined;
  }
}
