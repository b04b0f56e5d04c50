/**
 * The only timer of protocol/: a limit that can be lifted. `AbortSignal.timeout` can not be, and keeps a Durable
 * Object in memory for its whole time although the work is long done.
 */

/** A signal that aborts when the time is over. `lift` it once the work is done. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly lift: () => void;
}

/** Aborts after `milliseconds`, or together with `earlier`. */
export function timeLimit(milliseconds: number, earlier?: AbortSignal): TimeLimit {
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const timer = setTimeout(end, Math.ceil(milliseconds));
  if (earlier?.aborted) end();
  else earlier?.addEventListener("abort", end, { once: true });
  return {
    signal: limit.signal,
    lift: () => {
      clearTimeout(timer);
      earlier?.removeEventListener("abort", end);
    },
  };
}
