/**
 * How far a table was read. Its rows are read in the order of the cursor; a transaction that took its cursor's
 * value early and was committed late puts a row behind what was read already. So rows are read again from
 * `settled`, the last place behind which nothing can appear any more: everything up to a place that was the end
 * is known once a reading began from `settled` when the longest transaction (the overlap) was over since.
 * No clock but the origin's own is compared, so the cursor may be a time or a number.
 */
import { z } from "zod";
import type { RowKey } from "../source.ts";

const keySchema = z.strictObject({ cursor: z.string(), id: z.string() });

const positionSchema = z.strictObject({
  /** Every row up to here is known; null for none. */
  settled: keySchema.nullable(),
  /** What was the end at a reading that began `at` (milliseconds since 1970), and will be settled. */
  pending: z.strictObject({ key: keySchema, at: z.int() }).nullable(),
  /** Where a reading was broken off; the next goes on there. */
  reached: keySchema.nullable(),
});
export type Position = z.infer<typeof positionSchema>;

export const BEGINNING: Position = { settled: null, pending: null, reached: null };

export function parsePosition(text: string | null): Position {
  return text === null ? BEGINNING : positionSchema.parse(JSON.parse(text));
}

/** Rows after this are to be read; null for all. */
export function startOf({ reached, settled }: Position): RowKey | null {
  return reached ?? settled;
}

/**
 * The position once a reading that began at `from`, and read up to `last`, is at its end. What it read is the
 * database's state of some moment from `startedAt` to `begunAt`, in milliseconds since 1970.
 */
export function settle(
  from: Position,
  last: RowKey | undefined,
  times: { readonly startedAt: number; readonly begunAt: number; readonly overlapMs: number },
): Position {
  const { startedAt, begunAt, overlapMs } = times;
  let { settled, pending } = from;
  // One that went on from `reached` did not look again at what is before it.
  const isFromSettled = from.reached === null;
  if (isFromSettled && pending && startedAt - pending.at >= overlapMs) {
    settled = pending.key;
    pending = null;
  }
  const isNew = last && (last.cursor !== settled?.cursor || last.id !== settled.id);
  if (!pending && isNew) pending = { key: last, at: begunAt };
  return { settled, pending, reached: null };
}
