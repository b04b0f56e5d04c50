import * as fc from "fast-check";
import { base64urlnopad } from "@scure/base";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../protocol/bytes.ts";

function isRefused(decode: () => unknown): boolean {
  try {
    decode();
    return false;
  } catch {
    return true;
  }
}

describe("base64url in workerd", () => {
  it("is the engine's, and gives what it gives everywhere", () => {
    expect("fromBase64" in Uint8Array).toBe(true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(base64urlnopad.encode(bytes));
        expect(fromBase64Url(text)).toEqual(bytes);
      }),
    );
  });

  it("is refused where it is not canonical", () => {
    for (const text of ["AB==", "AB", "A", "A A", "A+", "A/", "AAA\n", "\u00e4AAA"]) {
      expect(
        isRefused(() => fromBase64Url(text)),
        text,
      ).toBe(true);
      expect(
        isRefused(() => base64urlnopad.decode(text)),
        text,
      ).toBe(true);
    }
  });
});
