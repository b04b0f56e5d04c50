/**
 * Brings the origin up to date with one source: reads it, stores what changed, removes what is gone. How far it
 * came is stored with the records that it speaks of, in one transaction, so it may be killed at any moment.
 */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { idOf, type BrokenRow } from "../load/index.ts";
import { prepareRecord } from "../prepare-record.ts";
import type { SourceBatch, SourceState, Store } from "../store/index.ts";
import type { RunReport, SyncReport } from "./report.ts";
import { SourceError, type Reading, type ReadRow, type RowKey, type Source } from "./source.ts";

/** Rows of one transaction: the wait for the disk is shared, and a query waits no longer than a tenth of a second. */
const BATCH_ROWS = 500;
/** Of rejected rows that are told one by one; of others, how many there are. */
const ROWS_TOLD = 1000;
const DIGEST_BYTES = 16;

export interface SyncOptions {
  /** Compare all rows, also where only changes need to be read. */
  readonly isFull?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly read: number; readonly rejected: number }) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Throws a `SourceError` where the source can not be read on; what was read before that is stored. */
export async function syncSource(
  store: Store,
  source: Source,
  options: SyncOptions = {},
): Promise<SyncReport> {
  const now = options.now ?? Date.now;
  const signal = options.signal ?? new AbortController().signal;
  const startedAt = now();
  const { name, definition, compiled } = source;
  const state = store.sources.open({ name, domain: compiled.id, definition });
  const sync = new Sync(store, source, state, options.onProgress);
  const end = (isComplete: boolean, error?: string): SyncReport => {
    const report = { ...sync.report(startedAt, now(), isComplete), ...(error && { error }) };
    store.sources.note(state.number, { lastRun: JSON.stringify(report) });
    const { rejectedRows, warnings } = sync;
    return { source: name, domain: compiled.domain.name, ...report, rejectedRows, warnings };
  };
  try {
    const { position } = state;
    const isFull = options.isFull ?? false;
    const reading = await source.open({ position, isFull, now, signal });
    if (!reading) {
      store.sources.note(state.number, { asOf: startedAt });
      return end(true);
    }
    try {
      const isComplete = await sync.run(reading, startedAt);
      return end(isComplete);
    } finally {
      await reading.close();
    }
  } catch (error) {
    if (error instanceof SourceError) end(false, error.message);
    throw error;
  }
}

class Sync {
  readonly rejectedRows: BrokenRow[] = [];
  readonly warnings: BrokenRow[] = [];
  readonly #store: Store;
  readonly #source: Source;
  readonly #state: SourceState;
  readonly #onProgress: SyncOptions["onProgress"];
  readonly #counts = { read: 0, loaded: 0, updated: 0, unchanged: 0, removed: 0, rejected: 0 };
  #notes: string[] = [];
  /** Numbers of held records that the source still has. */
  readonly #seen = new Set<number>();
  /** A row whose id is not known may be any: nothing can be said to be gone. */
  #hasUnknownId = false;
  #items: SourceBatch["items"][number][] = [];
  /** Of `#items`, with what to report if the store does not take it. */
  #places: { readonly line: number; readonly id: string }[] = [];
  #pending = new Set<string>();
  #rows = 0;
  #last: RowKey | undefined;

  constructor(
    store: Store,
    source: Source,
    state: SourceState,
    onProgress: SyncOptions["onProgress"],
  ) {
    this.#store = store;
    this.#source = source;
    this.#state = state;
    this.#onProgress = onProgress;
  }

  /** Returns whether all was compared. */
  async run(reading: Reading, startedAt: number): Promise<boolean> {
    this.#notes = [...reading.notes];
    const store = this.#store.sources;
    for await (const row of reading.rows) {
      this.#take(row);
      if (this.#rows >= BATCH_ROWS) {
        this.#flush(reading);
        await nextTurn();
      }
    }
    this.#flush(reading);
    const position = await reading.finish();
    const isComplete = reading.isComplete && !this.#hasUnknownId;
    if (isComplete) await this.#removeUnseen();
    else if (reading.isComplete) {
      this.#notes.push("rows have no readable id, so records that are gone were not looked for");
    }
    store.note(this.#state.number, {
      position,
      asOf: startedAt,
      ...(isComplete && { comparedAt: startedAt }),
    });
    return isComplete;
  }

  report(startedAt: number, endedAt: number, isComplete: boolean): RunReport {
    return { startedAt, endedAt, isComplete, ...this.#counts, notes: this.#notes };
  }

  #take(row: ReadRow): void {
    this.#rows += 1;
    this.#counts.read += 1;
    this.#last = row.key ?? this.#last;
    if ("deleted" in row) {
      this.#add(row.line, row.deleted, { remove: row.deleted });
    } else if ("issues" in row) {
      this.#reject(row);
    } else {
      const { id } = idOf(row.raw);
      const digest = digestOf(row.raw);
      const same = id === undefined ? undefined : this.#unchanged(id, digest);
      if (same !== undefined) {
        this.#seen.add(same);
        this.#counts.unchanged += 1;
        return;
      }
      const { line, raw } = row;
      const prepared = prepareRecord(this.#source.compiled, raw);
      const where = { line, ...(id !== undefined && { id }) };
      if (!prepared.ok) {
        this.#reject({ ...where, issues: prepared.error });
        return;
      }
      const issues = [...(row.warnings ?? []), ...prepared.value.warnings];
      if (issues.length > 0 && this.warnings.length < ROWS_TOLD) {
        this.warnings.push({ ...where, issues });
      }
      const { record, signature } = prepared.value;
      this.#add(line, record.id, { record, signature, digest });
    }
  }

  #add(line: number, id: string, item: SourceBatch["items"][number]): void {
    this.#items.push(item);
    this.#places.push({ line, id });
    this.#pending.add(id);
  }

  /** The record's number, where the row is what it was made of, and no earlier row of the batch changes it. */
  #unchanged(id: string, digest: Uint8Array): number | undefined {
    if (this.#pending.has(id)) return undefined;
    const { number } = this.#state;
    return this.#store.sources.unchanged(number, this.#source.compiled.id, id, digest);
  }

  /** What was held before of a row that is rejected now stays. */
  #reject(row: BrokenRow): void {
    this.#counts.rejected += 1;
    if (this.rejectedRows.length < ROWS_TOLD) {
      const { line, id, issues } = row;
      this.rejectedRows.push({ line, ...(id !== undefined && { id }), issues });
    }
    if (row.id === undefined) this.#hasUnknownId = true;
    else {
      const { id: domain } = this.#source.compiled;
      const held = this.#store.sources.own(this.#state.number, domain, row.id);
      if (held !== undefined) this.#seen.add(held);
    }
  }

  #flush(reading: Reading): void {
    const items = this.#items;
    const places = this.#places;
    this.#items = [];
    this.#places = [];
    this.#pending = new Set();
    this.#rows = 0;
    if (items.length > 0) {
      const { compiled } = this.#source;
      const position = this.#last && reading.positionAfter(this.#last);
      const batch = { items, note: { position } };
      const changes = this.#store.sources.apply(this.#state.number, compiled.id, batch);
      for (const [i, change] of changes.entries()) {
        if (change.change === "held") {
          const place = places[i];
          const holder = change.by === undefined ? "deposited by hand" : `from source ${change.by}`;
          const message = `is the id of a record that is held already, ${holder}: it was left alone`;
          if (place) this.#reject({ ...place, issues: [{ path: "id", message }] });
        } else if (change.change !== "absent") {
          this.#counts[change.change] += 1;
          if ("record" in change) this.#seen.add(change.record);
        }
      }
    }
    this.#onProgress?.({ read: this.#counts.read, rejected: this.#counts.rejected });
  }

  async #removeUnseen(): Promise<void> {
    const { number } = this.#state;
    const gone: string[] = [];
    for (const { record, id } of this.#store.sources.records(number)) {
      if (!this.#seen.has(record)) gone.push(id);
    }
    for (let i = 0; i < gone.length; i += BATCH_ROWS) {
      const items = gone.slice(i, i + BATCH_ROWS).map((id) => ({ remove: id }));
      this.#store.sources.apply(number, this.#source.compiled.id, { items });
      this.#counts.removed += items.length;
      await nextTurn();
    }
  }
}

function digestOf(raw: unknown): Uint8Array {
  const hash = createHash("sha256").update(JSON.stringify(raw)).digest();
  return hash.subarray(0, DIGEST_BYTES);
}
