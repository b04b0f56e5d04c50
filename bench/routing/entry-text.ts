/** Entries as they are sent, but for their signature: zeros stand for it, which is as long. */
import {
  SIGNATURE_BYTES,
  encodeEntry,
  toBase64Url,
  type DomainId,
  type NodeId,
} from "../../protocol/index.ts";
import { NOW } from "../suite/exchange.ts";

const UNSIGNED = new Uint8Array(SIGNATURE_BYTES);

/** By symbols. */
const texts = new Map<number, string>();

/**
 * base64url, as a lookup's response has it, of an entry with as many symbols: only its length counts, and making
 * thousands of them a query would take longer than the lookups do.
 */
export function entryText(node: NodeId, domain: DomainId, signature: Uint8Array): string {
  const known = texts.get(signature.length);
  if (known !== undefined) return known;
  const entry = { node, domain, epoch: 1, seq: NOW, count: 1, signature };
  const text = toBase64Url(Uint8Array.of(...encodeEntry(entry), ...UNSIGNED));
  texts.set(signature.length, text);
  return text;
}
