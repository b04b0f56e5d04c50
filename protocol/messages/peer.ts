/** What nodes say to each other. */
import { z } from "zod";
import { domainIdSchema, nodeIdSchema } from "../ids.ts";
import { BATCH_MAX_ENTRIES, ORIGINS_MAX } from "./limits.ts";

const base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/, "must be base64url without padding");
/** A signature's symbols. */
export const symbolsSchema = base64Url.max(1366);
/** A signed entry or tombstone. */
export const entryBytesSchema = base64Url.max(1562);

export const lookupRequestSchema = z.strictObject({
  domain: domainIdSchema,
  signature: symbolsSchema,
  /** The trees to look in: those whose root keys lie in slots of the node asked. */
  trees: z.array(z.int().min(0).max(63)).min(1).max(64),
  /** How many origins to return at most. */
  limit: z.int().min(1).max(ORIGINS_MAX),
  /** The asker's membership version. */
  membership: z.string().max(64),
});
export type LookupRequest = z.infer<typeof lookupRequestSchema>;

export const lookupResponseSchema = z.strictObject({
  /** Best first. */
  origins: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        /** The best entries, as signed by that node. */
        entries: z.array(entryBytesSchema).min(1).max(8),
      }),
    )
    .max(ORIGINS_MAX),
  /** Entries that were compared with the query. */
  scanned: z.int().min(0),
  /** Trees asked for in slots that this node came to hold lately, and of which it may not have all entries yet. */
  pending: z.array(z.int().min(0).max(63)).max(64),
  membership: z.string().max(64),
});
export type LookupResponse = z.infer<typeof lookupResponseSchema>;

export const publishRequestSchema = z.strictObject({
  entries: z.array(entryBytesSchema).min(1).max(BATCH_MAX_ENTRIES),
});
export type PublishRequest = z.infer<typeof publishRequestSchema>;

/** Why one entry of a batch was not stored. */
export const refusalReasonSchema = z.enum([
  "malformed",
  "wrong-node",
  "wrong-epoch",
  "wrong-kind",
  "unknown-domain",
  "wrong-size",
  "bad-signature",
  "misdirected",
  "stale",
]);
export type RefusalReason = z.infer<typeof refusalReasonSchema>;

export const publishResponseSchema = z.strictObject({
  /** Entries now held as sent: stored by this request or before. */
  stored: z.int().min(0),
  refused: z.array(z.strictObject({ index: z.int().min(0), reason: refusalReasonSchema })),
  membership: z.string().max(64),
});
export type PublishResponse = z.infer<typeof publishResponseSchema>;
