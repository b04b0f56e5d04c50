/** The process's log on stderr, one JSON object a line. Never a profile, a result, an id or a key in it. */

export function logEvent(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
}

/** Where an unexpected error came from. Not its message, which may quote the value that it stumbled over. */
export function logFailure(during: string, error: unknown): void {
  const isError = error instanceof Error;
  const code = isError && "code" in error ? { code: error.code } : {};
  const frames = isError
    ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
    : [];
  logEvent("failure", {
    during,
    name: isError ? error.name : typeof error,
    ...code,
    at: frames.slice(0, 8).map((line) => line.trim()),
  });
}
