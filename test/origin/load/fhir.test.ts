import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSource, prepareRecord, readMapping, type Mapping } from "../../../origin/index.ts";
import { collect, ward } from "../../support/origin-domain.ts";
import { fileOf } from "./support.ts";

const EXAMPLE = join(import.meta.dirname, "..", "..", "..", "examples", "fhir");

async function exampleMapping(): Promise<Mapping> {
  const mapping = await readMapping(join(EXAMPLE, "mapping.json"), "fhir", ward.domain);
  if (!mapping.ok) throw new Error(JSON.stringify(mapping.error));
  return mapping.value;
}

async function rowsOf(name: string, content: string) {
  const options = { format: "fhir" as const, mapping: await exampleMapping() };
  return collect(openSource(await fileOf(name, content), ward, options));
}

const records = [
  {
    id: "p1",
    group: "made-up-1",
    observedAt: "2024-03-02T09:30:00+01:00",
    // Born on a 20 July: the second procedure begins on the birthday.
    profile: { age: 62, sex: "female", signs: ["T:fast"], drugs: ["a"] },
    intervention: { treatment: "rest" },
    result: { recovered: false },
  },
  {
    id: "p2",
    group: "made-up-1",
    observedAt: "2024-08-01",
    profile: { age: 63, sex: "female", signs: ["T:fast"], drugs: ["a"] },
    intervention: { treatment: "exercise" },
    result: { recovered: true },
  },
];

describe("loading FHIR R4", () => {
  test("makes a record of each procedure of the example Bundle, which fits the domain", async () => {
    const rows = await rowsOf("bundle.json", await readFile(join(EXAMPLE, "bundle.json"), "utf8"));
    expect(rows).toEqual(records.map((raw) => ({ line: 1, raw })));
    for (const raw of records) expect(prepareRecord(ward, raw)).toMatchObject({ ok: true });
  });

  test("reads a Bundle a line, and the single resources of a bulk export in any order", async () => {
    const bundle = JSON.parse(await readFile(join(EXAMPLE, "bundle.json"), "utf8"));
    const lines = [JSON.stringify({ resourceType: "Bundle" }), JSON.stringify(bundle)].join("\n");
    expect(await rowsOf("b.ndjson", lines)).toEqual(records.map((raw) => ({ line: 2, raw })));
    const resources: Record<string, unknown>[] = bundle.entry.map(
      ({ resource }: { resource: Record<string, unknown> }) => ({
        ...resource,
        ...(resource["subject"] !== undefined && { subject: { reference: "Patient/made-up-1" } }),
      }),
    );
    const single = resources.toReversed().map((resource) => JSON.stringify(resource));
    const rows = await rowsOf("s.ndjson", single.join("\n"));
    expect(rows.map((row) => "raw" in row && row.raw)).toEqual(records.toReversed());
  });

  test("reports what is no FHIR, and what gives more than there is place for, and goes on", async () => {
    const patient = { resourceType: "Patient", id: "x", gender: "male", birthDate: "2000-01-01" };
    const procedure = {
      resourceType: "Procedure",
      id: "p",
      status: "completed",
      subject: { reference: "Patient/x" },
      performedDateTime: "2020",
    };
    const observation = {
      resourceType: "Observation",
      subject: { reference: "Patient/x" },
      partOf: [{ reference: "Procedure/p" }],
      code: { coding: [{ code: "recovered" }] },
      valueBoolean: true,
    };
    const entry = [patient, procedure, observation, observation].map((resource) => ({ resource }));
    const lines = [
      { type: "Bundle" },
      { resourceType: "Bundle", entry: 5 },
      { resourceType: "Bundle", entry },
    ];
    const rows = await rowsOf("x.ndjson", lines.map((line) => JSON.stringify(line)).join("\n"));
    expect(rows).toMatchObject([
      { line: 1, issues: [{ path: "resourceType" }] },
      { line: 2, issues: [{ path: "entry" }] },
      {
        line: 3,
        id: "p",
        issues: [
          { path: "result.recovered", message: "gives 2 values where there is place for one" },
        ],
      },
    ]);
  });

  test("needs a mapping", () => {
    expect(() => openSource("bundle.json", ward, { format: "fhir" })).toThrow(/FHIRPath mapping/);
  });
});

async function issuesOf(mapping: unknown) {
  const read = await readMapping(
    await fileOf("m.json", JSON.stringify(mapping)),
    "fhir",
    ward.domain,
  );
  return read.ok ? [] : read.error;
}

describe("a FHIR mapping", () => {
  const good = { id: "id", profile: { age: "1" }, intervention: {}, result: {} };

  test("is refused with every field that is missing, no FHIRPath, or none of the domain's", async () => {
    expect(await issuesOf(good)).toEqual([]);
    expect((await issuesOf({ profile: {} })).map(({ path }) => path)).toEqual([
      "id",
      "intervention",
      "result",
    ]);
    const issues = await issuesOf({
      ...good,
      each: "%patient.",
      profile: { age: "a.b(", height: "1" },
      result: { cured: { path: "true", values: { true: "yes" } } },
    });
    expect(issues.map(({ path }) => path)).toEqual([
      "profile.age",
      "profile.height",
      "result.cured",
      "each",
    ]);
    expect(issues[0]?.message).toMatch(/^is not FHIRPath: .*column: 4/);
  });
});
