/** Votes: one organisation's word on another's membership. What they add up to is the charter's admission rule. */
import { z } from "zod";
import { ByteWriter, fromBase64Url } from "../bytes.ts";
import { publicKeySchema, type MeshId, type PublicKey } from "../ids.ts";
import type { Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

export const verdictSchema = z.enum(["admit", "revoke"]);
export type Verdict = z.infer<typeof verdictSchema>;

export const voteSchema = z.strictObject({
  version: z.literal(1),
  /** Whose membership it is about. */
  subject: publicKeySchema,
  /** Who votes, and signs. */
  by: publicKeySchema,
  verdict: verdictSchema,
  /** Milliseconds since 1970. Of one voter's votes on one subject the latest counts. */
  issuedAt: z.int().min(0),
  signature: signatureSchema,
});
export type Vote = z.infer<typeof voteSchema>;

const VERDICT_BYTE = { admit: 1, revoke: 2 } as const satisfies Record<Verdict, number>;

export function encodeVote(vote: Omit<Vote, "signature">): Uint8Array<ArrayBuffer> {
  return new ByteWriter()
    .u8(vote.version)
    .raw(fromBase64Url(vote.subject))
    .raw(fromBase64Url(vote.by))
    .u8(VERDICT_BYTE[vote.verdict])
    .u64(vote.issuedAt)
    .bytes();
}

/** The voter's signed verdict on `subject`. */
export async function signVote(
  voter: Identity,
  mesh: MeshId,
  subject: PublicKey,
  verdict: Verdict,
  issuedAt: number,
): Promise<Vote> {
  const vote = { version: 1, subject, by: voter.publicKey, verdict, issuedAt } as const;
  return { ...vote, signature: await signStatement(voter, "vote", mesh, encodeVote(vote)) };
}

/** True if `by` signed the vote for `mesh`. Whether that key may vote is the charter's word. */
export function verifyVote(mesh: MeshId, vote: Vote): Promise<boolean> {
  return verifyStatement(vote.by, vote.signature, "vote", mesh, encodeVote(vote));
}
