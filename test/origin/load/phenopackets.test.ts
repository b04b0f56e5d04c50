import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadRecords, openSource, openStore } from "../../../origin/index.ts";
import { durationInYears } from "../../../origin/load/duration.ts";
import {
  compileDomain,
  compileOboGraphs,
  decodeOntology,
  type CompiledDomain,
  type Ontology,
} from "../../../protocol/index.ts";
import {
  collect,
  compile,
  domainDocument,
  temporaryDirectory,
} from "../../support/origin-domain.ts";
import { realData, whySkipped } from "../../support/real-data.ts";
import { fileOf } from "./support.ts";

const rareDisease = {
  ...domainDocument,
  name: "rare-disease",
  features: [
    { name: "phenotypes", kind: "set" as const, weight: 3 },
    { name: "sex", kind: "category" as const, weight: 1, values: ["female", "male"] },
    { name: "ageAtLastEncounter", kind: "numeric" as const, weight: 1, tolerance: 10, unit: "a" },
  ],
  intervention: [{ name: "diagnosis", kind: "categorical" as const }],
  result: [
    { name: "solved", kind: "binary" as const, better: true },
    { name: "gene", kind: "categorical" as const },
    { name: "variant", kind: "categorical" as const },
  ],
};

const packet = {
  id: "PMID_1_a",
  subject: {
    id: "a",
    sex: "FEMALE",
    timeAtLastEncounter: { age: { iso8601duration: "P5Y6M" } },
  },
  phenotypicFeatures: [
    { type: { id: "HP:1", label: "seen" } },
    { type: { id: "HP:2", label: "looked for" }, excluded: true },
    { type: { id: "HP:3", label: "seen too" } },
  ],
  interpretations: [
    {
      id: "i",
      progressStatus: "SOLVED",
      diagnosis: {
        disease: { id: "OMIM:1", label: "a disease" },
        genomicInterpretations: ["c.1A>G", "c.2C>T"].map((change) => ({
          interpretationStatus: "CAUSATIVE",
          variantInterpretation: {
            variationDescriptor: {
              id: "v",
              geneContext: { valueId: "HGNC:1", symbol: "KDM6A" },
              expressions: [
                { syntax: "hgvs.g", value: "g.1" },
                { syntax: "hgvs.c", value: change },
              ],
            },
          },
        })),
      },
    },
  ],
  diseases: [{ term: { id: "OMIM:2", label: "another" } }],
  metaData: { externalReferences: [{ id: "DOI:1" }, { id: "PMID:7" }] },
};

async function rowsOf(content: string, domain = compile(rareDisease), name = "p.ndjson") {
  return collect(openSource(await fileOf(name, content), domain, { format: "phenopackets" }));
}

describe("loading phenopackets", () => {
  test("takes observed phenotypes, sex, age, diagnosis, gene and variants, and the publication as group", async () => {
    const line = JSON.stringify({ publication: "PMID:1", phenopacket: packet });
    expect(await rowsOf(line)).toEqual([
      {
        line: 1,
        raw: {
          id: "PMID_1_a",
          profile: { phenotypes: ["HP:1", "HP:3"], sex: "female", ageAtLastEncounter: 5.5 },
          intervention: { diagnosis: "OMIM:1" },
          result: { solved: true, gene: "KDM6A", variant: "c.1A>G; c.2C>T" },
          group: "PMID:1",
        },
      },
    ]);
  });

  test("reads a single JSON file, an array, and lines without a publication of their own", async () => {
    const expected = [{ raw: { id: "PMID_1_a", group: "PMID:7" } }];
    const json = JSON.stringify(packet, undefined, 2);
    expect(await rowsOf(json, undefined, "p.json")).toMatchObject(expected);
    expect(await rowsOf(`[${json}]`, undefined, "p.json")).toMatchObject(expected);
    expect(await rowsOf(JSON.stringify(packet))).toMatchObject(expected);
  });

  test("gives only the features and fields that the domain has", async () => {
    const features = rareDisease.features.slice(0, 1);
    const result = rareDisease.result.slice(0, 1);
    const [row] = await rowsOf(
      JSON.stringify(packet),
      compile({ ...rareDisease, features, result }),
    );
    expect(row).toMatchObject({
      raw: { profile: { phenotypes: ["HP:1", "HP:3"] }, result: { solved: true } },
    });
    expect(row && "raw" in row && Object.keys(Object(row.raw).profile)).toEqual(["phenotypes"]);
  });

  test("takes the disease list where nothing was interpreted, and says that the case is not solved", async () => {
    const unsolved = { ...packet, interpretations: [] };
    const inProgress = {
      ...packet,
      interpretations: [{ ...packet.interpretations[0], progressStatus: "IN_PROGRESS" }],
    };
    const silent = {
      ...packet,
      interpretations: [{ ...packet.interpretations[0], progressStatus: undefined }],
    };
    const rows = await rowsOf(
      [unsolved, inProgress, silent].map((p) => JSON.stringify(p)).join("\n"),
    );
    expect(rows).toMatchObject([
      { raw: { intervention: { diagnosis: "OMIM:2" }, result: { solved: false } } },
      { raw: { intervention: { diagnosis: "OMIM:1" }, result: { solved: false } } },
      { raw: { intervention: { diagnosis: "OMIM:1" }, result: { solved: true } } },
    ]);
  });

  test("leaves unknown sex out, and reports an age that is none", async () => {
    const subject = { sex: "UNKNOWN_SEX", timeAtLastEncounter: { gestationalAge: { weeks: 31 } } };
    expect(await rowsOf(JSON.stringify({ ...packet, subject }))).toMatchObject([
      {
        raw: { profile: { phenotypes: ["HP:1", "HP:3"] } },
        warnings: [
          {
            path: "profile.ageAtLastEncounter",
            message: "is left out: not an age (gestationalAge)",
          },
        ],
      },
    ]);
  });

  test("reports what is no phenopacket by line and field", async () => {
    const wrapped = { publication: "PMID:1", phenopacket: { phenotypicFeatures: [{ type: {} }] } };
    const rows = await rowsOf(`${JSON.stringify(wrapped)}\n[]\n`);
    expect(rows.map(({ line }) => line)).toEqual([1, 2]);
    expect(rows[0] && "issues" in rows[0] && rows[0].issues.map(({ path }) => path)).toEqual([
      "phenopacket.id",
      "phenopacket.phenotypicFeatures.0.type.id",
    ]);
  });

  test.each([
    ["P6Y", 6],
    ["P5Y8M", 5 + 8 / 12],
    ["P1W", 7 / 365.25],
    ["P3D", 3 / 365.25],
    ["PT12H", 0.5 / 365.25],
    ["P0D", 0],
  ])("reads the age %s", (text, years) => {
    expect(durationInYears(text)).toBeCloseTo(years, 12);
  });

  test.each(["P", "6Y", "P6", "P-1Y", "PT", "P1.2.3Y"])("knows that %s is no age", (text) => {
    expect(durationInYears(text)).toBeUndefined();
  });
});

const PATIENTS = realData("rare-disease/phenopackets.ndjson.gz") ?? "";
const HPO = realData("hpo/hp.json.gz") ?? "";
const isPresent = PATIENTS !== "" && HPO !== "";
const note = whySkipped(isPresent);

/** The domain with the phenotypes as terms. */
function domainOver(ontology: Ontology): CompiledDomain {
  const [, sex, age] = rareDisease.features;
  const phenotypes = {
    name: "phenotypes",
    kind: "terms" as const,
    weight: 3,
    ontology: ontology.id,
  };
  const compiled = compileDomain(
    {
      ...domainDocument,
      ...rareDisease,
      features: [phenotypes, ...(sex && age ? [sex, age] : [])],
    },
    new Map([[ontology.id, ontology]]),
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

describe.skipIf(!isPresent)(`the published patients${note}`, () => {
  test("all load, but for those whose terms are all unknown, and every unknown term is reported", async () => {
    const document: unknown = JSON.parse(gunzipSync(readFileSync(HPO)).toString());
    const ontology = decodeOntology(compileOboGraphs(document));
    const domain = domainOver(ontology);
    const store = openStore(join(await temporaryDirectory(), "o.sqlite"), [domain]);
    const source = openSource(PATIENTS, domain, { format: "phenopackets" });
    const report = await loadRecords(store, domain, source);
    expect(report.loaded + report.rejected.length).toBe(7663);
    expect(report.rejected.flatMap(({ issues }) => issues)).toSatisfy(
      (issues: { message: string }[]) =>
        issues.every(({ message }) => message.startsWith("unknown term HP:")),
    );
    expect(report.rejected.length).toBeLessThan(20);
    const ages = report.warnings.filter(({ issues }) =>
      issues.some(({ message }) => message.startsWith("is left out: not an age")),
    );
    // 31 gestational ages and 17 terms, such as "fetal onset".
    expect(ages).toHaveLength(48);
    store.close();
  }, 60_000);
});
