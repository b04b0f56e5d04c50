/** Keeps the origin up to date with its sources while it runs: each in its rhythm, one after another. */
import { setTimeout as sleep } from "node:timers/promises";
import { logEvent, logFailure } from "../log.ts";
import type { SourceState, Store } from "../store/index.ts";
import { openSyncLock, type SyncLock } from "./lock.ts";
import type { SyncReport } from "./report.ts";
import { SourceError, type Source } from "./source.ts";
import { syncSource } from "./sync.ts";

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 300_000;
/** `origin sync` is at work: look again soon. */
const LOCKED_MS = 1_000;

export interface SourceRunner {
  start(): void;
  /** Breaks off what it reads; the next start goes on there. */
  stop(): Promise<void>;
}

export interface SourceRunnerOptions {
  readonly store: Store;
  readonly sources: readonly Source[];
  /** Path of the origin's database. */
  readonly database: string;
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
}

interface Turn {
  readonly source: Source;
  at: number;
  failures: number;
  /** The last comparison of all rows failed: read the changes before it is tried again. */
  hasFailedInFull: boolean;
}

export function createSourceRunner(options: SourceRunnerOptions): SourceRunner {
  const { store, sources, database } = options;
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const closing = new AbortController();
  const { signal } = closing;
  const turns = sources.map((source): Turn => {
    return { source, at: now(), failures: 0, hasFailedInFull: false };
  });

  const run = async (turn: Turn): Promise<void> => {
    const { source } = turn;
    const { name, compiled, everyMs } = source;
    const isDue = isComparisonDue(source, store.sources.find(name, compiled.id), now());
    const isFull = isDue && !turn.hasFailedInFull;
    try {
      logReport(await syncSource(store, source, { isFull, signal, now }));
      turn.failures = 0;
      turn.hasFailedInFull = false;
      turn.at = now() + everyMs;
    } catch (error) {
      if (signal.aborted) return;
      turn.failures += 1;
      turn.hasFailedInFull = isFull;
      const backoff = Math.min(BACKOFF_FIRST_MS * 2 ** (turn.failures - 1), BACKOFF_MAX_MS);
      turn.at = now() + Math.max(backoff * (0.5 + random() / 2), Math.min(everyMs, backoff));
      if (error instanceof SourceError) {
        logEvent("source-failed", { source: name, code: error.code, failures: turn.failures });
      } else logFailure("source", error);
    }
  };

  const loop = async (lock: SyncLock): Promise<void> => {
    while (!signal.aborted) {
      const next = turns.reduce((first, turn) => (turn.at < first.at ? turn : first));
      const wait = next.at - now();
      if (wait > 0) {
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      } else if (lock.take()) {
        await run(next).finally(() => lock.release());
      } else {
        await sleep(LOCKED_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  };

  let running: Promise<void> | undefined;
  return {
    start: () => {
      if (turns.length === 0 || running) return;
      const lock = openSyncLock(database);
      running = loop(lock).finally(() => lock.close());
    },
    stop: async () => {
      closing.abort();
      await running;
    },
  };
}

/** Never where there was no reading yet: the first one is of all rows anyway, and can be resumed. */
function isComparisonDue(
  { compareEveryMs }: Source,
  state: SourceState | undefined,
  now: number,
): boolean {
  if (compareEveryMs === undefined || !state || state.asOf === null) return false;
  return state.comparedAt === null || now - state.comparedAt >= compareEveryMs;
}

/** Counts alone: a row's id, and why it was rejected, are for the operator. */
function logReport(report: SyncReport): void {
  const { source, read, loaded, updated, removed, rejected, notes } = report;
  const ms = report.endedAt - report.startedAt;
  if (loaded + updated + removed + rejected + notes.length === 0) return;
  logEvent("source-read", { source, read, loaded, updated, removed, rejected, ms });
}
