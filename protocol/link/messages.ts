/**
 * What an origin and its own Worker say to each other over the link: whole HTTP requests and answers, and what it
 * takes to have many of them under way over a connection that may break.
 */
import { z } from "zod";
import { ByteWriter, utf8Bytes } from "../bytes.ts";
import { readJson } from "../http/body.ts";
import { ANSWER_MAX_BYTES } from "../messages/limits.ts";
import { err, ok, type Result } from "../result.ts";
import { FRAME_MAX_BYTES, NO_ID, toFrames, type Assembled, type LinkId } from "./frames.ts";

/** Header fields of a request with a delegation are 2 kB; an answer's are fewer. */
export const LINK_HEAD_MAX_BYTES = 65_536;
const LENGTH_BYTES = 4;
/** The largest message: an answer, or a request, which may be smaller. */
export const LINK_MESSAGE_MAX_BYTES = LENGTH_BYTES + LINK_HEAD_MAX_BYTES + ANSWER_MAX_BYTES;
/** Requests that an origin may offer to have under way at once. */
export const LINK_IN_FLIGHT_MAX = 256;

const linkIdSchema = z.string().regex(/^[A-Za-z0-9_-]{11}$/);
const idsSchema = z.array(linkIdSchema).max(2 * LINK_IN_FLIGHT_MAX);
/** Names in lower case. */
const headersSchema = z.record(z.string(), z.string());

const requestHeadSchema = z.strictObject({
  method: z.string().max(16),
  /** Path and query, as the asker signed them. */
  path: z.string().startsWith("/").max(2048),
  headers: headersSchema,
  /** How long the asker still waits, in milliseconds. */
  timeoutMs: z.int().min(1).max(999_999_999),
});
const answerHeadSchema = z.strictObject({
  status: z.int().min(200).max(599),
  headers: headersSchema,
});
/** A request as it goes over the link, without its body. */
export type LinkRequestHead = z.infer<typeof requestHeadSchema>;
export type LinkAnswerHead = z.infer<typeof answerHeadSchema>;

/** Of each message its kind and its head; a request and an answer have a body after it. */
const messageSchema = z.discriminatedUnion("kind", [
  /** Origin: the first message of a connection. */
  z.strictObject({
    kind: z.literal("hello"),
    head: z.strictObject({
      /** Requests that it takes at once. */
      maxInFlight: z.int().min(1).max(LINK_IN_FLIGHT_MAX),
      /** Requests of an earlier connection that it works on, or has answers to. */
      held: idsSchema,
    }),
  }),
  /** Worker: what it says to `hello`. */
  z.strictObject({
    kind: z.literal("welcome"),
    /** Those of the held ones whose askers still wait. The origin forgets the others. */
    head: z.strictObject({ wanted: idsSchema }),
  }),
  /** Worker: what someone asks. */
  z.strictObject({ kind: z.literal("request"), head: requestHeadSchema }),
  /** Origin: kept until it is released. */
  z.strictObject({ kind: z.literal("answer"), head: answerHeadSchema }),
  /** Worker: the answer has come, or no one waits for it any more. */
  z.strictObject({ kind: z.literal("release"), head: z.strictObject({}) }),
  /** Origin: it takes no new requests, answers those it has, and then closes. */
  z.strictObject({ kind: z.literal("goodbye"), head: z.strictObject({}) }),
]);
type Content = z.infer<typeof messageSchema>;

/** By their code on the wire, from 1. */
const KINDS: readonly Content["kind"][] = [
  "hello",
  "welcome",
  "request",
  "answer",
  "release",
  "goodbye",
];

export type LinkMessage = Content & { readonly id: LinkId; readonly body: Uint8Array };
export type OutgoingLinkMessage = Content & { readonly id?: LinkId; readonly body?: Uint8Array };

/** A message as frames, ready to be sent. Throws a `RangeError` where it is larger than any may be. */
export function encodeLinkMessage(
  { kind, head, id = NO_ID, body = new Uint8Array() }: OutgoingLinkMessage,
  frameMaxBytes = FRAME_MAX_BYTES,
): Uint8Array<ArrayBuffer>[] {
  const headBytes = utf8Bytes(JSON.stringify(head));
  const bytes = new ByteWriter().u32(headBytes.length).raw(headBytes).raw(body).bytes();
  if (headBytes.length > LINK_HEAD_MAX_BYTES || body.length > ANSWER_MAX_BYTES) {
    throw new RangeError(`a ${kind} of ${bytes.length} bytes is too large for the link`);
  }
  return toFrames(KINDS.indexOf(kind) + 1, id, bytes, frameMaxBytes);
}

/** Reads a message that was put together. */
export function decodeLinkMessage(assembled: Assembled): Result<LinkMessage, "malformed"> {
  const { kind: code, id, bytes } = assembled;
  if (bytes.length < LENGTH_BYTES) return err("malformed");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length > LINK_HEAD_MAX_BYTES || LENGTH_BYTES + length > bytes.length) return err("malformed");
  const head = readJson(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  const content = messageSchema.safeParse({ kind: KINDS[code - 1], head });
  if (!content.success) return err("malformed");
  return ok({ ...content.data, id, body: bytes.subarray(LENGTH_BYTES + length) });
}
