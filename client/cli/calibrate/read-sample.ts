/** A seeded sample of a file's records: what a calibration measures on. */
import type { Random } from "../../../examples/random.ts";
import type { SourceRow } from "../../../origin/index.ts";
import { checkRecord, type CompiledDomain, type Issue } from "../../../protocol/index.ts";
import type { HeldRecord } from "./privacy/index.ts";

export interface Sample {
  readonly held: readonly HeldRecord[];
  /** Good records of the file. */
  readonly records: number;
  readonly rejected: number;
  /** Why the first of the others was left out. */
  readonly firstRejected?: { readonly line: number; readonly issues: readonly Issue[] };
}

/** Keeps `size` of the good records, each as likely as any other, and no more of them in memory. */
export async function readSample(
  rows: AsyncIterable<SourceRow>,
  compiled: CompiledDomain,
  { size, random, onRead }: { size: number; random: Random; onRead: (read: number) => void },
): Promise<Sample> {
  const held: HeldRecord[] = [];
  const rejected: { line: number; issues: readonly Issue[] }[] = [];
  let records = 0;
  for await (const row of rows) {
    const checked =
      "raw" in row ? checkRecord(compiled, row.raw) : { ok: false, error: row.issues };
    if (!("value" in checked)) {
      rejected.push({ line: row.line, issues: checked.error });
      continue;
    }
    records += 1;
    const { record, profile } = checked.value;
    const at = held.length < size ? held.length : random.below(records);
    if (at < size) held[at] = { record, profile: profile.values };
    onRead(records);
  }
  const [first] = rejected;
  return {
    held,
    records,
    rejected: rejected.length,
    ...(first && { firstRejected: first }),
  };
}
