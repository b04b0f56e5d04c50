/**
 * Sealed queries: HPKE (RFC 9180, base mode) from whoever asks to an origin's sealing key. Whatever lies between, the
 * organisation's own Worker included, sees who asks whom, when, and a size class.
 */
import { ByteWriter, compareBytes, fromBase64Url, utf8Bytes } from "../bytes.ts";
import type { MeshId, NodeId, SealingKey } from "../ids.ts";
import { REQUEST_MAX_BYTES } from "../messages/limits.ts";
import { err, ok, type Result } from "../result.ts";
import { contentMaxBytes, isSizeClass, pad, unpad, type SizeClasses } from "./padding.ts";
import { AnswerOpener, AnswerSealer, EXPORT_LABEL, SECRET_BYTES } from "./sealed-answer.ts";
import { KEY_ID_BYTES, sealingKeyId, suite, type SealingKeyPair } from "./sealing-key.ts";

/** Of sealed queries and answers alike. */
export const SEALED_MEDIA_TYPE = "application/vnd.outcome-mesh.sealed";

const VERSION = 1;
const ENC_BYTES = 32;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
const INFO_PREFIX = utf8Bytes("outcome-mesh/sealed-query/v1\0");
/** A profile of twenty features as JSON is half of the smallest class. */
const CLASSES: SizeClasses = {
  minBytes: 1024,
  maxBytes: REQUEST_MAX_BYTES,
  overheadBytes: HEADER_BYTES + ENC_BYTES + TAG_BYTES,
};
/** The longest body that can be sealed. */
export const SEALED_QUERY_CONTENT_MAX_BYTES = contentMaxBytes(CLASSES);

/** What a sealed query belongs to: it opens nowhere else. */
export interface SealingContext {
  readonly mesh: MeshId;
  /** The node that asks, or in whose name a client does. */
  readonly from: NodeId;
  readonly to: NodeId;
  readonly method: string;
  /** Below the origin's base URL. */
  readonly path: string;
}

export interface SealedQuery {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly answer: AnswerOpener;
}

export interface OpenedQuery {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly answer: AnswerSealer;
}

/**
 * Seals `body` to `recipient`. `random` is 32 fresh random bytes: the ephemeral key derives from them, as RFC 9180
 * section 7.1 lets GenerateKeyPair do. Rejects where the body is too long, or the key one that no one has (of small
 * order).
 */
export async function sealQuery(
  body: Uint8Array,
  recipient: SealingKey,
  context: SealingContext,
  random: Uint8Array,
): Promise<SealedQuery> {
  const id = sealingKeyId(recipient);
  const padded = pad(body, CLASSES);
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(fromBase64Url(recipient)),
    info: infoOf(context, id),
    ekm: random,
  });
  const header = new ByteWriter().u8(VERSION).raw(id).bytes();
  const enc = new Uint8Array(sender.enc);
  const sealed = new Uint8Array(await sender.seal(padded, header));
  const secret = new Uint8Array(await sender.export(EXPORT_LABEL, SECRET_BYTES));
  return {
    message: new ByteWriter().raw(header).raw(enc).raw(sealed).bytes(),
    answer: new AnswerOpener(enc, secret),
  };
}

/** `malformed`: no sealed query. `unknown-key`: sealed to none of `keys`. `unopened`: changed, or meant for another context. */
export type OpenError = "malformed" | "unknown-key" | "unopened";

/** Opens a sealed query with whichever of `keys` it names. */
export async function openQuery(
  message: Uint8Array,
  keys: readonly SealingKeyPair[],
  context: SealingContext,
): Promise<Result<OpenedQuery, OpenError>> {
  if (!isSizeClass(message.length, CLASSES) || message[0] !== VERSION) return err("malformed");
  const header = message.subarray(0, HEADER_BYTES);
  const id = header.subarray(1);
  const key = keys.find((held) => compareBytes(held.id, id) === 0);
  if (!key) return err("unknown-key");
  const enc = message.slice(HEADER_BYTES, HEADER_BYTES + ENC_BYTES);
  try {
    const recipient = await suite.createRecipientContext({
      recipientKey: key.privateKey,
      enc,
      info: infoOf(context, id),
    });
    const padded = await recipient.open(message.slice(HEADER_BYTES + ENC_BYTES), header);
    const body = unpad(new Uint8Array(padded), CLASSES);
    if (!body) return err("malformed");
    const secret = new Uint8Array(await recipient.export(EXPORT_LABEL, SECRET_BYTES));
    return ok({ body, answer: new AnswerSealer(enc, secret) });
  } catch {
    return err("unopened");
  }
}

function infoOf({ mesh, from, to, method, path }: SealingContext, id: Uint8Array): Uint8Array {
  return new ByteWriter()
    .raw(INFO_PREFIX)
    .raw(fromBase64Url(mesh))
    .raw(fromBase64Url(from))
    .raw(fromBase64Url(to))
    .text(method)
    .text(path)
    .raw(id)
    .bytes();
}
