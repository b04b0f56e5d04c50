/**
 * GA4GH Phenopackets, schema v2 (phenopacket-schema.readthedocs.io): a patient's phenotypes, and the
 * diagnosis made. Gives only what the domain has a place for:
 *   profile: `phenotypes` (observed terms), `sex`, `ageAtLastEncounter` (years);
 *   intervention and result: `diagnosis` (disease id), `solved`, `gene`, `variant`.
 */
import { z } from "zod";
import { issuesOf, type Domain, type Issue } from "../../protocol/index.ts";
import { durationInYears } from "./duration.ts";
import type { SourceRow } from "./source.ts";

const termSchema = z.object({ id: z.string() });

const variantSchema = z.object({
  id: z.string().optional(),
  label: z.string().optional(),
  geneContext: z.object({ symbol: z.string().optional() }).optional(),
  expressions: z.array(z.object({ syntax: z.string(), value: z.string() })).optional(),
});

const diagnosisSchema = z.object({
  disease: termSchema.optional(),
  genomicInterpretations: z
    .array(
      z.object({
        gene: z.object({ symbol: z.string().optional() }).optional(),
        variantInterpretation: z.object({ variationDescriptor: variantSchema }).optional(),
      }),
    )
    .default([]),
});
type Diagnosis = z.infer<typeof diagnosisSchema>;

const phenopacketSchema = z.object({
  id: z.string(),
  subject: z
    .object({
      sex: z.string().optional(),
      timeAtLastEncounter: z
        .looseObject({ age: z.object({ iso8601duration: z.string() }).optional() })
        .optional(),
    })
    .default({}),
  phenotypicFeatures: z
    .array(z.object({ type: termSchema, excluded: z.boolean().default(false) }))
    .default([]),
  interpretations: z
    .array(
      z.object({ progressStatus: z.string().optional(), diagnosis: diagnosisSchema.optional() }),
    )
    .default([]),
  diseases: z
    .array(z.object({ term: termSchema, excluded: z.boolean().default(false) }))
    .default([]),
  metaData: z
    .object({ externalReferences: z.array(z.object({ id: z.string().optional() })).default([]) })
    .default({ externalReferences: [] }),
});
type Phenopacket = z.infer<typeof phenopacketSchema>;

const wrappedSchema = z.object({ publication: z.string().optional(), phenopacket: z.unknown() });

/** Rows of phenopackets, each alone or as `{ publication, phenopacket }`, as raw records for `domain`. */
export async function* phenopacketRows(
  rows: AsyncIterable<SourceRow>,
  domain: Domain,
): AsyncGenerator<SourceRow> {
  for await (const row of rows) {
    if (!("raw" in row)) {
      yield row;
      continue;
    }
    const wrapped = wrappedSchema.safeParse(row.raw);
    const isWrapped = wrapped.success && wrapped.data.phenopacket !== undefined;
    const parsed = phenopacketSchema.safeParse(isWrapped ? wrapped.data.phenopacket : row.raw);
    if (!parsed.success) {
      yield { line: row.line, issues: issuesOf(parsed.error, isWrapped ? "phenopacket" : "") };
      continue;
    }
    const publication = isWrapped ? wrapped.data.publication : undefined;
    const warnings: Issue[] = [];
    const raw = recordOf(parsed.data, publication, domain, warnings);
    yield { line: row.line, raw, ...(warnings.length > 0 && { warnings }) };
  }
}

function recordOf(
  packet: Phenopacket,
  publication: string | undefined,
  domain: Domain,
  warnings: Issue[],
): Record<string, unknown> {
  const diagnoses = packet.interpretations.flatMap(({ diagnosis }) => diagnosis ?? []);
  const values = {
    diagnosis: diagnosisOf(packet, diagnoses),
    solved: isSolved(packet, diagnoses),
    gene: joined(diagnoses.flatMap(genesOf)),
    variant: joined(diagnoses.flatMap(variantsOf)),
  };
  const group = publication ?? firstPublication(packet);
  return {
    id: packet.id,
    profile: profileOf(packet, domain, warnings),
    intervention: pick(domain.intervention, values),
    result: pick(domain.result, values),
    ...(group !== undefined && { group }),
  };
}

function profileOf(
  packet: Phenopacket,
  domain: Domain,
  warnings: Issue[],
): Record<string, unknown> {
  const observed = packet.phenotypicFeatures.filter(({ excluded }) => !excluded);
  const sex = domain.features.find(({ name }) => name === "sex");
  return pick(domain.features, {
    phenotypes: observed.length > 0 ? observed.map(({ type }) => type.id) : undefined,
    sex: sexOf(packet, sex?.kind === "category" ? sex.values : undefined),
    ageAtLastEncounter: domain.features.some(({ name }) => name === "ageAtLastEncounter")
      ? ageOf(packet, warnings)
      : undefined,
  });
}

/** The schema writes FEMALE; a domain may spell its own values in another case. */
function sexOf({ subject: { sex } }: Phenopacket, spelt: readonly string[] | undefined) {
  if (sex === undefined || sex === "UNKNOWN_SEX") return undefined;
  return spelt?.find((value) => value.toUpperCase() === sex) ?? sex;
}

function ageOf({ subject }: Phenopacket, warnings: Issue[]): number | undefined {
  const time = subject.timeAtLastEncounter;
  if (!time) return undefined;
  const years = time.age && durationInYears(time.age.iso8601duration);
  if (years === undefined) {
    const message = `is left out: not an age (${Object.keys(time).join(", ")})`;
    warnings.push({ path: "profile.ageAtLastEncounter", message });
  }
  return years;
}

function diagnosisOf(packet: Phenopacket, diagnoses: readonly Diagnosis[]): string | undefined {
  const interpreted = diagnoses.find(({ disease }) => disease)?.disease?.id;
  return interpreted ?? packet.diseases.find(({ excluded }) => !excluded)?.term.id;
}

/** What the interpretation says of itself; where it says nothing, whether there is a diagnosis. */
function isSolved({ interpretations }: Phenopacket, diagnoses: readonly Diagnosis[]): boolean {
  const statuses = interpretations
    .map(({ progressStatus }) => progressStatus)
    .filter((status) => status !== undefined && status !== "UNKNOWN_PROGRESS");
  return statuses.length > 0 ? statuses.includes("SOLVED") : diagnoses.length > 0;
}

function genesOf({ genomicInterpretations }: Diagnosis): string[] {
  return genomicInterpretations.flatMap(({ gene, variantInterpretation }) => {
    return gene?.symbol ?? variantInterpretation?.variationDescriptor.geneContext?.symbol ?? [];
  });
}

/** The change in the coding sequence where it is given, else the most telling name there is. */
function variantsOf({ genomicInterpretations }: Diagnosis): string[] {
  return genomicInterpretations.flatMap(({ variantInterpretation }) => {
    const variant = variantInterpretation?.variationDescriptor;
    const expressed = (syntax: string): string | undefined =>
      variant?.expressions?.find((expression) => expression.syntax === syntax)?.value;
    return expressed("hgvs.c") ?? expressed("hgvs.g") ?? variant?.label ?? variant?.id ?? [];
  });
}

function joined(texts: readonly string[]): string | undefined {
  return texts.length > 0 ? [...new Set(texts)].join("; ") : undefined;
}

function firstPublication({ metaData }: Phenopacket): string | undefined {
  const ids = metaData.externalReferences.map(({ id }) => id);
  return ids.find((id) => id?.startsWith("PMID:"));
}

/** Those of `values` that are there and that the domain names. */
function pick(
  named: readonly { readonly name: string }[],
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = named.map(({ name }) => [name, values[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
