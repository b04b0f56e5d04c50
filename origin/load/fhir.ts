/**
 * FHIR R4: Bundles, or the single resources of a bulk export, as raw records by a mapping. Only what the mapping
 * asks for is read.
 */
import { z } from "zod";
import { issuesOf, type Issue } from "../../protocol/index.ts";
import type { FhirField, FhirMapping } from "./fhir-mapping.ts";
import type { SourceRow } from "./source.ts";

const referenceSchema = z.object({ reference: z.string().optional() });
const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string().optional(),
  subject: referenceSchema.optional().catch(undefined),
  patient: referenceSchema.optional().catch(undefined),
});
type Resource = z.infer<typeof resourceSchema>;

const entrySchema = z.object({
  fullUrl: z.string().optional(),
  resource: resourceSchema.optional(),
});
type Entry = z.infer<typeof entrySchema>;
const bundleSchema = z.object({ entry: z.array(entrySchema).default([]) });

/** Bundles give their records at once; single resources, which may come in any order, all at the end. */
export async function* fhirRows(
  rows: AsyncIterable<SourceRow>,
  mapping: FhirMapping,
): AsyncGenerator<SourceRow> {
  const single: { line: number; entries: Entry[] } = { line: 1, entries: [] };
  for await (const row of rows) {
    if (!("raw" in row)) {
      yield row;
      continue;
    }
    const resource = resourceSchema.safeParse(row.raw);
    if (!resource.success) {
      yield { line: row.line, issues: issuesOf(resource.error) };
    } else if (resource.data.resourceType !== "Bundle") {
      if (single.entries.length === 0) single.line = row.line;
      single.entries.push({ resource: resource.data });
    } else {
      const bundle = bundleSchema.safeParse(row.raw);
      if (bundle.success) yield* recordsOf(bundle.data.entry, row.line, mapping);
      else yield { line: row.line, issues: issuesOf(bundle.error) };
    }
  }
  yield* recordsOf(single.entries, single.line, mapping);
}

interface PatientFile {
  readonly patient: Resource;
  readonly resources: Resource[];
}

function* recordsOf(
  entries: readonly Entry[],
  line: number,
  mapping: FhirMapping,
): Generator<SourceRow> {
  for (const { patient, resources } of patientsIn(entries)) {
    const environment = { patient, resources };
    const each = evaluate(() => mapping.each.evaluate(patient, environment));
    if (!each.ok) {
      yield { line, issues: [{ path: "each", message: each.message }] };
      continue;
    }
    for (const context of each.values) yield recordOf(context, environment, line, mapping.fields);
  }
}

/** Every patient with the resources that refer to it as their subject or patient. */
function patientsIn(entries: readonly Entry[]): PatientFile[] {
  const files: PatientFile[] = [];
  const byReference = new Map<string, PatientFile>();
  for (const { fullUrl, resource } of entries) {
    if (resource?.resourceType !== "Patient") continue;
    const file = { patient: resource, resources: [resource] };
    files.push(file);
    if (fullUrl !== undefined) byReference.set(fullUrl, file);
    if (resource.id !== undefined) byReference.set(`Patient/${resource.id}`, file);
  }
  for (const { resource } of entries) {
    if (!resource || resource.resourceType === "Patient") continue;
    const reference = (resource.subject ?? resource.patient)?.reference;
    if (reference === undefined) continue;
    const local = /Patient\/[^/]+/.exec(reference)?.[0] ?? reference;
    const file = byReference.get(reference) ?? byReference.get(local);
    file?.resources.push(resource);
  }
  return files;
}

function recordOf(
  context: unknown,
  environment: Readonly<Record<string, unknown>>,
  line: number,
  fields: readonly FhirField[],
): SourceRow {
  const groups: Record<string, Record<string, unknown>> = {
    profile: {},
    intervention: {},
    result: {},
  };
  const raw: Record<string, unknown> = { ...groups };
  const issues: Issue[] = [];
  for (const field of fields) {
    const found = evaluate(() => field.evaluate(context, environment));
    const value = found.ok ? valueOf(found.values, field) : { issue: found.message };
    if (typeof value === "object" && "issue" in value) {
      issues.push({ path: field.to, message: value.issue });
    } else if (value !== undefined) {
      const [group = "", name] = field.to.split(".");
      if (name === undefined) raw[group] = value;
      else if (groups[group]) groups[group][name] = value;
    }
  }
  if (issues.length === 0) return { line, raw };
  return { line, ...(typeof raw["id"] === "string" && { id: raw["id"] }), issues };
}

type Scalar = string | number | boolean;

/** Undefined for a missing value. The issue quotes no value. */
function valueOf(
  found: readonly unknown[],
  { values, isList }: FhirField,
): Scalar | Scalar[] | { readonly issue: string } | undefined {
  const scalars: Scalar[] = [];
  for (const value of found) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      return { issue: "gives an object: name one of its elements, such as .code or .value" };
    }
    const translated =
      values && Object.hasOwn(values, String(value)) ? values[String(value)] : value;
    if (translated !== null && translated !== undefined) scalars.push(...[translated].flat());
  }
  if (scalars.length === 0) return undefined;
  // A term that two resources name is one; a vector's numbers may be equal.
  if (isList) return typeof scalars[0] === "string" ? [...new Set(scalars)] : scalars;
  if (scalars.length === 1) return scalars[0];
  return { issue: `gives ${scalars.length} values where there is place for one` };
}

/** An expression may stumble over a resource of a form that it does not expect. */
function evaluate(
  run: () => unknown[],
): { ok: true; values: unknown[] } | { ok: false; message: string } {
  try {
    return { ok: true, values: run() };
  } catch {
    // Its own message may quote what it stumbled over.
    return { ok: false, message: "can not be evaluated here" };
  }
}
