/** Identifiers: branded so that one kind is never taken for another. All are base64url of 32 bytes. */
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { fromBase64Url, toBase64Url } from "./bytes.ts";

/** 32 bytes as base64url without padding. */
const base64Url32 = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "must be 32 bytes as base64url without padding");

export const nodeIdSchema = base64Url32.brand<"NodeId">();
export const domainIdSchema = base64Url32.brand<"DomainId">();
export const meshIdSchema = base64Url32.brand<"MeshId">();
export const ontologyIdSchema = base64Url32.brand<"OntologyId">();
export const publicKeySchema = base64Url32.brand<"PublicKey">();
export const sealingKeySchema = base64Url32.brand<"SealingKey">();
/** A SHA-256 that names nothing. */
export const hashSchema = base64Url32;

/** SHA-256 of the organisation's raw Ed25519 public key. */
export type NodeId = z.infer<typeof nodeIdSchema>;
/** SHA-256 of the domain's canonical JSON (RFC 8785). */
export type DomainId = z.infer<typeof domainIdSchema>;
/** SHA-256 of the charter's signed bytes. */
export type MeshId = z.infer<typeof meshIdSchema>;
/** SHA-256 of the compiled ontology file. */
export type OntologyId = z.infer<typeof ontologyIdSchema>;
/** A raw Ed25519 public key. */
export type PublicKey = z.infer<typeof publicKeySchema>;
/** A raw X25519 public key. */
export type SealingKey = z.infer<typeof sealingKeySchema>;

/** SHA-256 of `bytes`, as the base64url text that every identifier is made of. */
export function contentId(bytes: Uint8Array): string {
  return toBase64Url(sha256(bytes));
}

export function nodeIdOf(key: PublicKey): NodeId {
  return nodeIdSchema.parse(contentId(fromBase64Url(key)));
}
