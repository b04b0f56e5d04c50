import { describe, expect, it } from "vitest";
import { compileDomain, ontologiesOf } from "../../../protocol/domain/compile.ts";
import { compileSample, domainOf, sampleDocument } from "../support/domains.ts";
import { smallOntology } from "../support/ontologies.ts";

describe("compiling a domain", () => {
  it("P-10: a missing ontology is refused with the path of the feature that names it", () => {
    const domain = domainOf(sampleDocument());
    const ontology = smallOntology();
    expect(compileDomain(domain)).toEqual({
      ok: false,
      error: [
        { path: "features.6.ontology", message: `the ontology ${ontology.id} is not loaded` },
      ],
    });
    expect(compileDomain(domain, new Map([[ontology.id, ontology]])).ok).toBe(true);
  });

  it("P-10: names each ontology that a domain needs once", () => {
    const document = sampleDocument();
    const terms = document.features[6];
    const twice = { ...document, features: [...document.features, { ...terms, name: "family" }] };
    expect(ontologiesOf(domainOf(twice))).toEqual([smallOntology().id]);
  });

  it("P-25: gives every feature the symbols that the plan says, in the order of the document", () => {
    const { features, plan, domain } = compileSample();
    expect(features.map((feature) => feature.name)).toEqual(domain.features.map((f) => f.name));
    expect(features.map((feature) => feature.symbolCount)).toEqual(plan.symbolCounts);
  });
});
