/** What is said of a synchronisation: to the operator, and kept in the database until the next. */
import { z } from "zod";
import type { BrokenRow } from "../load/index.ts";

export const runReportSchema = z.strictObject({
  /** Milliseconds since 1970. */
  startedAt: z.int(),
  endedAt: z.int(),
  /** All rows were read, and what was not among them removed. */
  isComplete: z.boolean(),
  /** Rows. */
  read: z.int(),
  loaded: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  removed: z.int(),
  rejected: z.int(),
  /** What the administrator should mend about the source. */
  notes: z.array(z.string()),
  /** Why it did not come to its end. */
  error: z.string().optional(),
});
export type RunReport = z.infer<typeof runReportSchema>;

export interface SyncReport extends RunReport {
  readonly source: string;
  /** The domain's name. */
  readonly domain: string;
  /** The first of them. */
  readonly rejectedRows: readonly BrokenRow[];
  /** Of rows that were loaded: what was left out; the first of them. */
  readonly warnings: readonly BrokenRow[];
}
