/** The configuration's section about the audit log. */
import { z } from "zod";

export const auditConfigSchema = z.strictObject({
  queries: z
    .enum(["digest", "full"])
    .default("digest")
    .describe(
      'What the audit log keeps of a query: "digest" keeps a keyed digest and no profile value, "full" keeps the whole query.',
    ),
  checkpointEntries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe("After how many entries of the audit log a signed checkpoint is kept."),
  checkpointMinutes: z
    .int()
    .min(1)
    .max(10_080)
    .default(60)
    .describe(
      "After how many minutes at most a signed checkpoint is kept, where there were entries.",
    ),
});
export type AuditConfig = z.output<typeof auditConfigSchema>;
