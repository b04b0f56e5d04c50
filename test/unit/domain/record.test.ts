import { describe, expect, it } from "vitest";
import { checkRecord } from "../../../protocol/domain/record.ts";
import { compileSample, sampleDocument, sampleProfile } from "../support/domains.ts";

const compiled = compileSample();
const record = {
  id: "case-1",
  profile: sampleProfile,
  intervention: { treatment: "surgery", doseGiven: 5 },
  result: { survived: true, grade: "better" },
  observedAt: "2024-05-01",
  group: "patient-1",
};

describe("outcome records", () => {
  it("P-12: a good record comes back as it was", () => {
    const checked = checkRecord(compiled, record);
    expect(checked.ok && checked.value.record).toEqual(record);
  });

  it("P-12: the first field of intervention and result is required, the others are not", () => {
    const least = { ...record, intervention: { treatment: "none" }, result: { survived: false } };
    expect(checkRecord(compiled, least).ok).toBe(true);
    for (const part of ["intervention", "result"]) {
      const checked = checkRecord(compiled, { ...record, [part]: {} });
      const first = part === "intervention" ? "treatment" : "survived";
      expect(!checked.ok && checked.error.map((issue) => issue.path)).toEqual([`${part}.${first}`]);
    }
  });

  it.each<[string, object, string]>([
    ["no id", { id: undefined }, "id"],
    ["an empty id", { id: "" }, "id"],
    ["an id of 257 characters", { id: "x".repeat(257) }, "id"],
    ["no profile", { profile: undefined }, "profile"],
    ["an empty profile", { profile: {} }, "profile"],
    ["a value of the wrong kind", { profile: { age: "old" } }, "profile.age"],
    ["an unknown feature", { profile: { age: 5, height: 1 } }, "profile.height"],
    ["an unknown field", { result: { survived: true, cost: 5 } }, "result"],
    ["a level that is none", { result: { survived: true, grade: "best" } }, "result.grade"],
    [
      "text for a number",
      { intervention: { treatment: "x", doseGiven: "5" } },
      "intervention.doseGiven",
    ],
    [
      "a number out of range",
      { intervention: { treatment: "x", doseGiven: -1 } },
      "intervention.doseGiven",
    ],
    ["text for a boolean", { result: { survived: "yes" } }, "result.survived"],
    ["a date that is none", { observedAt: "yesterday" }, "observedAt"],
    ["an empty group", { group: "" }, "group"],
    ["an unknown member", { colour: "red" }, ""],
  ])("P-12: %s is refused with its path", (_, change, path) => {
    const checked = checkRecord(compiled, { ...record, ...change });
    expect(!checked.ok && checked.error.map((issue) => issue.path)).toEqual([path]);
  });

  it.each([undefined, null, 1, "record", []])("P-12: %j is refused, and never throws", (raw) => {
    expect(checkRecord(compiled, raw).ok).toBe(false);
  });

  it.each(["2024-05-01", "2024-05-01T12:00:00Z", "2024-05-01T12:00:00+02:00"])(
    "P-12: the date %s is accepted",
    (observedAt) => {
      expect(checkRecord(compiled, { ...record, observedAt }).ok).toBe(true);
    },
  );

  it("P-12: a field named toString, as every object's member, may be absent", () => {
    const document = sampleDocument();
    const odd = compileSample({
      ...document,
      result: [...document.result, { name: "toString", kind: "binary" }],
    });
    expect(checkRecord(odd, record).ok).toBe(true);
  });

  it("P-23: unknown terms are reported below `profile`", () => {
    const checked = checkRecord(compiled, { ...record, profile: { phenotype: ["X:1", "T:fast"] } });
    expect(checked.ok && checked.value.profile.warnings).toEqual([
      { path: "profile.phenotype.0", message: "unknown term X:1" },
    ]);
  });
});
