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

/** base64url, as a lookup's response has it. */
export function entryText(node: NodeId, domain: DomainId, signature: Uint8Array): string {
  const entry = { node, domain, epoch: 1, seq: NOW, count: 1, signature };
  return toBase64Url(Uint8Array.of(...encodeEntry(entry), ...UNSIGNED));
}
