import { fc } from "./support/property.ts";
import { describe, expect, it } from "vitest";
import { JSON_MAX_DEPTH, parseJson } from "../../protocol/json.ts";

/** Any JSON value, its strings well-formed and no member named `__proto__`. */
const anyJson = fc
  .jsonValue({ maxDepth: 4, stringUnit: "grapheme" })
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

const wrap = (text: string, at: string | number): string =>
  typeof at === "string" ? `{"c":0,"${at}":${text}}` : `[${"0,".repeat(at)}${text}]`;

const array = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const object = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);

const both = (depth: number): string => '[{"a":'.repeat(depth / 2) + "1" + "}]".repeat(depth / 2);

describe("JSON as the protocol accepts it", () => {
  it("P-03: accepts every interoperable document, and reads it as JSON.parse does", () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it.each([
    ['{"a":1,"a":1}', "a"],
    ['{"a":1,"b":2,"\\u0061":3}', "a"],
    ['{"a":{"b":[0,{"x":1,"y":2,"x":3}]}}', "a.b.1.x"],
    ['[[{"":1,"":2}]]', "0.0."],
  ])("P-03: refuses %s, with the path of the member that is named twice", (text, path) => {
    expect(parseJson(text)).toEqual({ ok: false, error: { path, message: "is named twice" } });
  });

  it("P-03: finds a member that is named twice at any depth", () => {
    const step = fc.oneof(fc.constantFrom("a", "b"), fc.nat(2));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), anyJson, (path, value) => {
        const inner = `{"x":${JSON.stringify(value)},"y":{"x":0},"x":${JSON.stringify(value)}}`;
        const text = path.reduceRight(wrap, inner);
        expect(parseJson(text)).toEqual({
          ok: false,
          error: { path: [...path, "x"].join("."), message: "is named twice" },
        });
      }),
    );
  });

  it.each([
    ['{"__proto__":1}', "__proto__"],
    ['{"a":[{"\\u005f_proto__":{}}]}', "a.0.__proto__"],
  ])("P-03: refuses %s, whose member would be dropped unsaid", (text, path) => {
    expect(parseJson(text)).toEqual({ ok: false, error: { path, message: "is no name to use" } });
  });

  it("P-03: the same name in different objects is no fault", () => {
    expect(parseJson('[{"a":{"a":1}},{"a":[{"a":2},{"a":3}]}]').ok).toBe(true);
  });

  it.each([
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    '{"a":1}x',
    "// c\n1",
    "NaN",
    "01",
    "\ufeff1",
    '"\n"',
    "undefined",
  ])("P-03: refuses %j, which is not JSON", (text) => {
    const parsed = parseJson(text);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.error.message).toMatch(/^is not JSON/);
  });

  it.each([
    ['"\\ud800"', ""],
    ['{"a":["\\udc00\\ud800"]}', "a.0"],
    ['{"a":{"\\ud83d":1}}', "a"],
  ])("P-03: refuses %s, which holds half of a surrogate pair", (text, path) => {
    expect(parseJson(text)).toEqual({
      ok: false,
      error: { path, message: "holds half of a surrogate pair" },
    });
  });

  it("P-03: accepts 64 levels and refuses 65, of arrays, objects and both", () => {
    expect(JSON_MAX_DEPTH).toBe(64);
    for (const nest of [array, object]) {
      expect(parseJson(nest(64)).ok).toBe(true);
      expect(parseJson(nest(65)).ok).toBe(false);
    }
    expect(parseJson(both(64)).ok).toBe(true);
    expect(parseJson(both(66)).ok).toBe(false);
  });

  it("P-03: refuses half a million levels without using up the stack", () => {
    const deep = parseJson("[".repeat(500_000) + "]".repeat(500_000));
    expect(!deep.ok && deep.error.message).toBe("is nested deeper than 64 levels");
  });
});
