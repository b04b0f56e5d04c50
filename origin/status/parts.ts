/**
 * What a part of the origin (its sources, its link, its audit log, ...) says of itself, in the one form that status,
 * metrics and `origin status` show. A part is added to the list in origin/start.ts, and nowhere else.
 */
import { z } from "zod";

export const partReportSchema = z.strictObject({
  /** Unique; a label in metrics. */
  name: z.string(),
  /** `attention`: works, but the operator should know; `failing`: does not do its work. */
  state: z.enum(["ok", "attention", "failing"]),
  /** One line for people. No value of a record. */
  summary: z.string(),
  /** For machines: figures, times, ids. No value of a record. */
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type PartReport = z.infer<typeof partReportSchema>;

export interface StatusPart {
  /** Now, and quickly: monitoring asks every few seconds. */
  report(): PartReport;
}
