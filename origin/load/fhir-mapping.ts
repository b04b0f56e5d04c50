/**
 * How the resources of a FHIR R4 Bundle become records: a mapping file of FHIRPath expressions, each compiled
 * once. Expressions are evaluated for one record at a time; `%patient` is its patient, `%resources` all resources
 * of the Bundle that are about the patient.
 */
import { z } from "zod";
import { err, issuesOf, ok, type Domain, type Issue, type Result } from "../../protocol/index.ts";
import { translationSchema, type Translation } from "./csv-mapping.ts";
import { yearsBetween } from "./duration.ts";

const pathSchema = z.string().trim().min(1).max(4096);
const expressionSchema = z
  .union([pathSchema, z.strictObject({ path: pathSchema, values: translationSchema.optional() })])
  .transform((expression) => (typeof expression === "string" ? { path: expression } : expression));
const expressionsSchema = z.record(z.string(), expressionSchema);

export const fhirMappingSchema = z.strictObject({
  /** Gives, for a patient, what becomes a record each: the patient, its procedures, its administrations. */
  each: pathSchema.default("%patient"),
  id: expressionSchema,
  group: expressionSchema.optional(),
  observedAt: expressionSchema.optional(),
  profile: expressionsSchema,
  intervention: expressionsSchema,
  result: expressionsSchema,
});

/** `context` is the resource that is the record's; `environment` what `%name` stands for. */
type Evaluate = (context: unknown, environment: Readonly<Record<string, unknown>>) => unknown[];

export interface FhirExpression {
  readonly path: string;
  /** Of values by their text; null for a missing one. */
  readonly values?: Translation | undefined;
  readonly evaluate: Evaluate;
}

export interface FhirField extends FhirExpression {
  /** `id` or `profile.age`, as in a record. */
  readonly to: string;
  readonly isList: boolean;
}

export interface FhirMapping {
  readonly kind: "fhir";
  readonly each: FhirExpression;
  readonly fields: readonly FhirField[];
}

/** Checks a mapping against the domain and compiles it. The issues name each offending field. */
export async function compileFhirMapping(
  document: unknown,
  domain: Domain,
): Promise<Result<FhirMapping, readonly Issue[]>> {
  const parsed = fhirMappingSchema.safeParse(document);
  if (!parsed.success) return err(issuesOf(parsed.error));
  const { each, profile, intervention, result, ...single } = parsed.data;
  const compile = await fhirPathCompiler();
  const issues: Issue[] = [];
  const compiled = (path: string, at: string): Evaluate => {
    const evaluate = compile(path);
    if (evaluate.ok) return evaluate.value;
    issues.push({ path: at, message: `is not FHIRPath: ${evaluate.error}` });
    return () => [];
  };
  const fields: FhirField[] = [];
  const add = (to: string, expression: Omit<FhirExpression, "evaluate">, isList = false): void => {
    fields.push({ to, isList, ...expression, evaluate: compiled(expression.path, to) });
  };
  for (const [name, expression] of Object.entries(single)) if (expression) add(name, expression);
  for (const [name, expression] of Object.entries(profile)) {
    const feature = domain.features.find((candidate) => candidate.name === name);
    if (!feature) issues.push({ path: `profile.${name}`, message: "is no feature of the domain" });
    const isList = feature !== undefined && ["set", "terms", "vector"].includes(feature.kind);
    add(`profile.${name}`, expression, isList);
  }
  const groups = {
    intervention: [intervention, domain.intervention],
    result: [result, domain.result],
  } as const;
  for (const [group, [expressions, named]] of Object.entries(groups)) {
    for (const [name, expression] of Object.entries(expressions)) {
      const to = `${group}.${name}`;
      if (!named.some((field) => field.name === name)) {
        issues.push({ path: to, message: `is no ${group} field of the domain` });
      }
      add(to, expression);
    }
  }
  const eachExpression = { path: each, evaluate: compiled(each, "each") };
  return issues.length > 0 ? err(issues) : ok({ kind: "fhir", each: eachExpression, fields });
}

type Compile = (path: string) => Result<Evaluate, string>;

/** The library and the model of R4 take a third of a second to load: only where they are needed. */
async function fhirPathCompiler(): Promise<Compile> {
  const { default: fhirpath } = await import("fhirpath");
  const { default: r4 } = await import("fhirpath/fhir-context/r4");
  const plain = (value: unknown): string => String(fhirpath.util.valData(value));
  const userInvocationTable = {
    // FHIRPath has no difference of dates; the age at an event is what profiles have most.
    yearsUntil: {
      arity: { 1: ["Any" as const] },
      fn: (from: unknown[], to: unknown) => {
        const [end] = [to].flat();
        if (end === undefined) return [];
        return from.flatMap((start) => yearsBetween(plain(start), plain(end)) ?? []);
      },
    },
  };
  return (path) => {
    try {
      const evaluate = fhirpath.compile(path, r4, { userInvocationTable });
      return ok((context, environment) => {
        const values: unknown = evaluate(context, environment);
        return Array.isArray(values) ? values : [];
      });
    } catch (error) {
      return err(error instanceof Error ? error.message : String(error));
    }
  };
}
