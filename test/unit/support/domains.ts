/** Domains that unit tests share, and the way to vary their id: the hash functions derive from it. */
import {
  compileDomain,
  type CompiledDomain,
  type CompileOptions,
} from "../../../protocol/domain/compile.ts";
import {
  encodeProfile,
  type EncodedProfile,
  type Profile,
} from "../../../protocol/domain/profile.ts";
import { parseDomain, type Domain } from "../../../protocol/domain/schema.ts";
import type { OntologyId } from "../../../protocol/ids.ts";
import type { Ontology } from "../../../protocol/ontology/ontology.ts";
import { smallOntology } from "./ontologies.ts";

/** A domain document with one feature of every kind, as JSON has it. */
export function sampleDocument(ontology: string = smallOntology().id) {
  return {
    outcomeMesh: 1,
    name: "sample",
    title: "One feature of every kind",
    features: [
      { name: "age", kind: "numeric", weight: 3, unit: "a", tolerance: 20, min: 0, max: 130 },
      { name: "dose", kind: "numeric", weight: 0.5, tolerance: 1, scale: "log" },
      {
        name: "pain",
        kind: "ordinal",
        weight: 1,
        levels: ["none", "mild", "severe"],
        tolerance: 2,
      },
      { name: "sex", kind: "category", weight: 1, values: ["female", "male"] },
      { name: "drugs", kind: "set", weight: 2 },
      { name: "counts", kind: "set", weight: 1, weighted: true },
      { name: "phenotype", kind: "terms", weight: 4, ontology },
      { name: "embedding", kind: "vector", weight: 1.5, dimensions: 3 },
    ],
    intervention: [
      { name: "treatment", kind: "categorical" },
      { name: "doseGiven", kind: "numeric", unit: "mg", min: 0 },
    ],
    result: [
      { name: "survived", kind: "binary", better: true },
      { name: "grade", kind: "ordinal", levels: ["worse", "same", "better"], better: "higher" },
    ],
    signature: { symbols: 128, trees: 6, rootDepth: 2, candidates: 50 },
  };
}

export const sampleProfile: Profile = {
  age: 50,
  dose: 10,
  pain: "mild",
  sex: "female",
  drugs: ["aspirin", "digoxin", "warfarin"],
  counts: { leukocytes: 4, platelets: 250 },
  phenotype: ["T:fast", "T:valve"],
  embedding: [1, 2, -3],
};

/** Like `sampleProfile`, at a similarity of about a half. */
export const similarProfile: Profile = {
  age: 58,
  dose: 31,
  pain: "severe",
  sex: "female",
  drugs: ["aspirin", "digoxin", "heparin"],
  counts: { leukocytes: 8, platelets: 200, blasts: 20 },
  phenotype: ["T:slow", "T:valve"],
  embedding: [1, 2, 1],
};

export function domainOf(document: unknown): Domain {
  const parsed = parseDomain(JSON.stringify(document));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

export function compileSample(
  document: unknown = sampleDocument(),
  options: CompileOptions = {},
): CompiledDomain {
  const small = smallOntology();
  const ontologies = new Map<OntologyId, Ontology>([[small.id, small]]);
  const compiled = compileDomain(domainOf(document), ontologies, options);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

/** The same domain under `count` ids: the description means nothing, and changes every hash function. */
export function compileVariants(document: object, count: number): CompiledDomain[] {
  return Array.from({ length: count }, (_, i) =>
    compileSample({ ...document, description: `variant ${i}` }),
  );
}

export function encodeSample(compiled: CompiledDomain, profile: Profile): EncodedProfile {
  const encoded = encodeProfile(compiled, profile);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.error));
  return encoded.value.values;
}

/** `profile` without the features named. */
export function without(profile: Profile, ...names: string[]): Profile {
  return Object.fromEntries(Object.entries(profile).filter(([name]) => !names.includes(name)));
}
