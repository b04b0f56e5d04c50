import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import {
  decodeOntology,
  encodeOntology,
  type Ontology,
  type OntologySource,
} from "../../../protocol/ontology/ontology.ts";
import { smallOntology, smallSource } from "../support/ontologies.ts";
import { SLOW } from "../support/random.ts";

/** Random directed acyclic graphs: a term's parents come before it. */
const anySource: fc.Arbitrary<OntologySource> = fc
  .uniqueArray(
    fc.string({ minLength: 1, maxLength: 6, unit: "binary" }).filter((id) => !id.includes("\n")),
    { minLength: 1, maxLength: 20 },
  )
  .chain((ids) =>
    fc.record({
      ids: fc.constant(ids),
      parents: fc.tuple(
        ...ids.map((_, i) => fc.subarray(ids.slice(0, i), { maxLength: Math.min(i, 3) })),
      ),
      aliases: fc.array(
        fc.tuple(
          fc.nat(99).map((n) => `alias ${n}`),
          fc.constantFrom(...ids),
        ),
      ),
    }),
  )
  .map(({ ids, parents, aliases }) => ({
    terms: new Map(ids.map((id, i) => [id, parents[i] ?? []])),
    aliases: new Map(aliases),
  }));

function ancestorsOf(source: OntologySource, term: string): Set<string> {
  const found = new Set([term]);
  for (const parent of source.terms.get(term) ?? []) {
    for (const ancestor of ancestorsOf(source, parent)) found.add(ancestor);
  }
  return found;
}

function contentOf({ informationContent, ...ontology }: Ontology, term: string): number {
  return informationContent[ontology.indexOf(term) ?? -1] ?? Number.NaN;
}

/** The opened file, or the error's message. */
function tryDecode(file: Uint8Array): Ontology | string {
  try {
    return decodeOntology(file);
  } catch (error) {
    return String(error);
  }
}

describe("compiled ontologies", () => {
  it("P-21: decode(encode(x)) gives the terms in code-unit order, and every alias", () => {
    fc.assert(
      fc.property(anySource, (source) => {
        const ontology = decodeOntology(encodeOntology(source));
        expect(ontology.terms).toEqual([...source.terms.keys()].toSorted());
        for (const [alias, term] of source.aliases) {
          expect(ontology.terms[ontology.indexOf(alias) ?? -1]).toBe(term);
        }
      }),
    );
  });

  it("P-21: the bytes do not depend on the order in which terms, parents and aliases come", () => {
    const reversed = {
      terms: new Map(
        [...smallSource.terms].toReversed().map(([t, ps]) => [t, [...ps].toReversed()]),
      ),
      aliases: new Map([...smallSource.aliases].toReversed()),
    };
    expect(encodeOntology(reversed)).toEqual(encodeOntology(smallSource));
  });

  it("P-22: information content is 1 - ln(1 + descendants) / ln(terms): 0 at the root, 1 at a leaf", () => {
    const ontology = smallOntology();
    const of = (term: string): number => contentOf(ontology, term);
    expect(of("T:root")).toBe(0);
    for (const leaf of ["T:fast", "T:slow", "T:valve", "T:cough", "T:cor-pulmonale", "T:wheeze"]) {
      expect(of(leaf)).toBe(1);
    }
    expect(of("T:rhythm")).toBeCloseTo(1 - Math.log(3) / Math.log(10), 14);
    expect(of("T:heart")).toBeCloseTo(1 - Math.log(6) / Math.log(10), 14);
    expect(of("T:lung")).toBeCloseTo(1 - Math.log(4) / Math.log(10), 14);
  });

  it("P-22: information content lies in [0, 1] and never falls from a parent to its child", () => {
    fc.assert(
      fc.property(anySource, (source) => {
        const ontology = decodeOntology(encodeOntology(source));
        const of = (term: string): number => contentOf(ontology, term);
        for (const [term, parents] of source.terms) {
          expect(of(term)).toBeGreaterThanOrEqual(0);
          expect(of(term)).toBeLessThanOrEqual(1);
          for (const parent of parents) expect(of(parent)).toBeLessThanOrEqual(of(term));
        }
      }),
    );
  });

  it("P-22: an ontology of one term says nothing", () => {
    const single = encodeOntology({ terms: new Map([["a", []]]), aliases: new Map() });
    expect(decodeOntology(single).informationContent).toEqual(Float64Array.of(0));
  });

  it("P-23: the closure equals a naive one, less the terms without information content", () => {
    fc.assert(
      fc.property(anySource, fc.array(fc.nat(19), { maxLength: 4 }), (source, picks) => {
        const ontology = decodeOntology(encodeOntology(source));
        const chosen = picks.filter((i) => i < ontology.terms.length);
        const naive = new Set(
          chosen.flatMap((i) => [...ancestorsOf(source, ontology.terms[i] ?? "")]),
        );
        const expected = [...naive]
          .map((term) => ontology.indexOf(term) ?? -1)
          .filter((i) => (ontology.informationContent[i] ?? 0) > 0)
          .toSorted((a, b) => a - b);
        expect([...ontology.closureOf(chosen)]).toEqual(expected);
      }),
    );
  });

  it("P-23: knows terms and alternative ids, and nothing else", () => {
    const ontology = smallOntology();
    expect(ontology.indexOf("T:tachycardia")).toBe(ontology.indexOf("T:fast"));
    expect(ontology.indexOf("T:unheard-of")).toBeUndefined();
    expect(ontology.indexOf("constructor")).toBeUndefined();
  });

  it("P-23: a term's own id wins over an alias of the same name", () => {
    const source = { ...smallSource, aliases: new Map([["T:slow", "T:fast"]]) };
    const ontology = decodeOntology(encodeOntology(source));
    expect(ontology.terms[ontology.indexOf("T:slow") ?? -1]).toBe("T:slow");
  });

  it.each([
    [
      "a cycle",
      [
        ["a", ["b"]],
        ["b", ["a"]],
      ],
      /is its own ancestor/,
    ],
    ["a term that is its own parent", [["a", ["a"]]], /a is its own ancestor/],
    ["an unknown parent", [["a", ["b"]]], /a has the unknown parent b/],
    ["an id with a line break", [["a\nb", []]], /"a\\nb" has a line break/],
  ] satisfies [string, [string, string[]][], RegExp][])("P-21: refuses %s", (_, terms, message) => {
    const source = { terms: new Map(terms), aliases: new Map<string, string>() };
    expect(() => encodeOntology(source)).toThrow(message);
  });

  it("P-21: opens a file that starts anywhere in a larger buffer", () => {
    const file = encodeOntology(smallSource);
    const buffer = new Uint8Array(file.length + 3);
    buffer.set(file, 3);
    expect(decodeOntology(buffer.subarray(3)).id).toBe(smallOntology().id);
  });
});

describe("damaged ontology files", SLOW, () => {
  const file = encodeOntology(smallSource);
  const REFUSED = "not a compiled ontology file";

  it("P-21: every truncation, and every surplus byte, is refused", () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeOntology(file.subarray(0, length))).toThrow(REFUSED);
    }
    expect(() => decodeOntology(Uint8Array.from([...file, 0]))).toThrow(REFUSED);
  });

  // eslint-disable-next-line vitest/expect-expect -- the property returns its verdict
  it("P-21: any damage is refused with the same words, or leaves a file that is safe to use under another id", () => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = file.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        const opened = tryDecode(damaged);
        if (typeof opened === "string") return opened === `Error: ${REFUSED}`;
        const isSame = opened.id === smallOntology().id;
        const closure = opened.closureOf(opened.terms.map((_, i) => i));
        return (
          isSame === (Buffer.compare(damaged, file) === 0) &&
          closure.every((term) => term < opened.terms.length) &&
          opened.informationContent.every((content) => content >= 0 && content <= 1)
        );
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["another magic", 0, [0x50]],
    ["more terms than there are", 8, [0xff, 0xff, 0xff, 0xff]],
    ["information content that is no number", 32, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ["information content above 1", 32, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]],
    ["parents that start beyond the end", 112, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ["a parent that is no term", 160, [0xff, 0xff, 0, 0]],
    ["an alias of no term", 200, [0xff, 0, 0, 0]],
    ["text that is not UTF-8", 208, [0xff]],
    ["terms out of order", 210, ["z".charCodeAt(0)]],
  ])("P-21: refuses a file with %s", (_, at, bytes) => {
    const damaged = file.slice();
    damaged.set(bytes, at);
    expect(() => decodeOntology(damaged)).toThrow(REFUSED);
  });
});
