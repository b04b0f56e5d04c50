/**
 * What members tell each other about the membership: descriptors, votes, proofs of equivocation. Each is
 * signed, so anyone may pass it on; of two about the same thing, everyone keeps the same one.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { ByteWriter, compareText, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import type { PublicKey } from "../ids.ts";
import { descriptorSchema, type Descriptor } from "../signed/descriptor.ts";
import { equivocationSchema } from "../signed/equivocation.ts";
import { voteSchema } from "../signed/vote.ts";

export const statementSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("descriptor"), descriptor: descriptorSchema }),
  z.strictObject({ type: z.literal("vote"), vote: voteSchema }),
  z.strictObject({ type: z.literal("equivocation"), equivocation: equivocationSchema }),
]);
export type Statement = z.infer<typeof statementSchema>;

export function toStatements(descriptors: readonly Descriptor[]): Statement[] {
  return descriptors.map((descriptor) => ({ type: "descriptor", descriptor }));
}

/** Whose membership the statement is about. */
export function subjectOf(statement: Statement): PublicKey {
  switch (statement.type) {
    case "descriptor":
      return statement.descriptor.descriptor.key;
    case "vote":
      return statement.vote.subject;
    case "equivocation":
      return statement.equivocation.first.descriptor.key;
  }
}

/** Whose signature the statement bears. */
export function signerOf(statement: Statement): PublicKey {
  return statement.type === "vote" ? statement.vote.by : subjectOf(statement);
}

/**
 * What the statement is about: of all with one name, one is kept. A voter's admission and its revocation of one
 * subject are two things: both are needed to tell who was ever admitted, and who is revoked.
 */
export function nameOf(statement: Statement): string {
  if (statement.type !== "vote") return `${statement.type}/${subjectOf(statement)}`;
  const { subject, by, verdict } = statement.vote;
  return `vote/${subject}/${by}/${verdict}`;
}

/**
 * Which of two statements of one name is kept: positive if `a`. Descriptors by seq, votes by time; a proof as
 * `findEquivocation` orders them. What is left goes by the text of the signature, so that all keep the same.
 */
export function compareStatements(a: Statement, b: Statement): number {
  if (a.type === "descriptor" && b.type === "descriptor") {
    const bySeq = a.descriptor.descriptor.seq - b.descriptor.descriptor.seq;
    return bySeq || compareText(a.descriptor.signature, b.descriptor.signature);
  }
  if (a.type === "vote" && b.type === "vote") {
    return a.vote.issuedAt - b.vote.issuedAt || compareText(a.vote.signature, b.vote.signature);
  }
  if (a.type === "equivocation" && b.type === "equivocation") {
    const [one, other] = [a.equivocation, b.equivocation];
    return (
      other.first.descriptor.seq - one.first.descriptor.seq ||
      compareText(other.first.signature, one.first.signature) ||
      compareText(other.second.signature, one.second.signature)
    );
  }
  throw new TypeError("the statements are not about the same thing");
}

/** 8 bytes as base64url: short enough to list by the thousand, long enough that honest statements never share one. */
export const STATEMENT_HASH_BYTES = 8;
const HASH_PREFIX = utf8Bytes("outcome-mesh/statement/v1\0");
const TYPE_BYTE = { descriptor: 1, vote: 2, equivocation: 3 } as const satisfies Record<
  Statement["type"],
  number
>;
const hashes = new WeakMap<Statement, string>();

/** The statement's hash: over its signatures, which stand for all that they sign. */
export function statementHash(statement: Statement): string {
  const known = hashes.get(statement);
  if (known !== undefined) return known;
  const writer = new ByteWriter().raw(HASH_PREFIX).u8(TYPE_BYTE[statement.type]);
  for (const signature of signaturesOf(statement)) writer.raw(fromBase64Url(signature));
  const hash = toBase64Url(sha256(writer.bytes()).subarray(0, STATEMENT_HASH_BYTES));
  hashes.set(statement, hash);
  return hash;
}

function signaturesOf(statement: Statement): readonly string[] {
  switch (statement.type) {
    case "descriptor":
      return [statement.descriptor.signature];
    case "vote":
      return [statement.vote.signature];
    case "equivocation":
      return [statement.equivocation.first.signature, statement.equivocation.second.signature];
  }
}
