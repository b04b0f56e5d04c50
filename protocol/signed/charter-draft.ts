/**
 * A charter on its way from founder to founder: the same document as a charter, with null where a signature is
 * missing. Complete, it is a charter.
 */
import { z } from "zod";
import { fromBase64Url } from "../bytes.ts";
import type { PublicKey } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import {
  charterStatementSchema,
  encodeCharter,
  meshIdOf,
  type Charter,
  type CharterStatement,
} from "./charter.ts";
import { isSoundPublicKey, type Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, verifyStatement } from "./statement.ts";

export const charterDraftSchema = z
  .strictObject({
    charter: charterStatementSchema,
    /** Of each founder, in the order of `founders`. */
    signatures: z.array(signatureSchema.nullable()),
  })
  .refine(({ charter, signatures }) => charter.founders.length === signatures.length, {
    path: ["signatures"],
    message: "must be as many as founders",
  });
export type CharterDraft = z.infer<typeof charterDraftSchema>;

/** Why a draft can not be used: a founder's key is not sound, or what stands for its signature is none. */
export interface DraftFault {
  readonly code: "unsound-key" | "bad-signature";
  readonly founder: PublicKey;
}

/** The draft that no one has signed yet. */
export function draftCharter(charter: CharterStatement): CharterDraft {
  return { charter, signatures: charter.founders.map(() => null) };
}

/** Adds the signature of `identity`; undefined if it is none of the founders. */
export async function signDraft(
  draft: CharterDraft,
  identity: Identity,
): Promise<CharterDraft | undefined> {
  const { charter, signatures } = draft;
  const place = charter.founders.indexOf(identity.publicKey);
  if (place === -1) return undefined;
  const mesh = meshIdOf(charter);
  const signature = await signStatement(identity, "charter", mesh, encodeCharter(charter));
  return { charter, signatures: signatures.with(place, signature) };
}

/** The signatures that either draft has, where both are of one charter; undefined where they are not. */
export function mergeDrafts(a: CharterDraft, b: CharterDraft): CharterDraft | undefined {
  if (meshIdOf(a.charter) !== meshIdOf(b.charter)) return undefined;
  return {
    charter: a.charter,
    signatures: a.signatures.map((signature, i) => signature ?? b.signatures[i] ?? null),
  };
}

/** Checks every founder's key and every signature that is there. */
export async function checkDraft({
  charter,
  signatures,
}: CharterDraft): Promise<DraftFault | undefined> {
  const mesh = meshIdOf(charter);
  const body = encodeCharter(charter);
  for (const [i, founder] of charter.founders.entries()) {
    if (!isSoundPublicKey(fromBase64Url(founder))) return { code: "unsound-key", founder };
    const signature = signatures[i] ?? null;
    if (signature === null) continue;
    if (!(await verifyStatement(founder, signature, "charter", mesh, body))) {
      return { code: "bad-signature", founder };
    }
  }
  return undefined;
}

/** The charter, or the founders who have yet to sign it. */
export function completeDraft({
  charter,
  signatures,
}: CharterDraft): Result<Charter, readonly PublicKey[]> {
  const present = signatures.filter((signature) => signature !== null);
  if (present.length === signatures.length) return ok({ charter, signatures: present });
  return err(charter.founders.filter((_, i) => signatures[i] === null));
}
