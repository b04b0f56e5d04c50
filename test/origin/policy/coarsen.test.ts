import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coarsenDate, coarsenScore, coarsenValues } from "../../../origin/policy/index.ts";
import {
  coarsenProfile,
  encodeKnown,
  typicalProfile,
  type Value,
} from "../../../protocol/index.ts";
import { compile, domainDocument, ward } from "../../support/origin-domain.ts";

const every = compile({
  ...domainDocument,
  features: [
    ...domainDocument.features,
    { name: "dose", kind: "numeric", weight: 1, tolerance: 0.7, scale: "log" },
    { name: "stage", kind: "ordinal", weight: 1, levels: ["a", "b", "c", "d", "e"], tolerance: 3 },
    { name: "finding", kind: "vector", weight: 1, dimensions: 3 },
    { name: "labs", kind: "set", weight: 1, weighted: true },
  ],
});
const component = fc.double({ min: -5, max: 5, noNaN: true });
const profileArbitrary = fc.record(
  {
    age: fc.double({ min: 0, max: 130, noNaN: true }),
    sex: fc.constantFrom("female", "male"),
    signs: fc.subarray(["T:fast", "T:slow", "T:cough", "T:heart"], { minLength: 1 }),
    drugs: fc.subarray(["a", "b", "c"]),
    dose: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    stage: fc.constantFrom("a", "b", "c", "d", "e"),
    finding: fc
      .tuple(component, component, component)
      .filter((v) => v.some((x) => Math.abs(x) > 1e-3)),
    labs: fc.dictionary(fc.constantFrom("x", "y"), fc.double({ min: 0, max: 9, noNaN: true })),
  },
  { requiredKeys: ["age"] },
);
const coarsenessArbitrary = fc.double({ min: 0.05, max: 1, noNaN: true });

const countOf = (_: string, value: Value): number => (value === "common" ? 5 : 4);

describe("coarsening twice gives what it gives once", () => {
  test("of profiles, for every kind of feature", () => {
    fc.assert(
      fc.property(profileArbitrary, coarsenessArbitrary, (profile, coarseness) => {
        const once = coarsenProfile(every, encodeKnown(every, profile), coarseness);
        const twice = coarsenProfile(every, once, coarseness);
        for (const [i, feature] of every.features.entries()) {
          const [a, b] = [once[i], twice[i]];
          // Compared by their own kernel: the same value, but for the last bits of a logarithm.
          const isSame =
            a === undefined || b === undefined ? a === b : feature.kernel(a, b) > 1 - 1e-6;
          expect(isSame).toBe(true);
        }
      }),
    );
  });

  test("of answers' numbers, categories, dates and scores", () => {
    const fields = [
      { name: "dose", kind: "numeric" as const, unit: "mg", min: 0, max: 77 },
      { name: "treatment", kind: "categorical" as const },
    ];
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 77, noNaN: true }),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        fc.constantFrom("common", "rare"),
        (dose, bin, treatment) => {
          const rules = { dose: { bin }, treatment: { atLeast: 5 } };
          const once = coarsenValues(rules, fields, { dose, treatment }, countOf);
          expect(coarsenValues(rules, fields, once, countOf)).toEqual(once);
          expect(once["treatment"]).toBe(treatment === "common" ? "common" : "other");
          expect(coarsenScore(coarsenScore(dose / 77, bin / 50), bin / 50)).toBe(
            coarsenScore(dose / 77, bin / 50),
          );
        },
      ),
    );
    for (const [to, expected] of [
      ["exact", "2024-02-03T10:00:00Z"],
      ["month", "2024-02"],
      ["year", "2024"],
      ["omit", undefined],
    ] as const) {
      const once = coarsenDate("2024-02-03T10:00:00Z", to);
      expect([once, coarsenDate(once, to)]).toEqual([expected, expected]);
    }
  });
});

test("a field that policy leaves out is gone, and no other", () => {
  const [treatment, dose] = ward.domain.intervention;
  if (!treatment || !dose) throw new Error("the ward has two fields");
  const values = { treatment: "rest", dose: 10 };
  expect(coarsenValues({ dose: { omit: true } }, [treatment, dose], values, () => 0)).toEqual({
    treatment: "rest",
  });
});

test("what profiles have in common is what no single one decides", () => {
  const profiles = [
    { age: 41, sex: "male", signs: ["T:fast"], drugs: ["a", "b"], stage: "b" },
    { age: 44, sex: "male", signs: ["T:slow"], drugs: ["a"], stage: "c" },
    { age: 120, sex: "female", signs: ["T:cough"], drugs: ["a", "c", "d"], stage: "e" },
  ].map((profile) => encodeKnown(every, profile));
  expect(typicalProfile(every, profiles)).toEqual({
    // 44 on a grid of a quarter of the tolerance.
    age: 45,
    sex: "male",
    signs: ["T:heart"],
    drugs: ["a"],
    stage: "c",
  });
});
