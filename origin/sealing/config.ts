/** The part of the origin's configuration that is about sealed queries. */
import { z } from "zod";

const filePath = z.string().min(1);

export const sealingConfigSchema = z.strictObject({
  mode: z
    .enum(["required", "optional"])
    .default("required")
    .describe(
      "`required`: only queries sealed to this origin's own key are answered, which no one between can read; `optional`: queries that only TLS protects, too.",
    ),
  keyFile: filePath
    .optional()
    .describe(
      "The sealing key, a 32-byte secret as base64url; made where it is missing. By default beside the database, with `.sealing-key` at its end.",
    ),
  previousKeyFiles: z
    .array(filePath)
    .max(8)
    .default([])
    .describe(
      "Sealing keys that were replaced: queries sealed to them are still answered. Keep one for a day after its replacement.",
    ),
});

/** As it was read: absolute paths. */
export interface SealingConfig {
  readonly mode: "required" | "optional";
  readonly keyFile: string;
  readonly previousKeyFiles: readonly string[];
}
