import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import {
  canonicalBytes,
  DOMAIN_MAX_BYTES,
  domainIdOf,
  parseDomain,
} from "../../../protocol/domain/schema.ts";
import { contentId } from "../../../protocol/ids.ts";
import { utf8Bytes } from "../../../protocol/bytes.ts";
import { domainOf, sampleDocument } from "../support/domains.ts";
import { seededRandom, shuffled } from "../support/random.ts";

type Document = ReturnType<typeof sampleDocument>;
/** A document with the member at `path` replaced; undefined takes it out. */
function changed(path: string, value: unknown, document: object = sampleDocument()): object {
  const copy: object = structuredClone(document);
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  let at: object = copy;
  for (const step of steps) {
    const next: unknown = Reflect.get(at, step);
    if (typeof next !== "object" || next === null) throw new Error(`no ${path}`);
    at = next;
  }
  if (value === undefined) Reflect.deleteProperty(at, last);
  else Reflect.set(at, last, value);
  return copy;
}

function issuesOf(text: string): { path: string; message: string }[] {
  const parsed = parseDomain(text);
  return parsed.ok ? [] : [...parsed.error];
}

const levels = (count: number): string[] => Array.from({ length: count }, (_, i) => `level ${i}`);
const numeric = (name: string): object => ({ name, kind: "numeric", weight: 1, tolerance: 1 });

describe("domains that cannot work", () => {
  it.each<[string, string, unknown, string?]>([
    ["an unknown version", "outcomeMesh", 2],
    ["no version", "outcomeMesh", undefined],
    ["a version as text", "outcomeMesh", "1"],
    ["no name", "name", undefined],
    ["a name with a space", "name", "heart disease"],
    ["an empty title", "title", ""],
    ["no features", "features", []],
    ["features that are no list", "features", {}],
    ["257 features", "features", Array.from({ length: 257 }, (_, i) => numeric(`f${i}`))],
    ["an unknown kind", "features.0.kind", "fuzzy"],
    ["no kind", "features.0.kind", undefined],
    ["no weight", "features.0.weight", undefined],
    ["a weight of 0", "features.0.weight", 0],
    ["a negative weight", "features.0.weight", -1],
    ["a weight as text", "features.0.weight", "1"],
    ["a weight above a million", "features.0.weight", 1_000_001],
    ["no tolerance", "features.0.tolerance", undefined],
    ["a tolerance of 0", "features.0.tolerance", 0],
    ["a negative tolerance", "features.0.tolerance", -5],
    ["an unknown scale", "features.0.scale", "cubic"],
    ["a minimum above the maximum", "features.0.min", 131, "features.0.max"],
    ["a feature name that starts with a digit", "features.0.name", "2age"],
    ["an empty feature name", "features.0.name", ""],
    ["two features of one name", "features.1.name", "age", "features"],
    ["one level", "features.2.levels", ["none"]],
    ["257 levels", "features.2.levels", levels(257)],
    ["levels twice the same", "features.2.levels", ["none", "mild", "none"]],
    ["an ordinal tolerance of 0", "features.2.tolerance", 0],
    ["an empty list of values", "features.3.values", []],
    ["weighted that is no boolean", "features.5.weighted", "yes"],
    ["no ontology", "features.6.ontology", undefined],
    ["an ontology that is no id", "features.6.ontology", "hp.json"],
    ["one dimension", "features.7.dimensions", 1],
    ["4,097 dimensions", "features.7.dimensions", 4097],
    ["half a dimension", "features.7.dimensions", 2.5],
    ["no interventions", "intervention", []],
    ["no intervention at all", "intervention", undefined],
    ["an unknown kind of intervention", "intervention.0.kind", "numeric range"],
    ["a numeric result without unit", "intervention.1.unit", undefined],
    ["two intervention fields of one name", "intervention.1.name", "treatment", "intervention"],
    ["no results", "result", []],
    ["33 results", "result", levels(33).map((_, i) => ({ name: `r${i}`, kind: "binary" }))],
    ["a direction that is none", "result.1.better", "left"],
    ["a binary result whose better is text", "result.0.better", "higher"],
    ["no signature settings", "signature", undefined],
    ["too few symbols", "signature.symbols", 15],
    ["too many symbols", "signature.symbols", 1025],
    [
      "fewer symbols than features",
      "features",
      levels(129).map((_, i) => numeric(`f${i}`)),
      "signature.symbols",
    ],
    ["no trees", "signature.trees", 0],
    ["65 trees", "signature.trees", 65],
    ["a root depth of 0", "signature.rootDepth", 0],
    ["a root depth of 5", "signature.rootDepth", 5],
    ["9 candidates", "signature.candidates", 9],
    ["5,001 candidates", "signature.candidates", 5001],
    ["no branch", "signature.branches", 0],
    ["17 branches", "signature.branches", 17],
  ])("P-10: %s is refused with its path", (_, path, value, reported = path) => {
    expect(issuesOf(JSON.stringify(changed(path, value))).map((issue) => issue.path)).toContain(
      reported,
    );
  });

  it.each([
    ["", ""],
    ["features.0", "features.0"],
    ["intervention.0", "intervention.0"],
    ["signature", "signature"],
  ])("P-10: an unknown member in %j is refused with its object's path", (path, reported) => {
    const at = path === "" ? "colour" : `${path}.colour`;
    expect(issuesOf(JSON.stringify(changed(at, "red")))).toEqual([
      { path: reported, message: 'Unrecognized key: "colour"' },
    ]);
  });

  it("P-03: a member named twice is refused with its path", () => {
    const text = JSON.stringify(sampleDocument()).replace('"weight":3', '"weight":3,"weight":300');
    expect(issuesOf(text)).toEqual([{ path: "features.0.weight", message: "is named twice" }]);
  });

  it("P-03: half of a surrogate pair is refused, for it has no canonical form", () => {
    const text = JSON.stringify(changed("title", "\ud800"));
    expect(issuesOf(text)).toEqual([{ path: "title", message: "holds half of a surrogate pair" }]);
  });

  it.each(["", "null", "[]", "1", '"domain"', "{}", "{"])(
    "P-10: %j is refused, and never throws",
    (text) => {
      expect(parseDomain(text).ok).toBe(false);
    },
  );

  it("P-10: every fault is reported, not only the first", () => {
    const faulty = changed("features.2.tolerance", 0, changed("features.0.weight", 0));
    expect(issuesOf(JSON.stringify(faulty)).map((issue) => issue.path)).toEqual([
      "features.0.weight",
      "features.2.tolerance",
    ]);
  });

  it.each([
    [0, true],
    [1, false],
  ])("P-10: a domain of 262,144 bytes and %d more is accepted: %s", (more, isAccepted) => {
    const text = JSON.stringify(sampleDocument());
    const filled = text + " ".repeat(DOMAIN_MAX_BYTES - text.length + more);
    expect(parseDomain(filled).ok).toBe(isAccepted);
    const wide = JSON.stringify(changed("description", "é"));
    expect(parseDomain(wide + " ".repeat(DOMAIN_MAX_BYTES - wide.length - 1 + more)).ok).toBe(
      isAccepted,
    );
  });
});

describe("domains that work", () => {
  it.each<[string, string, unknown]>([
    ["16 symbols", "signature.symbols", 16],
    ["1,024 symbols", "signature.symbols", 1024],
    ["64 trees", "signature.trees", 64],
    ["a root depth of 4", "signature.rootDepth", 4],
    ["5,000 candidates", "signature.candidates", 5000],
    ["16 branches", "signature.branches", 16],
    ["256 levels", "features.2.levels", levels(256)],
    ["a feature named constructor", "features.0.name", "constructor"],
    ["a name of 64 characters", "name", "a".repeat(64)],
    ["128 features of 128 symbols", "features", levels(128).map((_, i) => numeric(`f${i}`))],
  ])("P-10: %s is accepted", (_, path, value) => {
    expect(issuesOf(JSON.stringify(changed(path, value)))).toEqual([]);
  });

  it("P-10: 256 features fit 256 symbols", () => {
    const features = Array.from({ length: 256 }, (_, i) => numeric(`f${i}`));
    const document = changed("signature.symbols", 256, changed("features", features));
    expect(issuesOf(JSON.stringify(document))).toEqual([]);
  });
});

/** The same JSON value with its members in another order. */
function reordered(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reordered(item, random));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([k, v]) => [k, reordered(v, random)] as const);
  return Object.fromEntries(shuffled(members, random));
}

describe("the domain id", () => {
  it("P-04: does not change with member order and whitespace", () => {
    const id = domainIdOf(domainOf(sampleDocument()));
    fc.assert(
      fc.property(fc.integer(), fc.nat(8), (seed, indent) => {
        const text = JSON.stringify(reordered(sampleDocument(), seededRandom(seed)), null, indent);
        const parsed = parseDomain(text);
        expect(parsed.ok && domainIdOf(parsed.value)).toBe(id);
      }),
    );
  });

  it("P-04: changes with every value, and with the order of features", () => {
    const document: Document = sampleDocument();
    const others = [
      changed("description", ""),
      changed("title", "Another"),
      changed("features.0.weight", 3.0000000000000004),
      changed("signature.candidates", 51),
      changed("features", document.features.toReversed()),
    ];
    const ids = [document, ...others].map((other) => domainIdOf(domainOf(other)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("P-04: is the SHA-256 of the canonical JSON of the document as it was written", () => {
    const document = sampleDocument();
    expect(domainIdOf(domainOf(document))).toBe(contentId(canonicalBytes(document)));
  });
});

describe("canonical JSON", () => {
  // github.com/cyberphone/json-canonicalization (Apache-2.0), testdata/input and testdata/output.
  it.each([
    [
      "weird",
      '{"\\u20ac":"Euro Sign","1":"One","\\u0080":"Control\\u007f","\\ud83d\\ude02":"Smiley",' +
        '"\\u00f6":"Latin Small Letter O With Diaeresis","\\ufb33":"Hebrew Letter Dalet With Dagesh","</script>":"Browser Challenge"}',
      '{"1":"One","</script>":"Browser Challenge","\u0080":"Control\u007f",' +
        '"\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\ud83d\ude02":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ],
    [
      "values",
      '{"numbers":[1E30, 4.50, 333333333.33333329, 2e-3, 0.000000000000000000000000001],' +
        '"escaping":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null, true, false]}',
      '{"escaping":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/","literals":[null,true,false],' +
        '"numbers":[1e+30,4.5,333333333.3333333,0.002,1e-27]}',
    ],
    [
      "structures",
      '{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0},"10": { },"": "empty","a": { },"111": [ { } ],"A": { }}',
      '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
    ],
    [
      "french",
      '{"peach":"This sorting order","p\u00e9ch\u00e9":"is wrong according to French","p\u00eache":"but canonicalization MUST","sin":"ingnore locale"}',
      '{"peach":"This sorting order","p\u00e9ch\u00e9":"is wrong according to French","p\u00eache":"but canonicalization MUST","sin":"ingnore locale"}',
    ],
  ])("P-04: the published vector %s of RFC 8785 comes out byte for byte", (_, input, output) => {
    expect([...canonicalBytes(JSON.parse(input))]).toEqual([...utf8Bytes(output)]);
  });

  it("P-04: Unicode is not normalised: two spellings of one letter are two texts", () => {
    expect(canonicalBytes("A\u030a")).not.toEqual(canonicalBytes("\u00c5"));
  });

  // RFC 8785 appendix B: IEEE-754 bits and how they are written.
  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555557", "333333333.33333343"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("P-04: the number of bits %s is written %s", (bits, text) => {
    const number = Buffer.from(bits, "hex").readDoubleBE();
    expect([...canonicalBytes(number)]).toEqual([...utf8Bytes(text)]);
  });

  it("P-04: what has no canonical form throws, rather than to give two documents one id", () => {
    expect(() => canonicalBytes({ a: Number.NaN })).toThrow("NaN");
    expect(() => canonicalBytes(undefined)).toThrow("not a JSON document");
    expect(() => canonicalBytes("\ud800")).toThrow("Lone surrogate");
  });
});
