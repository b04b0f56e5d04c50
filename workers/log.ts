/** Structured logs: one JSON object a line, never with a profile, a result or a key in it. */

export function logFailure(during: string, error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(JSON.stringify({ level: "error", during, message }));
}
