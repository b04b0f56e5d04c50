/** What it means for a command that a request failed. */
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

/** The error for a server that did not answer; undefined if `error` is of another kind. */
export function unreachableError(
  error: unknown,
  { what, url, hint }: { readonly what: string; readonly url: string; readonly hint: string },
): CliError | undefined {
  if (!(error instanceof Error)) return undefined;
  const isTimeout = error.name === "TimeoutError";
  // `fetch` and the body's stream say so: a TypeError whose cause is the system's error.
  const isNetwork = error instanceof TypeError && error.cause !== undefined;
  if (!isTimeout && !isNetwork) return undefined;
  const reason = isTimeout ? "no answer in time" : reasonOf(error.cause);
  return new CliError(`${what} ${url} can not be reached: ${reason}`, {
    exitCode: EXIT.unreachable,
    hint,
    cause: error,
  });
}

function reasonOf(cause: unknown): string {
  // Of a name with several addresses, the first speaks for all.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
