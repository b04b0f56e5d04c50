/** Expected failures of a command: what is said of them, and the exit code. */
import type { Issue } from "../../protocol/index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

export interface CliErrorDetails {
  readonly exitCode?: ExitCode;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** Each offending field. */
  readonly issues?: readonly Issue[] | undefined;
  readonly cause?: unknown;
}

export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly issues: readonly Issue[];

  /** A usage error, unless `details` say otherwise. */
  constructor(message: string, { exitCode, hint, issues, cause }: CliErrorDetails = {}) {
    super(message, { cause });
    this.name = "CliError";
    this.exitCode = exitCode ?? EXIT.usage;
    this.hint = hint;
    this.issues = issues ?? [];
  }
}
