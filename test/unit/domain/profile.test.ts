import { describe, expect, it } from "vitest";
import { encodeProfile } from "../../../protocol/domain/profile.ts";
import { compileSample, sampleDocument, sampleProfile } from "../support/domains.ts";

const compiled = compileSample();

describe("profiles", () => {
  it("P-11: absent and null features are missing", () => {
    const encoded = encodeProfile(compiled, { age: 50, sex: null });
    const values = encoded.ok ? encoded.value.values : [];
    expect(values.map((value) => value !== undefined)).toEqual(
      compiled.features.map((feature) => feature.name === "age"),
    );
  });

  it("P-11: a feature that the domain does not have is refused by name", () => {
    expect(encodeProfile(compiled, { age: 50, height: 180 })).toEqual({
      ok: false,
      error: [{ path: "height", message: "is not a feature of this domain" }],
    });
  });

  it.each([{}, { age: null }])("P-11: the profile %j, without any value, is refused", (profile) => {
    expect(encodeProfile(compiled, profile)).toEqual({
      ok: false,
      error: [{ path: "", message: "has no value for any feature of this domain" }],
    });
  });

  it.each([
    ["age", "fifty", "age"],
    ["age", 131, "age"],
    ["pain", "terrible", "pain"],
    ["sex", "unknown", "sex"],
    ["drugs", ["aspirin", {}], "drugs.1"],
    ["counts", { leukocytes: -1 }, "counts.leukocytes"],
    ["phenotype", ["T:fast", 5], "phenotype.1"],
    ["phenotype", ["X:1"], "phenotype.0"],
    ["embedding", [1, 2], "embedding"],
    ["embedding", [1, 2, "3"], "embedding.2"],
  ])("P-11: %s of %j is refused with its path", (name, value, path) => {
    const encoded = encodeProfile(compiled, { ...sampleProfile, [name]: value });
    expect(!encoded.ok && encoded.error.map((issue) => issue.path)).toEqual([path]);
  });

  it("P-23: unknown terms are reported with the feature's name and their index", () => {
    const encoded = encodeProfile(compiled, { phenotype: ["T:fast", "X:1"] });
    expect(encoded.ok && encoded.value.warnings).toEqual([
      { path: "phenotype.1", message: "unknown term X:1" },
    ]);
  });

  it.each(["constructor", "toString", "valueOf"])(
    "P-11: a feature named %s, as every object's member, may be missing",
    (name) => {
      const document = sampleDocument();
      const features = [{ name, kind: "category", weight: 1 }, ...document.features];
      const odd = compileSample({ ...document, features });
      const missing = encodeProfile(odd, { age: 50 });
      expect(missing.ok && missing.value.values[0]).toBeUndefined();
      const present = encodeProfile(odd, { [name]: "x" });
      expect(present.ok && present.value.values[0]).toMatchObject({ text: "x" });
    },
  );
});
