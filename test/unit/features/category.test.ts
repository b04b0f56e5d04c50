import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { collisionError, kernelOf, makeFeature, symbolsOf } from "../support/families.ts";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import { SLOW } from "../support/random.ts";

const sex: FeatureSpec = { name: "sex", kind: "category", weight: 1 };

describe("category features", SLOW, () => {
  it.each([
    ["female", "female", 1],
    ["female", "male", 0],
    ["a", "b", 0],
    ["1", "2", 0],
  ])("P-16: the collision rate of %s and %s is %d", (a, b, kernel) => {
    expect(collisionError(sex, a, b, kernel)).toBeLessThan(1);
  });

  it("P-16: the kernel is 1 if the texts are equal, else 0", () => {
    const feature = makeFeature(sex);
    const text = fc.string({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(kernelOf(feature, a, b)).toBe(a === b ? 1 : 0);
        expect(kernelOf(feature, a, a)).toBe(1);
      }),
    );
  });

  it("P-11: a number or a boolean stands for its text", () => {
    const feature = makeFeature(sex);
    expect(symbolsOf(feature, 1)).toEqual(symbolsOf(feature, "1"));
    expect(symbolsOf(feature, true)).toEqual(symbolsOf(feature, "true"));
    expect(kernelOf(feature, 1.5, "1.5")).toBe(1);
  });

  it("P-11: refuses a value that the domain does not list, and lists those it does", () => {
    const feature = makeFeature({ ...sex, values: ["female", "male"] });
    expect(feature.encode("female").ok).toBe(true);
    expect(feature.encode("other")).toEqual({
      ok: false,
      issues: [{ path: "", message: "must be one of female, male" }],
    });
  });

  it.each([
    ["x".repeat(512), true] as const,
    ["x".repeat(513), false] as const,
    ["", false] as const,
  ])("P-11: takes text of 1 to 512 characters (case %#)", (text, isAccepted) => {
    expect(makeFeature(sex).encode(text).ok).toBe(isAccepted);
  });
});
