/**
 * Good documents for the bad-input tests, complete in every optional field and in every kind of feature and
 * value, so that the fields which are then spoilt are all the fields there are.
 */
import {
  compileDomain,
  decodeOntology,
  domainSchema,
  encodeOntology,
  type CompiledDomain,
  type Profile,
} from "../../../protocol/index.ts";

export const ontologyBytes = encodeOntology({
  terms: new Map([
    ["T:root", []],
    ["T:heart", ["T:root"]],
    ["T:lung", ["T:root"]],
    ["T:fast", ["T:heart"]],
    ["T:cough", ["T:lung"]],
  ]),
  aliases: new Map([["T:tachycardia", "T:fast"]]),
});
export const ontology = decodeOntology(ontologyBytes);

const feature = { description: "a feature", weight: 1 };
const field = { description: "a field" };
const otherKinds = [
  { ...field, name: "survived", kind: "binary", better: true },
  {
    ...field,
    name: "grade",
    kind: "ordinal",
    levels: ["worse", "same", "better"],
    better: "higher",
  },
  { ...field, name: "amount", kind: "numeric", unit: "mg", better: "lower", min: 0, max: 100 },
];

export const domainDocument = domainSchema.parse({
  outcomeMesh: 1,
  name: "bad-input",
  title: "One of every kind",
  description: "Made up.",
  features: [
    {
      ...feature,
      name: "dose",
      kind: "numeric",
      unit: "mg",
      tolerance: 1,
      scale: "log",
      min: 0.1,
      max: 1e4,
    },
    { ...feature, name: "pain", kind: "ordinal", levels: ["none", "mild", "severe"], tolerance: 2 },
    { ...feature, name: "sex", kind: "category", values: ["female", "male"] },
    { ...feature, name: "counts", kind: "set", weighted: true },
    { ...feature, name: "drugs", kind: "set", weighted: false },
    { ...feature, name: "phenotype", kind: "terms", ontology: ontology.id },
    { ...feature, name: "embedding", kind: "vector", dimensions: 3 },
  ],
  intervention: [
    { ...field, name: "treatment", kind: "categorical", values: ["rest", "drug"] },
    ...otherKinds,
  ],
  result: [...otherKinds, { ...field, name: "cause", kind: "categorical", values: ["a", "b"] }],
  signature: { symbols: 256, trees: 4, rootDepth: 1, candidates: 50 },
});

/** Another domain, with all that a document may have: a node stores it without its secret. */
export const fullDomainDocument = domainSchema.parse({
  ...domainDocument,
  signature: {
    ...domainDocument.signature,
    branches: 2,
    key: { epoch: 1, commitment: "A".repeat(43) },
    epsilon: 6,
  },
});

export const compiled: CompiledDomain = compile();

function compile(): CompiledDomain {
  const made = compileDomain(domainDocument, new Map([[ontology.id, ontology]]));
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value;
}

export const profile = {
  dose: 10,
  pain: "mild",
  sex: "female",
  counts: { leukocytes: 4 },
  drugs: ["aspirin"],
  phenotype: ["T:fast"],
  embedding: [1, 2, -3],
} satisfies Profile;

export const record = {
  id: "case-1",
  profile,
  intervention: { treatment: "rest", amount: 10 },
  result: { survived: true, grade: "better" },
  observedAt: "2026-01-02",
  group: "group-1",
};

/** The `variant`-th of many signatures that have nothing in common. */
export function symbolsOf(variant: number): Uint8Array<ArrayBuffer> {
  const { symbols } = domainDocument.signature;
  return Uint8Array.from({ length: symbols }, (_, i) => 1 + ((variant * 7919 + i * 104_729) % 255));
}

/** What a profile may have wrong, and the path that is reported below the profile. */
export const badProfiles: readonly (readonly [string, unknown, string])[] = [
  ["a feature that the domain lacks", { ...profile, colour: "red" }, "colour"],
  ["a feature named like a member of every object", { ...profile, constructor: 1 }, "constructor"],
  ["no value at all", {}, ""],
  ["text for a number", { ...profile, dose: "10" }, "dose"],
  ["a number below its minimum", { ...profile, dose: 0.09 }, "dose"],
  ["a number above its maximum", { ...profile, dose: 10_001 }, "dose"],
  ["an unknown level", { ...profile, pain: "some" }, "pain"],
  ["an array for a level", { ...profile, pain: ["mild"] }, "pain"],
  ["an unknown category", { ...profile, sex: "x" }, "sex"],
  ["an array for a weighted set", { ...profile, counts: ["leukocytes"] }, "counts"],
  ["a negative weight", { ...profile, counts: { leukocytes: -1 } }, "counts.leukocytes"],
  [
    "a weight that is too large",
    { ...profile, counts: { leukocytes: 1e9 + 1 } },
    "counts.leukocytes",
  ],
  ["an object for a set", { ...profile, drugs: {} }, "drugs"],
  ["an element of the wrong type", { ...profile, drugs: ["a", null] }, "drugs.1"],
  ["an element that is too long", { ...profile, drugs: ["a".repeat(513)] }, "drugs.0"],
  ["2,001 elements", { ...profile, drugs: manyElements(2001) }, "drugs"],
  ["terms that the ontology lacks", { ...profile, phenotype: ["T:none"] }, "phenotype.0"],
  ["a number for a term", { ...profile, phenotype: [1] }, "phenotype.0"],
  ["1,001 terms", { ...profile, phenotype: manyTerms(1001) }, "phenotype"],
  ["a vector that is too short", { ...profile, embedding: [1, 2] }, "embedding"],
  ["a vector of zeros", { ...profile, embedding: [0, 0, 0] }, "embedding"],
  ["text in a vector", { ...profile, embedding: [1, 2, "3"] }, "embedding.2"],
];

/** The largest and smallest that a profile may have. */
export const extremeProfiles: readonly (readonly [string, unknown])[] = [
  ["a number at its minimum", { ...profile, dose: 0.1 }],
  ["a number at its maximum", { ...profile, dose: 10_000 }],
  ["the largest weight", { ...profile, counts: { leukocytes: 1e9 } }],
  ["the longest element", { ...profile, drugs: ["a".repeat(512)] }],
  ["2,000 elements", { ...profile, drugs: manyElements(2000) }],
  ["1,000 terms", { ...profile, phenotype: manyTerms(1000) }],
  ["one feature, the others null", { dose: 10, pain: null, sex: null }],
];

function manyElements(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `e${i}`);
}

function manyTerms(count: number): string[] {
  return Array.from({ length: count }, () => "T:fast");
}
