import { describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import type { Ontology } from "../../../protocol/ontology/ontology.ts";
import { collisionError, kernelOf, makeFeature, symbolsOf } from "../support/families.ts";
import { smallOntology } from "../support/ontologies.ts";
import { seededRandom, SLOW } from "../support/random.ts";
import { whySkipped, hasHpo, readHpo } from "../support/real-data.ts";

function termsSpec(ontology: Ontology): FeatureSpec {
  return { name: "phenotype", kind: "terms", weight: 1, ontology: ontology.id };
}

/** simGIC by its definition: information content shared over information content in all. */
function naiveSimGic(ontology: Ontology, a: readonly string[], b: readonly string[]): number {
  const closure = (terms: readonly string[]): Set<number> =>
    new Set(ontology.closureOf(terms.map((term) => ontology.indexOf(term) ?? -1)));
  const content = (terms: Iterable<number>): number =>
    [...terms].reduce((sum, term) => sum + (ontology.informationContent[term] ?? 0), 0);
  const left = closure(a);
  const right = closure(b);
  const all = content(new Set([...left, ...right]));
  return all === 0 ? 1 : content([...left].filter((term) => right.has(term))) / all;
}

describe("terms features", SLOW, () => {
  const small = smallOntology();
  const ontologies = new Map([[small.id, small]]);
  const spec = termsSpec(small);

  it.each([
    [["T:fast"], ["T:fast"]],
    [["T:fast"], ["T:tachycardia"]],
    [["T:fast"], ["T:slow"]],
    [
      ["T:fast", "T:valve"],
      ["T:fast", "T:cough"],
    ],
    [["T:cor-pulmonale"], ["T:lung"]],
    [
      ["T:cor-pulmonale", "T:valve", "T:fast"],
      ["T:cor-pulmonale", "T:valve", "T:slow"],
    ],
    [["T:fast"], ["T:wheeze"]],
    [["T:root"], ["T:root"]],
    [["T:root"], ["T:wheeze"]],
    [[], []],
    [[], ["T:wheeze"]],
  ])("P-19: the collision rate of %j and %j is their simGIC", (a, b) => {
    expect(collisionError(spec, a, b, naiveSimGic(small, a, b), { ontologies })).toBeLessThan(1);
  });

  it("P-19: the made ontology gives kernels from 0 to 1", () => {
    const feature = makeFeature(spec, "", { ontologies });
    expect(kernelOf(feature, ["T:fast"], ["T:wheeze"])).toBe(0);
    expect(kernelOf(feature, ["T:fast"], ["T:slow"])).toBeGreaterThan(0.2);
    expect(kernelOf(feature, ["T:fast"], ["T:slow"])).toBeLessThan(0.5);
    expect(kernelOf(feature, ["T:fast"], ["T:fast"])).toBe(1);
  });

  it("P-19: a term adds nothing to its own descendants, and order and repetition mean nothing", () => {
    const feature = makeFeature(spec, "", { ontologies });
    const symbols = symbolsOf(feature, ["T:fast"]);
    expect(symbolsOf(feature, ["T:heart", "T:fast", "T:rhythm", "T:fast"])).toEqual(symbols);
  });

  it("P-23: reports each unknown term with its index, and keeps the known ones", () => {
    const feature = makeFeature(spec, "", { ontologies });
    const value = feature.encode(["T:fast", "X:1", "T:valve", "X:2"]);
    expect(value.ok && value.warnings).toEqual([
      { path: "1", message: "unknown term X:1" },
      { path: "3", message: "unknown term X:2" },
    ]);
    expect(value.ok && value.value).toEqual({
      closure: small.closureOf([small.indexOf("T:fast") ?? -1, small.indexOf("T:valve") ?? -1]),
    });
  });

  it("P-23: refuses a value whose terms are all unknown", () => {
    const feature = makeFeature(spec, "", { ontologies });
    expect(feature.encode(["X:1"])).toEqual({
      ok: false,
      issues: [{ path: "0", message: "unknown term X:1" }],
    });
  });

  it.each([
    [Array<string>(1000).fill("T:fast"), true],
    [Array<string>(1001).fill("T:fast"), false],
    ["T:fast", false],
    [[1], false],
    [[""], false],
    [["x".repeat(513)], false],
  ])("P-11: takes up to 1,000 term ids (case %#)", (raw, isAccepted) => {
    expect(makeFeature(spec, "", { ontologies }).encode(raw).ok).toBe(isAccepted);
  });
});

describe.skipIf(!hasHpo)(`terms of the real HPO${whySkipped(hasHpo)}`, SLOW, () => {
  it("P-19: the collision rate of random pairs of term lists is their simGIC", () => {
    const hpo = readHpo();
    const ontologies = new Map([[hpo.id, hpo]]);
    const random = seededRandom(2004);
    const draw = (): string => hpo.terms[Math.floor(random() * hpo.terms.length)] ?? "";
    const shared = Array.from({ length: 6 }, draw);
    for (const kept of [0, 3, 5, 6]) {
      const a = shared;
      const b = [...shared.slice(0, kept), ...Array.from({ length: 6 - kept }, draw)];
      expect(
        collisionError(termsSpec(hpo), a, b, naiveSimGic(hpo, a, b), { ontologies, keys: 16 }),
      ).toBeLessThan(1);
    }
  });
});
