/** How vectors write bytes and doubles, and how they make keys that stand for nothing. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8Bytes } from "../../protocol/bytes.ts";

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** A key, seed or id that stands for nothing: SHA-256 of the text. */
export function seedOf(text: string): Uint8Array {
  return sha256(utf8Bytes(text));
}

export function must<T>(result: { ok: true; value: T } | { ok: false }): T {
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.value;
}

/** The eight bytes of a double, big-endian: what a decimal text cannot pin. */
export function doubleHex(x: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(x);
  return hex(bytes);
}

/** Kernels are pinned to nine decimals: arc cosine may differ in the last bits between platforms. */
export function roundKernel(kernel: number): number {
  return Number(kernel.toFixed(9));
}
