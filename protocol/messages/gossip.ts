/** Gossip on the wire: the messages of gossip/messages.ts with signed statements in them. */
import { z } from "zod";
import { BUCKETS } from "../gossip/digest.ts";
import { GOSSIP_HASHES_MAX, GOSSIP_STATEMENTS_MAX } from "../gossip/messages.ts";
import { statementSchema } from "../membership/statements.ts";

/** A message of either side. */
export const GOSSIP_MAX_BYTES = 1_048_576;

/** 8 bytes. */
const hashSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$/, "must be 8 bytes as base64url");
const statements = z.array(statementSchema).max(GOSSIP_STATEMENTS_MAX);

export const gossipRequestSchema = z.strictObject({
  digest: hashSchema,
  statements,
  held: z
    .array(
      z.strictObject({
        bucket: z
          .int()
          .min(0)
          .max(BUCKETS - 1),
        hashes: z.array(hashSchema).max(GOSSIP_HASHES_MAX),
      }),
    )
    .max(BUCKETS)
    .refine(
      (list) => list.reduce((sum, { hashes }) => sum + hashes.length, 0) <= GOSSIP_HASHES_MAX,
      `must have at most ${GOSSIP_HASHES_MAX} hashes in all`,
    )
    .refine(
      (list) => new Set(list.map(({ bucket }) => bucket)).size === list.length,
      "must name each bucket once",
    )
    .optional(),
});
export type GossipRequestMessage = z.infer<typeof gossipRequestSchema>;

export const gossipResponseSchema = z.strictObject({
  digest: hashSchema,
  statements,
  buckets: z.array(hashSchema).length(BUCKETS).optional(),
  wants: z.array(hashSchema).max(GOSSIP_STATEMENTS_MAX).optional(),
  /** The answerer's clock, milliseconds since 1970: whose clock is off, shows. */
  now: z.int().min(0),
});
export type GossipResponseMessage = z.infer<typeof gossipResponseSchema>;
