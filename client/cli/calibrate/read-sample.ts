/** A seeded sample of a file's records: what a calibration measures on. */
import type { Random } from "../../../examples/random.ts";
import type { SourceRow } from "../../../origin/index.ts";
import {
  checkRecord,
  type CompiledDomain,
  type EncodedProfile,
  type Issue,
} from "../../../protocol/index.ts";

export interface Sample {
  readonly profiles: readonly EncodedProfile[];
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
  const profiles: EncodedProfile[] = [];
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
    const { values } = checked.value.profile;
    const at = profiles.length < size ? profiles.length : random.below(records);
    if (at < size) profiles[at] = values;
    onRead(records);
  }
  const [first] = rejected;
  return {
    profiles,
    records,
    rejected: rejected.length,
    ...(first && { firstRejected: first }),
  };
}
