/** Options that several `mesh` commands have, and the parsers of their values. */
import { InvalidArgumentError, Option } from "commander";
import {
  endpointSchema,
  fromBase64Url,
  publicKeySchema,
  isSoundPublicKey,
  type PublicKey,
} from "../../../protocol/index.ts";

/** The node's own key. */
export function keyOption(): Option {
  return new Option("--key <file>", "your node's key").env("OUTCOME_MESH_KEY");
}

/** The parser of an option that is given once for each of several public keys. */
export function publicKeys(text: string, before: readonly PublicKey[] = []): PublicKey[] {
  return [...before, publicKey(text)];
}

/** Parses a public key, and refuses one that no statement could be verified with. */
export function publicKey(text: string): PublicKey {
  const parsed = parsePublicKey(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError(
    "must be a public key, as `outcome-mesh key new` and `outcome-mesh key show` print it",
  );
}

/** The sound public key that `text` is, if it is one. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const parsed = publicKeySchema.safeParse(text);
  if (!parsed.success || !isSoundPublicKey(fromBase64Url(parsed.data))) return undefined;
  return parsed.data;
}

/** Parses the address that others call: https, or http on loopback. */
export function endpoint(text: string): string {
  const parsed = endpointSchema.safeParse(text.replace(/\/$/, ""));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "is not an address");
}

/** The parser of an option that is given once for each of several addresses. */
export function endpoints(text: string, before: readonly string[] = []): string[] {
  return [...before, endpoint(text)];
}

/** The parser of an option that is given once for each of several files. */
export function files(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
