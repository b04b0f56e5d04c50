/** Vectors of the protocol's functions: randomness, logarithm, ontology files and hash families. */
import { compileFeature, featureSpecSchema } from "../../protocol/features/index.ts";
import { toBase64Url } from "../../protocol/bytes.ts";
import { publicFamilyKey } from "../../protocol/features/family-key.ts";
import { domainIdSchema, type OntologyId } from "../../protocol/ids.ts";
import { ln } from "../../protocol/math.ts";
import { decodeOntology, encodeOntology, type Ontology } from "../../protocol/ontology/ontology.ts";
import { elementKey, mix, prfPermutation, prfWords } from "../../protocol/prf.ts";
import { doubleHex, hex, must, roundKernel, seedOf } from "./encoding.ts";

export function primitives() {
  const key = seedOf("vectors");
  const numbers = [5e-324, 1e-300, 2 ** -33, 0.1, 0.5, Math.SQRT1_2, 0.999, 1, 1.001, 1.5, 2, 3, 10];
  return {
    prf: ["feature/age", "tree/0", ""].map((label) => ({
      key: hex(key),
      label,
      words: [...prfWords(key, label, 10)],
    })),
    permutation: [1, 2, 16].map((size) => ({
      key: hex(key),
      label: "tree/0",
      size,
      order: [...prfPermutation(key, "tree/0", size)],
    })),
    mix: [
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [0xffffffff, 0x80000000, 0x7fffffff, 0xdeadbeef],
    ].map(([s0 = 0, s1 = 0, a = 0, b = 0]) => ({ s0, s1, a, b, word: mix(s0, s1, a, b) })),
    element: ["a", "HP:0001250", "é", "\u{1f600}"].map((text) => ({ text, key: elementKey(text) })),
    ln: [...numbers, 12_345.678, 1e300, Number.MAX_VALUE].map((x) => ({
      x: doubleHex(x),
      ln: doubleHex(ln(x)),
    })),
  };
}

const ONTOLOGY = {
  terms: {
    "T:root": [],
    "T:heart": ["T:root"],
    "T:lung": ["T:root"],
    "T:rhythm": ["T:heart"],
    "T:fast": ["T:rhythm"],
    "T:slow": ["T:rhythm"],
    "T:valve": ["T:heart"],
    "T:cor-pulmonale": ["T:heart", "T:lung"],
  },
  aliases: { "T:tachycardia": "T:fast" },
};

function ontologyFile(): Uint8Array<ArrayBuffer> {
  return encodeOntology({
    terms: new Map(Object.entries(ONTOLOGY.terms)),
    aliases: new Map(Object.entries(ONTOLOGY.aliases)),
  });
}

export function openOntologies(): Map<OntologyId, Ontology> {
  const ontology = decodeOntology(ontologyFile());
  return new Map([[ontology.id, ontology]]);
}

export function ontologyVectors() {
  const file = ontologyFile();
  const ontology = decodeOntology(file);
  const { id, terms, informationContent } = ontology;
  const queries = [["T:fast"], ["T:tachycardia", "T:cor-pulmonale"], ["T:root"], []];
  return {
    source: ONTOLOGY,
    file: hex(file),
    id,
    informationContent: Object.fromEntries(
      terms.map((term, i) => [term, doubleHex(informationContent[i] ?? 0)]),
    ),
    closures: queries.map((query) => ({
      query,
      closure: [...ontology.closureOf(query.map((term) => ontology.indexOf(term) ?? -1))].map((i) => terms[i]),
    })),
  };
}

const SYMBOLS = 12;

export function families() {
  const ontologies = openOntologies();
  const [ontology] = ontologies.keys();
  const cases: [object, unknown[]][] = [
    [{ kind: "numeric", tolerance: 10 }, [50, 55, -3.5, 1e12]],
    [{ kind: "numeric", tolerance: 1, scale: "log" }, [0.001, 20, 6e23]],
    [{ kind: "ordinal", levels: ["none", "mild", "severe"], tolerance: 2 }, ["none", "mild", "severe"]],
    [{ kind: "category" }, ["female", "é", 1, true]],
    [{ kind: "set" }, [["aspirin", "digoxin"], ["digoxin"], []]],
    [{ kind: "set", weighted: true }, [{ a: 1, b: 2.5 }, { a: 1e-6, c: 1e6 }, {}]],
    [{ kind: "terms", ontology }, [["T:fast"], ["T:tachycardia", "T:cor-pulmonale"], ["T:root"]]],
    [{ kind: "vector", dimensions: 3 }, [[1, 2, -3], [-1, -2, 3], [0, 0, 1e-9]]],
  ];
  const key = seedOf("families");
  const familyKey = publicFamilyKey(domainIdSchema.parse(toBase64Url(key)));
  return {
    key: hex(key),
    name: "feature",
    symbols: SYMBOLS,
    ontology: "ontology.json",
    cases: cases.map(([members, values]) => {
      const spec = featureSpecSchema.parse({ name: "feature", weight: 1, ...members });
      const feature = must(compileFeature(spec, { key: familyKey, symbolCount: SYMBOLS, ontologies }));
      const encoded = values.map((value) => must(feature.encode(value)));
      return {
        feature: members,
        values: values.map((value, i) => {
          const out = new Uint8Array(SYMBOLS);
          const held = encoded[i];
          if (held !== undefined) feature.writeSymbols(held, out);
          return { value, symbols: hex(out) };
        }),
        /** Kernel of the first value and each value. */
        kernels: encoded.map((other) => roundKernel(feature.kernel(encoded[0] ?? other, other))),
      };
    }),
  };
}
