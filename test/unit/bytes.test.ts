import { fc } from "./support/property.ts";
import { describe, expect, it } from "vitest";
import { ByteWriter, compareBytes, fromBase64Url, toBase64Url } from "../../protocol/bytes.ts";

describe("base64url", () => {
  it("P-01: decode(encode(x)) = x, without padding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64Url(bytes)).toMatch(/^[A-Za-z0-9_-]*$/);
        expect([...fromBase64Url(toBase64Url(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it.each(["AA==", "A", "AB", "A+", "A/", "A A", "AA\n"])(
    "P-01: refuses %j, which is not canonical",
    (text) => {
      expect(() => fromBase64Url(text)).toThrow(Error);
    },
  );
});

const writeTexts = (list: string[]): string =>
  toBase64Url(list.reduce((writer, text) => writer.text(text), new ByteWriter()).bytes());

describe("the byte writer", () => {
  it("P-02: writes numbers big-endian, and text after its length in bytes", () => {
    const bytes = new ByteWriter()
      .u8(1)
      .u16(2)
      .u32(3)
      .u64(2 ** 53 - 1)
      .text("é")
      .bytes();
    const hex = ["01", "0002", "00000003", "001fffffffffffff", "0002c3a9"].join("");
    expect(Buffer.from(bytes).toString("hex")).toBe(hex);
  });

  it.each([
    ["u8", 255],
    ["u16", 65_535],
    ["u32", 0xffffffff],
    ["u64", Number.MAX_SAFE_INTEGER],
  ] as const)("P-02: %s takes 0 to %d, and nothing else", (field, max) => {
    const write = (value: number) => () => new ByteWriter()[field](value);
    expect(write(0)).not.toThrow();
    expect(write(max)).not.toThrow();
    for (const bad of [max + 1, -1, 0.5, Number.NaN, Infinity])
      expect(write(bad)).toThrow(RangeError);
  });

  it("P-02: different sequences of texts never give the same bytes", () => {
    const texts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 });
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(writeTexts(a) === writeTexts(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it("P-02: byte strings are ordered as Buffer.compare orders them", () => {
    const bytes = fc.uint8Array({ maxLength: 4, max: 3 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      }),
    );
  });
});
