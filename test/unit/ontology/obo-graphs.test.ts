import { describe, expect, it } from "vitest";
import { compileOboGraphs } from "../../../protocol/ontology/obo-graphs.ts";
import { decodeOntology } from "../../../protocol/ontology/ontology.ts";
import { z } from "zod";
import { SLOW } from "../support/random.ts";
import {
  whySkipped,
  hasHpo,
  hasPatients,
  readHpo,
  readHpoDocument,
  readPatientTerms,
} from "../support/real-data.ts";

const OBO = "http://purl.obolibrary.org/obo/";
const ALTERNATIVE = "http://www.geneontology.org/formats/oboInOwl#hasAlternativeId";
const REPLACED_BY = `${OBO}IAO_0100001`;

const isAEdges = z.object({
  graphs: z.array(z.object({ edges: z.array(z.object({ obj: z.string() })) })),
});

const document = {
  graphs: [
    {
      nodes: [
        { id: `${OBO}X_1`, type: "CLASS", lbl: "All" },
        {
          id: `${OBO}X_2`,
          type: "CLASS",
          meta: { basicPropertyValues: [{ pred: ALTERNATIVE, val: "X:22" }] },
        },
        { id: `${OBO}X_3`, type: "CLASS" },
        {
          id: `${OBO}X_4`,
          type: "CLASS",
          meta: {
            deprecated: true,
            basicPropertyValues: [{ pred: REPLACED_BY, val: `${OBO}X_3` }],
          },
        },
        { id: `${OBO}X_5`, type: "CLASS", meta: { deprecated: true } },
        { id: `${OBO}part_of`, type: "PROPERTY" },
        { id: `${OBO}X_6` },
      ],
      edges: [
        { sub: `${OBO}X_2`, pred: "is_a", obj: `${OBO}X_1` },
        { sub: `${OBO}X_3`, pred: "is_a", obj: `${OBO}X_2` },
        { sub: `${OBO}X_3`, pred: `${OBO}part_of`, obj: `${OBO}X_1` },
        { sub: `${OBO}X_3`, pred: "is_a", obj: "http://elsewhere.example/Y_1" },
        { sub: `${OBO}X_5`, pred: "is_a", obj: `${OBO}X_1` },
      ],
    },
  ],
};

describe("OBO Graphs", () => {
  const ontology = decodeOntology(compileOboGraphs(document));
  const resolve = (term: string): string | undefined =>
    ontology.terms[ontology.indexOf(term) ?? -1];

  it("P-24: takes classes that are not deprecated, by their CURIEs", () => {
    expect(ontology.terms).toEqual(["X:1", "X:2", "X:3"]);
  });

  it("P-24: resolves alternative ids, and deprecated ids that name a replacement", () => {
    expect(resolve("X:22")).toBe("X:2");
    expect(resolve("X:4")).toBe("X:3");
    expect(resolve("X:5")).toBeUndefined();
  });

  it("P-24: follows is_a edges between its own classes only", () => {
    const closure = ontology.closureOf([ontology.indexOf("X:3") ?? -1]);
    expect([...closure].map((term) => ontology.terms[term])).toEqual(["X:2", "X:3"]);
  });

  it.each([[undefined], [{}], [{ graphs: [] }], [{ graphs: [{ nodes: [] }] }], ["HP"]])(
    "P-24: refuses %j, which is no such document",
    (other) => {
      expect(() => compileOboGraphs(other)).toThrow(expect.objectContaining({ name: "ZodError" }));
    },
  );
});

describe.skipIf(!hasHpo)(`the real HPO${whySkipped(hasHpo)}`, SLOW, () => {
  it("P-24: compiles, with the root at 0 and every leaf at 1", () => {
    const hpo = readHpo();
    expect(hpo.terms.length).toBeGreaterThan(18_000);
    expect(hpo.informationContent[hpo.indexOf("HP:0000001") ?? -1]).toBe(0);
    const { graphs } = isAEdges.parse(readHpoDocument());
    const parents = new Set(graphs.flatMap(({ edges }) => edges.map(({ obj }) => obj)));
    const leaves = hpo.terms.filter((term) => !parents.has(OBO + term.replace(":", "_")));
    expect(leaves.length).toBeGreaterThan(10_000);
    expect(leaves.every((term) => hpo.informationContent[hpo.indexOf(term) ?? -1] === 1)).toBe(
      true,
    );
  });

  it.skipIf(!hasPatients)(
    `P-24: knows 99.7 % of the patients' terms${whySkipped(hasPatients)}`,
    () => {
      const hpo = readHpo();
      const terms = readPatientTerms().flat();
      const known = terms.filter((term) => hpo.indexOf(term) !== undefined).length;
      expect(known / terms.length).toBeGreaterThanOrEqual(0.997);
    },
  );
});
