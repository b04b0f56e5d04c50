/** A small example for tests of flows: a few organisations with a few similar cases each. */
import type { Example } from "../../examples/example.ts";
import { domainSchema } from "../../protocol/index.ts";

export const smallDomain = domainSchema.parse({
  outcomeMesh: 1,
  name: "small",
  title: "Small",
  features: [
    { name: "age", kind: "numeric", weight: 1, tolerance: 40 },
    { name: "site", kind: "category", weight: 1 },
    { name: "signs", kind: "set", weight: 2 },
  ],
  intervention: [{ name: "treatment", kind: "categorical" }],
  result: [{ name: "recovered", kind: "binary", better: true }],
  signature: { symbols: 96, trees: 16, rootDepth: 1, candidates: 100 },
});

export const smallQuery = { age: 50, site: "north", signs: ["fever", "cough"] };

/** The i-th record of an organisation: the higher i, the less like `smallQuery`. */
export function smallRecord(slug: string, i: number) {
  return {
    id: `${slug}-${i}`,
    profile: {
      age: 50 + i,
      site: "north",
      signs: ["fever", "cough", `sign-${i}`].slice(0, 2 + (i % 2)),
    },
    intervention: { treatment: i % 2 === 0 ? "a" : "b" },
    result: { recovered: i % 3 !== 0 },
  };
}

export function smallExample(slugs: readonly string[], recordsEach = 4): Example {
  return {
    name: "small",
    origin: "made for this test",
    domain: smallDomain,
    ontologies: [],
    organisations: slugs.map((slug) => ({
      slug,
      name: `Organisation ${slug}`,
      records: Array.from({ length: recordsEach }, (_, i) => smallRecord(slug, i)),
    })),
    queries: [],
  };
}
