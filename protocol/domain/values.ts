/** How a domain types interventions and results, and the check of a record's values against it. */
import { z } from "zod";
import { levelsSchema } from "../features/ordinal.ts";
import { issuesOf, type Issue } from "../result.ts";

const base = {
  name: z
    .string()
    .regex(/^[a-z][A-Za-z0-9]{0,63}$/, "must be a camelCase name of at most 64 letters and digits"),
  description: z.string().max(1000).optional(),
};
/** Which direction is better; absent where none is. */
const better = z.enum(["higher", "lower"]).optional();

export const valueFieldSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...base, kind: z.literal("binary"), better: z.boolean().optional() }),
  z.strictObject({ ...base, kind: z.literal("ordinal"), levels: levelsSchema, better }),
  z.strictObject({
    ...base,
    kind: z.literal("numeric"),
    /** UCUM unit; `1` for a pure number. */
    unit: z.string().min(1).max(64),
    better,
    min: z.number().optional(),
    max: z.number().optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("categorical"),
    values: z.array(z.string().min(1).max(128)).min(1).max(10_000).optional(),
  }),
]);
export type ValueField = z.infer<typeof valueFieldSchema>;
export type Value = string | number | boolean;

/** At least one field, named differently. The first is the one that a synthesis groups by or estimates. */
export const valueFieldsSchema = z
  .array(valueFieldSchema)
  .min(1, "needs at least one field")
  .max(32)
  .refine((fields) => new Set(fields.map((field) => field.name)).size === fields.length, {
    error: "field names must differ",
  });

/** A record's intervention or result: the first field is required, the others may be absent. */
export function valuesSchema(fields: readonly ValueField[]): z.ZodType<Record<string, Value>> {
  const shape = fields.map((field, i) => {
    const value = valueSchema(field);
    return [field.name, i === 0 ? value : value.optional()] as const;
  });
  return z
    .preprocess(withoutPrototype, z.strictObject(Object.fromEntries(shape)))
    .transform(dropUndefined);
}

/** A field may have the name of a member that every object inherits, such as `toString`. */
function withoutPrototype(values: unknown): unknown {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return values;
  const own: object = Object.create(null);
  return Object.assign(own, values);
}

function valueSchema(field: ValueField): z.ZodType<Value> {
  switch (field.kind) {
    case "binary":
      return z.boolean();
    case "ordinal":
      return z.enum(field.levels);
    case "numeric":
      return z
        .number()
        .min(field.min ?? -Number.MAX_VALUE)
        .max(field.max ?? Number.MAX_VALUE);
    case "categorical": {
      const allowed = field.values && new Set(field.values);
      return z
        .string()
        .min(1)
        .max(512)
        .refine((text) => allowed?.has(text) ?? true, {
          error: `must be one of ${field.values?.slice(0, 20).join(", ")}`,
        });
    }
  }
}

function dropUndefined(values: Record<string, Value | undefined>): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) out[name] = value;
  return out;
}

/** The issues of `values` under `schema`, paths below `prefix`. */
export function checkValues(
  schema: z.ZodType<Record<string, Value>>,
  values: unknown,
  prefix: string,
): { values: Record<string, Value>; issues: Issue[] } {
  const parsed = schema.safeParse(values);
  if (parsed.success) return { values: parsed.data, issues: [] };
  return { values: {}, issues: issuesOf(parsed.error, prefix) };
}
