/**
 * Published rare-disease patients as GA4GH Phenopackets, over organisations that each hold some of the
 * publications. A query is a patient's profile; the patient's own publication is left out of the answer.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import { openSource } from "../origin/index.ts";
import {
  compileDomain,
  compileOboGraphs,
  decodeOntology,
  domainSchema,
  profileSchema,
  utf8Bytes,
  type CompiledDomain,
  type Domain,
  type Ontology,
} from "../protocol/index.ts";
import type { Example, ExampleOrganisation } from "./example.ts";
import { seededRandom } from "./random.ts";

export interface RareDiseaseOptions {
  /** Lines of `{ publication, phenopacket }`, plain or gzip. */
  readonly data: string;
  /** OBO Graphs JSON, plain or gzip. */
  readonly ontology: string;
  /** Over how many organisations the publications are spread. */
  readonly organisations: number;
  readonly queries: number;
  readonly seed: string;
}

/** Terms that a query must have: fewer say too little to rank by. */
const QUERY_MIN_TERMS = 3;

const recordSchema = z.object({ group: z.string(), profile: profileSchema });
const phenotypesSchema = z.object({ phenotypes: z.array(z.string()).min(QUERY_MIN_TERMS) });

export async function readRareDisease(options: RareDiseaseOptions): Promise<Example> {
  const compiledOntology = compileOboGraphs(await readJson(options.ontology));
  const ontology = decodeOntology(compiledOntology);
  const compiled = compile(rareDiseaseDomain(ontology), ontology);
  const organisations = await readOrganisations(options, compiled);
  const cases = organisations.flatMap(({ slug, records }) =>
    records.flatMap((record) => {
      const parsed = recordSchema.safeParse(record);
      const isRich = parsed.success && phenotypesSchema.safeParse(parsed.data.profile).success;
      return isRich ? [{ slug, ...parsed.data }] : [];
    }),
  );
  return {
    name: "rare-disease",
    origin: `GA4GH Phenopackets from ${options.data}; terms of ${options.ontology}`,
    domain: compiled.domain,
    ontologies: [compiledOntology],
    organisations,
    queries: seededRandom(options.seed)
      .sample(cases, options.queries)
      .map(({ slug, group, profile }) => ({
        slug,
        title: `a patient of ${group}`,
        profile,
        excludeGroups: [group],
      })),
  };
}

function rareDiseaseDomain(ontology: Ontology): Domain {
  return domainSchema.parse({
    outcomeMesh: 1,
    name: "rare-disease",
    title: "Rare disease: phenotypes and the diagnosis made",
    features: [
      { name: "phenotypes", kind: "terms", weight: 10, ontology: ontology.id },
      { name: "sex", kind: "category", weight: 1, values: ["FEMALE", "MALE", "OTHER_SEX"] },
      { name: "ageAtLastEncounter", kind: "numeric", weight: 1, unit: "a", tolerance: 20 },
    ],
    intervention: [{ name: "diagnosis", kind: "categorical" }],
    result: [
      { name: "solved", kind: "binary", better: true },
      { name: "gene", kind: "categorical" },
      { name: "variant", kind: "categorical" },
    ],
    signature: { symbols: 256, trees: 24, rootDepth: 1, candidates: 50, branches: 4 },
  });
}

function compile(domain: Domain, ontology: Ontology): CompiledDomain {
  const compiled = compileDomain(domain, new Map([[ontology.id, ontology]]));
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("; "));
  return compiled.value;
}

async function readOrganisations(
  { data, organisations }: RareDiseaseOptions,
  compiled: CompiledDomain,
): Promise<ExampleOrganisation[]> {
  const digits = String(organisations - 1).length;
  const shares = Array.from({ length: organisations }, (_, i) => ({
    slug: `org-${String(i).padStart(digits, "0")}`,
    name: `Organisation ${i}`,
    records: new Array<unknown>(),
  }));
  for await (const row of openSource(data, compiled, { format: "phenopackets" })) {
    if (!("raw" in row)) {
      const why = row.issues.map(({ path, message }) => `${path} ${message}`).join("; ");
      throw new Error(`${data}, line ${row.line}: ${why}`);
    }
    const { group } = z.object({ group: z.string() }).parse(row.raw);
    const [first = 0, second = 0] = sha256(utf8Bytes(group));
    shares[(first * 256 + second) % organisations]?.records.push(row.raw);
  }
  return shares;
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFile(file);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return JSON.parse((isGzip ? gunzipSync(bytes) : bytes).toString("utf8"));
}
