/**
 * Sealed answers: under a key that follows from the query's HPKE context, as in RFC 9458 section 4.4, so that the
 * asker needs no key of its own. Who can seal one has opened the query.
 */
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, utf8Bytes } from "../bytes.ts";
import { ANSWER_MAX_BYTES } from "../messages/limits.ts";
import { contentMaxBytes, isSizeClass, pad, unpad, type SizeClasses } from "./padding.ts";

export const EXPORT_LABEL = utf8Bytes("outcome-mesh/sealed-answer/v1");
/** max(Nn, Nk) of AES-128-GCM. */
export const SECRET_BYTES = 16;
/** As long as the secret. */
export const ANSWER_NONCE_BYTES = 16;

const VERSION = 1;
const HEADER = Uint8Array.of(VERSION);
const KEY_BYTES = 16;
const AEAD_NONCE_BYTES = 12;
const TAG_BYTES = 16;
const STATUS_BYTES = 2;
/** Ten results with a breakdown: a refusal, an empty answer and most full ones are of one size. */
const CLASSES: SizeClasses = {
  minBytes: 4096,
  maxBytes: ANSWER_MAX_BYTES,
  overheadBytes: HEADER.length + ANSWER_NONCE_BYTES + TAG_BYTES,
};
/** The longest body that can be sealed. */
export const SEALED_ANSWER_CONTENT_MAX_BYTES = contentMaxBytes(CLASSES) - STATUS_BYTES;

/** What is sealed: a status too, so that a refusal looks like an answer. */
export interface AnswerContent {
  /** Of HTTP. */
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Seals the one answer to a query that was opened. */
export class AnswerSealer {
  readonly #enc: Uint8Array;
  readonly #secret: Uint8Array;

  constructor(enc: Uint8Array, secret: Uint8Array) {
    this.#enc = enc;
    this.#secret = secret;
  }

  /** `nonce`: 16 fresh random bytes. Throws a `RangeError` where the body is too long. */
  async seal({ status, body }: AnswerContent, nonce: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const content = new ByteWriter().u16(status).raw(body).bytes();
    const { key, iv } = await importKeys(answerKeys(this.#enc, this.#secret, nonce), "encrypt");
    const algorithm = { name: "AES-GCM", iv, additionalData: HEADER };
    const sealed = await crypto.subtle.encrypt(algorithm, key, pad(content, CLASSES));
    return new ByteWriter().raw(HEADER).raw(nonce).raw(new Uint8Array(sealed)).bytes();
  }
}

/** Opens the answer to a query that was sealed. */
export class AnswerOpener {
  readonly #enc: Uint8Array;
  readonly #secret: Uint8Array;

  constructor(enc: Uint8Array, secret: Uint8Array) {
    this.#enc = enc;
    this.#secret = secret;
  }

  /** Undefined where `message` is no sealed answer to this query. */
  async open(message: Uint8Array): Promise<AnswerContent | undefined> {
    if (!isSizeClass(message.length, CLASSES) || message[0] !== VERSION) return undefined;
    const body = HEADER.length + ANSWER_NONCE_BYTES;
    const nonce = message.subarray(HEADER.length, body);
    const { key, iv } = await importKeys(answerKeys(this.#enc, this.#secret, nonce), "decrypt");
    const algorithm = { name: "AES-GCM", iv, additionalData: HEADER };
    try {
      const padded = await crypto.subtle.decrypt(algorithm, key, message.slice(body));
      const content = unpad(new Uint8Array(padded), CLASSES);
      if (!content || content.length < STATUS_BYTES) return undefined;
      const status = new DataView(content.buffer).getUint16(0);
      return { status, body: content.slice(STATUS_BYTES) };
    } catch {
      return undefined;
    }
  }
}

export interface AnswerKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** RFC 9458 section 4.4: the answer's AEAD key and nonce. */
export function answerKeys(enc: Uint8Array, secret: Uint8Array, nonce: Uint8Array): AnswerKeys {
  const prk = extract(sha256, secret, new ByteWriter().raw(enc).raw(nonce).bytes());
  return {
    key: expand(sha256, prk, utf8Bytes("key"), KEY_BYTES),
    iv: expand(sha256, prk, utf8Bytes("nonce"), AEAD_NONCE_BYTES),
  };
}

async function importKeys({ key, iv }: AnswerKeys, usage: "encrypt" | "decrypt") {
  const raw = Uint8Array.from(key);
  return {
    key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [usage]),
    iv: Uint8Array.from(iv),
  };
}
