/** What a source is to the synchronisation: something that can be read, from where it was left or in full. */
import type { CompiledDomain, Issue } from "../../protocol/index.ts";
import type { BrokenRow, RawRow } from "../load/index.ts";

/** A row that its source marks as deleted. */
export interface DeletedRow {
  readonly line: number;
  readonly deleted: string;
}

export type ReadRow = (RawRow | BrokenRow | DeletedRow) & {
  /** Where in the source's order the row is, for `positionAfter`; absent where there is no order. */
  readonly key?: RowKey;
};

/** A place in the order of a source's rows, as the database writes it; the id tells equal cursors apart. */
export interface RowKey {
  readonly cursor: string;
  readonly id: string;
}

export interface Reading {
  readonly rows: AsyncIterable<ReadRow>;
  /** It gives all rows that the source has: what is not among them is gone. */
  readonly isComplete: boolean;
  /** What the administrator should mend about the source itself. */
  readonly notes: readonly string[];
  /** The position to store with the rows up to this one; undefined where only the end counts. */
  positionAfter(key: RowKey): string | undefined;
  /** The position once all is stored. Throws a `SourceError` if what was read is not of one piece. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

export interface ReadingOptions {
  /** As `positionAfter` or `finish` gave it; null for a source that was never read, or is another one now. */
  readonly position: string | null;
  /** All that there is, wherever the last reading ended. */
  readonly isFull: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Source {
  readonly name: string;
  readonly compiled: CompiledDomain;
  /** A digest of what decides which records it has. */
  readonly definition: string;
  readonly everyMs: number;
  /** How often all of it is compared; undefined where each reading does that. */
  readonly compareEveryMs: number | undefined;
  /** Begins a reading; undefined where nothing can have changed. Throws a `SourceError`. */
  open(options: ReadingOptions): Promise<Reading | undefined>;
}

/** A source can not be read. The message may be shown to the operator, but not logged. */
export class SourceError extends Error {
  /** Such as `ECONNREFUSED`, or the database's own. Safe to log. */
  readonly code: string;
  readonly issues: readonly Issue[];

  constructor(
    message: string,
    { code, issues = [], cause }: { code: string; issues?: readonly Issue[]; cause?: unknown },
  ) {
    const lines = issues.map(({ path, message: text }) => `${path}: ${text}`);
    super([message, ...lines].join("\n  "), { cause });
    this.name = "SourceError";
    this.code = code;
    this.issues = issues;
  }
}
