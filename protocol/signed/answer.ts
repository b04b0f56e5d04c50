/** Answers: what an origin says to a query, signed as a whole. */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { ByteWriter, fromBase64Url } from "../bytes.ts";
import { canonicalBytes } from "../domain/schema.ts";
import { contentId, domainIdSchema, nodeIdSchema, type MeshId, type PublicKey } from "../ids.ts";
import { issueSchema } from "../result.ts";
import { receiptSchema } from "../audit/receipt.ts";
import type { Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

const valuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const resultSchema = z.strictObject({
  /** Names the outcome at its origin, and means nothing elsewhere: not the record's id. */
  reference: z.string().min(1).max(64),
  /** Exact similarity, in [0, 1]. */
  score: z.number().min(0).max(1),
  /** Similarity of each feature that the query has. */
  features: z.record(z.string(), z.number().min(0).max(1)),
  intervention: valuesSchema,
  result: valuesSchema,
  observedAt: z.string().max(64).optional(),
});
export type OutcomeResult = z.infer<typeof resultSchema>;

/** How many shares of a distribution a cell gives at most. */
const SHARES_MAX = 256;

/** What one fixed group of records has in common: never fewer individuals than the answer's `minimumGroupSize`. */
export const aggregateCellSchema = z.strictObject({
  /** Of all its records. */
  intervention: valuesSchema,
  records: z.int().min(1),
  /** Distinct patients, machines or whatever else the records' groups are; a record without one is its own. */
  individuals: z.int().min(1),
  /** Of the group's typical profile to the query, in [0, 1]. */
  similarity: z.number().min(0).max(1),
  /** Of the domain's first result field; absent where policy leaves it out. */
  result: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("shares"),
        /** Rounded to `step`, so they need not sum to 1. */
        shares: z
          .array(
            z.strictObject({
              value: z.union([z.string(), z.number(), z.boolean()]),
              share: z.number().min(0).max(1),
            }),
          )
          .max(SHARES_MAX),
        step: z.number().positive().max(1),
      }),
      z.strictObject({
        kind: z.literal("mean"),
        /** Of the values, the outermost tenths drawn in, rounded to `step`. */
        mean: z.number(),
        deviation: z.number().min(0),
        step: z.number().min(0),
      }),
    ])
    .optional(),
});
export type AggregateCell = z.infer<typeof aggregateCellSchema>;

/** The most results that one origin gives, and the largest k that a query may ask for. */
export const RESULTS_MAX = 200;

/** What a policy lets out in place of single results. */
export const aggregateSchema = z.strictObject({
  /** The fewest individuals behind any cell. */
  minimumGroupSize: z.int().min(2),
  /** Most similar first. */
  cells: z.array(aggregateCellSchema).max(RESULTS_MAX),
});
export type Aggregate = z.infer<typeof aggregateSchema>;

export const answerSchema = z.strictObject({
  version: z.literal(1),
  node: nodeIdSchema,
  domain: domainIdSchema,
  /** SHA-256 of the request body that this answers: an answer can not be replayed for another query. */
  query: z.string(),
  /** Milliseconds since 1970. */
  answeredAt: z.int().min(0),
  /** Best first. */
  results: z.array(resultSchema).max(RESULTS_MAX),
  /** Instead of results, where the origin's policy gives no single ones. */
  aggregate: aggregateSchema.optional(),
  /** What of the query was left out, such as unknown terms. */
  warnings: z.array(issueSchema).max(1000),
  /** Proves that the origin logged this query and answer. */
  receipt: receiptSchema.optional(),
});
export type Answer = z.infer<typeof answerSchema>;

export const signedAnswerSchema = z.strictObject({
  answer: answerSchema,
  signature: signatureSchema,
});
export type SignedAnswer = z.infer<typeof signedAnswerSchema>;

/** The node, then the SHA-256 of the answer's canonical JSON. */
function encodeAnswer(answer: Answer): Uint8Array {
  return new ByteWriter()
    .raw(fromBase64Url(answer.node))
    .raw(sha256(canonicalBytes(answer)))
    .bytes();
}

/** What a receipt says of an answer: the SHA-256 of its canonical JSON without the receipt, as base64url. */
export function answerDigest(answer: Answer): string {
  return contentId(canonicalBytes({ ...answer, receipt: undefined }));
}

export async function signAnswer(
  identity: Identity,
  mesh: MeshId,
  answer: Answer,
): Promise<SignedAnswer> {
  return { answer, signature: await signStatement(identity, "answer", mesh, encodeAnswer(answer)) };
}

export function verifyAnswer(mesh: MeshId, key: PublicKey, signed: SignedAnswer): Promise<boolean> {
  return verifyStatement(key, signed.signature, "answer", mesh, encodeAnswer(signed.answer));
}
