/** How far a long command is, on stderr: stdout is for its result. */
import type { Writable } from "node:stream";

export interface Progress {
  /** `total` is Infinity where it is not known. */
  readonly report: (step: string, done: number, total: number) => void;
  /** Leaves the line, so that what is written next begins on its own. */
  readonly end: () => void;
}

/** More often than this no one can read. */
const REDRAW_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/** On a terminal one line that is rewritten; elsewhere one line a step. */
export function createProgress(
  stream: Writable & { readonly isTTY?: boolean } = process.stderr,
): Progress {
  let step: string | undefined;
  let drawnAt = 0;
  if (!stream.isTTY) {
    return {
      report: (next) => {
        if (next !== step) stream.write(`${next}\n`);
        step = next;
      },
      end: () => {
        step = undefined;
      },
    };
  }
  return {
    report: (next, done, total) => {
      if (step !== undefined && next !== step) stream.write("\n");
      const now = Date.now();
      if (next === step && done < total && now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      step = next;
      stream.write(`${CLEAR_LINE}${next}${countOf(done, total)}`);
    },
    end: () => {
      if (step !== undefined) stream.write("\n");
      step = undefined;
    },
  };
}

function countOf(done: number, total: number): string {
  if (total === Infinity) return ` ${done}`;
  return total > 1 ? ` ${done}/${total}` : "";
}
