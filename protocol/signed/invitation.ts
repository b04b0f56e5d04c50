/**
 * Invitations: what a newcomer needs to find a mesh and to know what it joins. It gives no right by itself; the
 * votes in it do. Whoever has it can check it without asking anyone.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { ByteWriter, fromBase64Url } from "../bytes.ts";
import { canonicalBytes } from "../domain/schema.ts";
import { CLOCK_SKEW_S } from "../http/message-signature.ts";
import { endpointSchema } from "../http/endpoint.ts";
import { publicKeySchema, type MeshId } from "../ids.ts";
import type { Admission } from "../membership/admission.ts";
import { MembershipState } from "../membership/state.ts";
import { statementSchema } from "../membership/statements.ts";
import { admissionWith, verifyStatements } from "../membership/verify.ts";
import { err, ok, type Result } from "../result.ts";
import { charterSchema, meshIdOf, verifyCharter } from "./charter.ts";
import type { Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

/** How long an invitation is good where nothing else is said. */
export const INVITATION_MS = 14 * 24 * 60 * 60 * 1000;
/** Addresses change: a year on, few in it would lead anywhere. */
export const INVITATION_MAX_MS = 366 * 24 * 60 * 60 * 1000;
/** One address is enough to join; some may be gone. */
const PEERS_MAX = 16;
/** Enough to prove that an inviter, some peers and their voters are members. */
export const INVITATION_STATEMENTS_MAX = 64;

const timestamp = z.int().min(0);

export const invitationStatementSchema = z
  .strictObject({
    version: z.literal(1),
    charter: charterSchema,
    /** The member that invites, and signs. */
    by: publicKeySchema,
    /** Whom it invites; anyone who has the invitation, where absent. */
    subject: publicKeySchema.optional(),
    /** What proves that the inviter is a member, and the votes for the invited. */
    statements: z.array(statementSchema).max(INVITATION_STATEMENTS_MAX),
    /** Base URLs of members' Workers that take newcomers in. */
    peers: z.array(endpointSchema).min(1).max(PEERS_MAX),
    /** Milliseconds since 1970. */
    issuedAt: timestamp,
    expiresAt: timestamp,
  })
  .refine(
    ({ issuedAt, expiresAt }) => expiresAt > issuedAt && expiresAt - issuedAt <= INVITATION_MAX_MS,
    { path: ["expiresAt"], message: `must be after issuedAt, by at most ${INVITATION_MAX_MS} ms` },
  );
export type InvitationStatement = z.infer<typeof invitationStatementSchema>;

export const invitationSchema = z.strictObject({
  invitation: invitationStatementSchema,
  signature: signatureSchema,
});
export type Invitation = z.infer<typeof invitationSchema>;

/** Why an invitation is not good. */
export type InvitationFault =
  | "bad-charter"
  | "bad-signature"
  | "bad-statement"
  /** What is in it does not make the inviter a member. */
  | "not-a-member"
  | "not-yet"
  | "expired";

export interface CheckedInvitation {
  readonly mesh: MeshId;
  /** Who is a member by the votes in it. */
  readonly admission: Admission;
}

/** The inviter's key, then the SHA-256 of the canonical JSON. */
function encodeInvitation(invitation: InvitationStatement): Uint8Array {
  return new ByteWriter()
    .raw(fromBase64Url(invitation.by))
    .raw(sha256(canonicalBytes(invitation)))
    .bytes();
}

export async function signInvitation(
  inviter: Identity,
  invitation: InvitationStatement,
): Promise<Invitation> {
  const mesh = meshIdOf(invitation.charter.charter);
  const body = encodeInvitation(invitation);
  return { invitation, signature: await signStatement(inviter, "invitation", mesh, body) };
}

/** Checks all of an invitation, and what its votes say at `now`. */
export async function checkInvitation(
  { invitation, signature }: Invitation,
  now: number,
): Promise<Result<CheckedInvitation, InvitationFault>> {
  const { charter, by, statements, issuedAt, expiresAt } = invitation;
  if (issuedAt > now + CLOCK_SKEW_S * 1000) return err("not-yet");
  if (expiresAt <= now) return err("expired");
  if (!(await verifyCharter(charter))) return err("bad-charter");
  const state = new MembershipState(charter);
  // Before the signature: the state checks once that the key is sound.
  if (!state.isSound(by)) return err("bad-signature");
  const mesh = meshIdOf(charter.charter);
  const body = encodeInvitation(invitation);
  if (!(await verifyStatement(by, signature, "invitation", mesh, body))) {
    return err("bad-signature");
  }
  const { good, refused } = await verifyStatements(state, statements, now);
  // Peers' leases may have ended since; a vote for the invited does not depend on them.
  if (refused.some(({ code }) => code !== "expired")) return err("bad-statement");
  const admission = admissionWith(state, good);
  if (!admission.isAdmitted(by)) return err("not-a-member");
  return ok({ mesh, admission });
}
