/**
 * Keyed domains: the document commits to a secret that members pass to each other as they do the document, and
 * without which no signature of the domain can be computed, nor checked against a guessed profile.
 */
import { z } from "zod";
import { ByteWriter, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { publicFamilyKey, secretFamilyKey, type FamilyKey } from "../features/family-key.ts";
import { contentId, hashSchema, type DomainId } from "../ids.ts";
import { err, ok, type Issue, type Result } from "../result.ts";
import type { Domain } from "./schema.ts";

/** 32 random bytes as base64url. */
export const domainSecretSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "must be a 32-byte domain secret as base64url")
  .brand<"DomainSecret">();
export type DomainSecret = z.infer<typeof domainSecretSchema>;

/** Text with domain secrets apart by white space or commas: a file of one, or a variable with all of a node's. */
export const domainSecretsSchema = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .pipe(z.array(domainSecretSchema));

/** A signed 32-bit integer: a new secret every minute for 4,000 years. */
const EPOCH_MAX = 2 ** 31 - 1;

export const domainKeySchema = z.strictObject({
  /** Counts the secrets that the domain has had: from 1. */
  epoch: z.int().min(1).max(EPOCH_MAX),
  /** `commitmentTo` the secret: whoever is given a wrong one notices. */
  commitment: hashSchema,
});

const COMMITMENT_PREFIX = utf8Bytes("outcome-mesh/domain-secret/v1\0");

/** A new domain secret from 32 random bytes. */
export function domainSecretFrom(random: Uint8Array): DomainSecret {
  return domainSecretSchema.parse(toBase64Url(random));
}

/** What a domain document says of its secret, as base64url: nothing that a secret could be found by. */
export function commitmentTo(secret: DomainSecret): string {
  return contentId(new ByteWriter().raw(COMMITMENT_PREFIX).raw(fromBase64Url(secret)).bytes());
}

/** Of a keyed domain that one of `secrets` which its document commits to. */
export function secretFor(
  { signature: { key } }: Domain,
  secrets: readonly DomainSecret[],
): DomainSecret | undefined {
  return key && secrets.find((secret) => commitmentTo(secret) === key.commitment);
}

/** Where a refusal says that the fault lies with the domain's secret. */
export const DOMAIN_KEY_PATH = "signature.key";

/** Of a keyed domain only with its own secret, of any other only without one; the issue's path is `signature.key`. */
export function familyKeyOf(
  { signature: { key } }: Domain,
  id: DomainId,
  secret: DomainSecret | undefined,
): Result<FamilyKey, Issue> {
  if (!key) {
    if (secret === undefined) return ok(publicFamilyKey(id));
    return err({ path: DOMAIN_KEY_PATH, message: "is absent: this domain takes no secret" });
  }
  if (secret === undefined) {
    const message = `needs the domain's secret of epoch ${key.epoch}, which was not given`;
    return err({ path: DOMAIN_KEY_PATH, message });
  }
  if (commitmentTo(secret) !== key.commitment) {
    const message = `commits to another secret than the one given: this one is not of epoch ${key.epoch}`;
    return err({ path: DOMAIN_KEY_PATH, message });
  }
  return ok(secretFamilyKey(fromBase64Url(secret), id));
}
