/**
 * Padding: a sealed message as a whole is a power of two long. So a watcher learns one of eleven sizes of a query and
 * of an answer, at the cost of less than the message itself; and the largest ones are as large as unsealed bodies.
 */
import { ByteWriter } from "../bytes.ts";

export interface SizeClasses {
  /** The smallest message; a power of two. */
  readonly minBytes: number;
  /** The largest message; a power of two. */
  readonly maxBytes: number;
  /** Of a message, what is not content or padding. */
  readonly overheadBytes: number;
}

const LENGTH_BYTES = 4;

/** The longest content that `pad` takes. */
export function contentMaxBytes({ maxBytes, overheadBytes }: SizeClasses): number {
  return maxBytes - overheadBytes - LENGTH_BYTES;
}

/** `u32` length ‖ content ‖ zeros, up to the smallest class that it fits. Throws a `RangeError` if it fits none. */
export function pad(content: Uint8Array, classes: SizeClasses): Uint8Array<ArrayBuffer> {
  const { minBytes, overheadBytes } = classes;
  if (content.length > contentMaxBytes(classes)) {
    throw new RangeError(`content may have ${contentMaxBytes(classes)} bytes`);
  }
  const needed = content.length + LENGTH_BYTES + overheadBytes;
  let size = minBytes;
  while (size < needed) size *= 2;
  const padded = new Uint8Array(size - overheadBytes);
  padded.set(new ByteWriter().u32(content.length).raw(content).bytes());
  return padded;
}

/** True if a message may be so long. */
export function isSizeClass(bytes: number, { minBytes, maxBytes }: SizeClasses): boolean {
  return bytes >= minBytes && bytes <= maxBytes && Number.isInteger(Math.log2(bytes));
}

/** The content of what `pad` gave; undefined for anything else. */
export function unpad(
  padded: Uint8Array<ArrayBuffer>,
  { minBytes, overheadBytes }: SizeClasses,
): Uint8Array<ArrayBuffer> | undefined {
  if (padded.length < LENGTH_BYTES) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length) return undefined;
  const size = padded.length + overheadBytes;
  // One class for each length, and zeros alone: the same content has no second form.
  const isSmallest = size === minBytes || end + overheadBytes > size / 2;
  if (!isSmallest || padded.subarray(end).some((byte) => byte !== 0)) return undefined;
  return padded.slice(LENGTH_BYTES, end);
}
