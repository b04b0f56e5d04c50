/**
 * Entries of an origin's audit log. Each is a document whose canonical JSON is a leaf of the log's Merkle tree,
 * and names the hash of the leaf before it: a chain and a tree over the same bytes.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { canonicalBytes } from "../domain/schema.ts";
import { domainIdSchema, hashSchema, nodeIdSchema } from "../ids.ts";
import { leafHash } from "../merkle/index.ts";
import { K_MAX } from "../messages/limits.ts";

const place = {
  version: z.literal(1),
  /** From 0, without gap. */
  index: z.int().min(0),
  /** The leaf hash of the entry before; of the first, 32 zero bytes. */
  previous: hashSchema,
  /** Milliseconds since 1970. */
  at: z.int().min(0),
};

const reference = z.string().min(1).max(64);
const count = z.int().min(0);

/** What an origin made of a query, and why. */
export const decisionSchema = z.strictObject({
  outcome: z.enum(["released", "aggregate", "withheld", "refused"]),
  /** In stable words, such as the code of a problem. */
  reasons: z.array(z.string().min(1).max(300)).max(32),
  /** The rule of the policy that decided. */
  rule: z.string().min(1).max(300).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** A member's query, answered or refused. */
export const queryNoteSchema = z.strictObject({
  kind: z.literal("query"),
  /** In whose name it was asked. */
  asker: nodeIdSchema,
  purpose: z.string().min(1).max(64).optional(),
  /** Absent where the query could not be read. */
  domain: domainIdSchema.optional(),
  /** Commits to the content digest of the query's body (P-113), and shows nothing of it. */
  query: hashSchema,
  /** The trace that the request belonged to: W3C Trace Context. It proves nothing. */
  trace: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  decision: decisionSchema,
  /** How many cases the answer tells of, and by which references where it tells of each. */
  released: z.strictObject({ count, references: z.array(reference).max(K_MAX) }),
  /** Commits to the answer (P-113); absent where there was none. */
  answer: hashSchema.optional(),
  /** The query itself, where the origin's configuration has it so. */
  content: z.record(z.string(), z.unknown()).optional(),
});

/** The log was begun, over a database that held this already. */
const beginNoteSchema = z.strictObject({
  kind: z.literal("begin"),
  records: z.array(z.strictObject({ domain: domainIdSchema, count })),
});

/** The origin was started, with these settings. */
const startNoteSchema = z.strictObject({
  kind: z.literal("start"),
  settings: z.record(z.string(), z.unknown()),
});

/** Records came from a source, in one transaction. */
const loadNoteSchema = z.strictObject({
  kind: z.literal("load"),
  domain: domainIdSchema,
  loaded: count,
  updated: count,
});

/** The operator added an outcome, or corrected it. */
const depositNoteSchema = z.strictObject({
  kind: z.literal("deposit"),
  domain: domainIdSchema,
  reference,
  change: z.enum(["loaded", "updated"]),
});

/** An outcome was removed. */
const withdrawNoteSchema = z.strictObject({
  kind: z.literal("withdraw"),
  domain: domainIdSchema,
  reference,
});

/** What happened, before it has its place in the log. */
export type AuditNote = z.infer<
  | typeof queryNoteSchema
  | typeof beginNoteSchema
  | typeof startNoteSchema
  | typeof loadNoteSchema
  | typeof depositNoteSchema
  | typeof withdrawNoteSchema
>;

export const queryEntrySchema = z.strictObject({ ...place, ...queryNoteSchema.shape });
export type QueryEntry = z.infer<typeof queryEntrySchema>;

export const auditEntrySchema = z.discriminatedUnion("kind", [
  queryEntrySchema,
  z.strictObject({ ...place, ...beginNoteSchema.shape }),
  z.strictObject({ ...place, ...startNoteSchema.shape }),
  z.strictObject({ ...place, ...loadNoteSchema.shape }),
  z.strictObject({ ...place, ...depositNoteSchema.shape }),
  z.strictObject({ ...place, ...withdrawNoteSchema.shape }),
]);
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** What the first entry names as the hash before it. */
export const NO_PREVIOUS: string = toBase64Url(new Uint8Array(32));

/** The leaf that an entry is: its canonical JSON. */
export function entryBytes(entry: AuditEntry): Uint8Array<ArrayBuffer> {
  return canonicalBytes(entry);
}

export function entryHash(entry: AuditEntry): Uint8Array<ArrayBuffer> {
  return leafHash(entryBytes(entry));
}

/**
 * A commitment to `value`: HMAC-SHA-256 under a key that only the origin can derive, and that it gives to the
 * one who asked. Without the key not even a guess at the value can be checked.
 */
export function commitTo(key: string, value: string): string {
  return toBase64Url(hmac(sha256, fromBase64Url(key), utf8Bytes(value)));
}
