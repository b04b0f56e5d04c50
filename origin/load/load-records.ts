/** Loads records from a source into the store: each is checked, the good ones are kept, the others reported. */
import { z } from "zod";
import type { CompiledDomain } from "../../protocol/index.ts";
import { prepareRecord } from "../prepare-record.ts";
import type { SignedRecord, Store } from "../store/index.ts";
import type { BrokenRow, SourceRow } from "./source.ts";

/** Records of one transaction: the wait for the disk is shared, and a crash costs a second's work. */
const BATCH_RECORDS = 500;

export interface LoadProgress {
  /** Rows read. */
  readonly read: number;
  readonly rejected: number;
}

export interface LoadReport {
  readonly loaded: number;
  /** Records whose id was there already, with another content. */
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: readonly BrokenRow[];
  /** Of records that were loaded: what was left out of them, such as unknown terms. */
  readonly warnings: readonly BrokenRow[];
}

/**
 * Reads `source` to its end. A bad row never stops the load; a record whose id is known is updated. The
 * mesh hears of it from the origin's publisher, through the outbox.
 */
export async function loadRecords(
  store: Store,
  compiled: CompiledDomain,
  source: AsyncIterable<SourceRow> | Iterable<SourceRow>,
  options: { readonly onProgress?: (progress: LoadProgress) => void } = {},
): Promise<LoadReport> {
  const counts = { loaded: 0, updated: 0, unchanged: 0 };
  const rejected: BrokenRow[] = [];
  const warnings: BrokenRow[] = [];
  let batch: SignedRecord[] = [];
  let read = 0;
  const flush = (): void => {
    for (const { change } of store.put(compiled.id, batch)) counts[change] += 1;
    batch = [];
    options.onProgress?.({ read, rejected: rejected.length });
  };
  for await (const row of source) {
    read += 1;
    if (!("raw" in row)) {
      rejected.push(row);
      continue;
    }
    const prepared = prepareRecord(compiled, row.raw);
    const where = { line: row.line, ...idOf(row.raw) };
    if (!prepared.ok) {
      rejected.push({ ...where, issues: prepared.error });
      continue;
    }
    const issues = [...(row.warnings ?? []), ...prepared.value.warnings];
    if (issues.length > 0) warnings.push({ ...where, issues });
    batch.push(prepared.value);
    if (batch.length >= BATCH_RECORDS) flush();
  }
  flush();
  return { ...counts, rejected, warnings };
}

const identifiedSchema = z.object({ id: z.string() });

/** The id, where the raw record has one. */
export function idOf(raw: unknown): { id?: string } {
  const parsed = identifiedSchema.safeParse(raw);
  return parsed.success ? { id: parsed.data.id } : {};
}
