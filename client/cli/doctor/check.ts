/** What `doctor` finds: one line a check. */
import { CliError } from "../cli-error.ts";

/** `skipped`: something before it failed, or what it needs was not given. */
export type CheckStatus = "ok" | "warn" | "fail" | "skipped";

export interface Check {
  /** Which part: stable, for scripts. */
  readonly check: string;
  readonly status: CheckStatus;
  readonly message: string;
  /** What to mend, and how. */
  readonly hint?: string;
}

/** Collects findings, in order. */
export class Findings {
  readonly checks: Check[] = [];
  readonly #onFound: (found: Check) => void;

  constructor(onFound: (found: Check) => void = () => undefined) {
    this.#onFound = onFound;
  }

  ok(check: string, message: string): void {
    this.#add({ check, status: "ok", message });
  }

  warn(check: string, message: string, hint: string): void {
    this.#add({ check, status: "warn", message, hint });
  }

  fail(check: string, message: string, hint: string | undefined): void {
    this.#add({ check, status: "fail", message, ...(hint !== undefined && { hint }) });
  }

  skip(check: string, message: string): void {
    this.#add({ check, status: "skipped", message });
  }

  /** Runs `work`; what it refuses is the finding. Undefined where it failed. */
  async attempt<T>(check: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CliError)) {
        // A file that can not be read; anything else is a fault, and is reported as one.
        if (!(error instanceof Error) || !("syscall" in error)) throw error;
        this.fail(check, error.message, "check the path and the permissions");
        return undefined;
      }
      const issues = error.issues.map(({ path, message }) => `${path} ${message}`);
      this.fail(check, [error.message, ...issues].join("; "), error.hint);
      return undefined;
    }
  }

  count(status: CheckStatus): number {
    return this.checks.filter((found) => found.status === status).length;
  }

  #add(found: Check): void {
    this.checks.push(found);
    this.#onFound(found);
  }
}
