/**
 * How messages are cut into frames, and put together again: a frame is one binary WebSocket message, and these are
 * limited in size. The frames of a message follow each other; no frame of another message comes between them.
 */
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import { err, ok, type Result } from "../result.ts";

const LINK_VERSION = 1;
/** Version, kind, flags, 8 bytes of id. */
export const FRAME_HEADER_BYTES = 11;
/** 1 MiB, what a message to a Durable Object could always have; larger ones came only later. */
export const FRAME_MAX_BYTES = 1_048_576;
const ID_BYTES = 8;
const IS_FIRST = 1;
const IS_LAST = 2;
const ID_AT = 3;

/** Names a request on a link: 8 random bytes as base64url. Messages that are about no request have the zero id. */
export type LinkId = string;
export const NO_ID: LinkId = toBase64Url(new Uint8Array(ID_BYTES));

export interface Frame {
  readonly kind: number;
  readonly id: LinkId;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly piece: Uint8Array;
}

/** Cuts a message's bytes into frames of at most `frameMaxBytes`, at least one. */
export function toFrames(
  kind: number,
  id: LinkId,
  bytes: Uint8Array,
  frameMaxBytes = FRAME_MAX_BYTES,
): Uint8Array<ArrayBuffer>[] {
  const room = frameMaxBytes - FRAME_HEADER_BYTES;
  const count = Math.max(1, Math.ceil(bytes.length / room));
  return Array.from({ length: count }, (_, i) => {
    const piece = bytes.subarray(i * room, (i + 1) * room);
    const frame = new Uint8Array(FRAME_HEADER_BYTES + piece.length);
    frame[0] = LINK_VERSION;
    frame[1] = kind;
    frame[2] = (i === 0 ? IS_FIRST : 0) | (i === count - 1 ? IS_LAST : 0);
    frame.set(fromBase64Url(id), ID_AT);
    frame.set(piece, FRAME_HEADER_BYTES);
    return frame;
  });
}

export function decodeFrame(bytes: Uint8Array): Result<Frame, "malformed"> {
  const [version, kind, flags] = bytes;
  const isFrame = bytes.length >= FRAME_HEADER_BYTES && bytes.length <= FRAME_MAX_BYTES;
  if (!isFrame || version !== LINK_VERSION || kind === undefined || flags === undefined) {
    return err("malformed");
  }
  if ((flags & ~(IS_FIRST | IS_LAST)) !== 0) return err("malformed");
  return ok({
    kind,
    id: toBase64Url(bytes.subarray(ID_AT, FRAME_HEADER_BYTES)),
    isFirst: (flags & IS_FIRST) !== 0,
    isLast: (flags & IS_LAST) !== 0,
    piece: bytes.subarray(FRAME_HEADER_BYTES),
  });
}

/** A message put together from its frames. */
export interface Assembled {
  readonly kind: number;
  readonly id: LinkId;
  readonly bytes: Uint8Array;
}

/** Puts together what one connection brings; holds at most one message that is not complete. */
export class Assembler {
  readonly #maxBytes: number;
  #partial: { kind: number; id: LinkId; pieces: Uint8Array[]; size: number } | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next frame: returns the message that it completes, if it does. A frame that continues nothing is passed
   * over: what it continued was lost with the memory of a receiver that slept.
   */
  take(bytes: Uint8Array): Result<Assembled | undefined, "malformed" | "too-large"> {
    const frame = decodeFrame(bytes);
    if (!frame.ok) return frame;
    const { kind, id, isFirst, isLast, piece } = frame.value;
    if (isFirst) {
      if (this.#partial) return err("malformed");
      this.#partial = { kind, id, pieces: [], size: 0 };
    }
    const partial = this.#partial;
    if (!partial) return ok(undefined);
    if (partial.kind !== kind || partial.id !== id) return err("malformed");
    partial.size += piece.length;
    if (partial.size > this.#maxBytes) return err("too-large");
    partial.pieces.push(piece);
    if (!isLast) return ok(undefined);
    this.#partial = undefined;
    return ok({ kind, id, bytes: join(partial.pieces, partial.size) });
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
