/** A made-up domain with a small made-up ontology, and records of it, for the origin's tests. */
import {
  compileDomain,
  decodeOntology,
  encodeOntology,
  type CompiledDomain,
  type OutcomeRecord,
} from "../../protocol/index.ts";
import { lendDirectory } from "./lend-directory.ts";

export const ontologyBytes = encodeOntology({
  terms: new Map([
    ["T:root", []],
    ["T:heart", ["T:root"]],
    ["T:fast", ["T:heart"]],
    ["T:slow", ["T:heart"]],
    ["T:lung", ["T:root"]],
    ["T:cough", ["T:lung"]],
  ]),
  aliases: new Map(),
});
const ontology = decodeOntology(ontologyBytes);

export const domainDocument = {
  outcomeMesh: 1 as const,
  name: "ward",
  title: "A ward that does not exist",
  features: [
    { name: "age", kind: "numeric" as const, weight: 2, tolerance: 20, min: 0, max: 130 },
    { name: "sex", kind: "category" as const, weight: 1, values: ["female", "male"] },
    { name: "signs", kind: "terms" as const, weight: 3, ontology: ontology.id },
    { name: "drugs", kind: "set" as const, weight: 1 },
  ],
  intervention: [
    { name: "treatment", kind: "categorical" as const },
    { name: "dose", kind: "numeric" as const, unit: "mg", min: 0 },
  ],
  result: [{ name: "recovered", kind: "binary" as const, better: true }],
  signature: { symbols: 64, trees: 8, rootDepth: 1, candidates: 100 },
};

export const ward: CompiledDomain = compile(domainDocument);

/** Compiles a domain that may use the small ontology. */
export function compile(domain: Parameters<typeof compileDomain>[0]): CompiledDomain {
  const compiled = compileDomain(domain, new Map([[ontology.id, ontology]]));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

/** A record of the ward; the defaults are good. */
export function wardRecord(id: string, changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    id,
    profile: { age: 40, sex: "female", signs: ["T:fast"], drugs: ["a"] },
    intervention: { treatment: "rest", dose: 10 },
    result: { recovered: true },
    ...changes,
  };
}

/** A fresh directory, removed when the test file is done. */
export function temporaryDirectory(): Promise<string> {
  return lendDirectory("origin");
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
