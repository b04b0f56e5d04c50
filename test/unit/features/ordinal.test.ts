import { describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../protocol/features/index.ts";
import { encoded, collisionError, kernelOf, makeFeature } from "../support/families.ts";
import { SLOW } from "../support/random.ts";

const LEVELS = ["none", "mild", "moderate", "severe", "extreme", "fatal"];
const pain: FeatureSpec = {
  name: "pain",
  kind: "ordinal",
  weight: 1,
  levels: LEVELS,
  tolerance: 5,
};
const stage: FeatureSpec = {
  name: "stage",
  kind: "ordinal",
  weight: 1,
  levels: ["1", "2", "3", "4"],
  tolerance: 10 / 7,
};

describe("ordinal features", SLOW, () => {
  it.each([
    [pain, "mild", "mild", 1],
    [pain, "none", "mild", 0.8],
    [pain, "moderate", "fatal", 0.4],
    [stage, "2", "3", 0.3],
    [stage, "1", "3", 0],
    [pain, "fatal", "none", 0],
    [{ ...stage, tolerance: 2 }, "4", "3", 0.5],
  ] as const)("P-15: with %o the collision rate of %s and %s is %d", (spec, a, b, kernel) => {
    expect(collisionError({ ...spec, levels: [...spec.levels] }, a, b, kernel)).toBeLessThan(1);
  });

  it("P-15: the kernel is symmetric, in [0, 1], and 1 exactly on equal levels", () => {
    const feature = makeFeature(pain);
    for (const a of LEVELS) {
      for (const b of LEVELS) {
        const kernel = kernelOf(feature, a, b);
        expect(kernel).toBe(kernelOf(feature, b, a));
        expect(kernel).toBeGreaterThanOrEqual(0);
        expect(kernel === 1).toBe(a === b);
      }
    }
  });

  it("P-11: a level is given by its name; a number or a boolean stands for its text", () => {
    expect(encoded(makeFeature(pain), "severe")).toBe(3);
    expect(encoded(makeFeature(stage), 3)).toBe(2);
  });

  it.each(["Severe", "", 7, null, ["mild"]])("P-11: refuses %j, which is no level", (raw) => {
    expect(makeFeature(pain).encode(raw).ok).toBe(false);
  });
});
