/**
 * Writes a configuration file that explains itself. Every text in it comes from the schema, so that the two can
 * not say different things: a field that has a value is set, every other stands there as a comment with its default.
 */
import { z } from "zod";

const WIDTH = 100;
/** Of a value that only the administrator knows. */
const PLACEHOLDER = "...";

/** What this file needs to know of a JSON Schema. */
interface FieldSchema {
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly examples?: readonly unknown[] | undefined;
  readonly type?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly properties?: Readonly<Record<string, FieldSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: FieldSchema | undefined;
  readonly anyOf?: readonly FieldSchema[] | undefined;
}

const fieldSchema: z.ZodType<FieldSchema> = z.object({
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  properties: z.lazy(() => z.record(z.string(), fieldSchema)).optional(),
  required: z.array(z.string()).optional(),
  items: z.lazy(() => fieldSchema).optional(),
  anyOf: z.lazy(() => z.array(fieldSchema)).optional(),
});

type Values = Readonly<Record<string, unknown>>;

/** The commented file: `header` as its first lines, and `values` set. Its fields are those of `schema`, in order. */
export function writeConfigTemplate(schema: z.ZodObject, header: string, values: Values): string {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const lines = [...comment(header), "{", ...indent(members(fieldSchema.parse(json), values)), "}"];
  return `${lines.join("\n")}\n`;
}

/** The fields without a description, dotted: documentation that is missing. */
export function undescribedFields(schema: z.ZodObject): string[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const walk = (field: FieldSchema, path: string): string[] => [
    ...Object.entries(field.properties ?? {}).flatMap(([name, inner]) => {
      const at = path === "" ? name : `${path}.${name}`;
      return [...(inner.description === undefined ? [at] : []), ...walk(inner, at)];
    }),
    ...(field.items ? walk(field.items, `${path}[]`) : []),
    ...(field.anyOf ?? []).flatMap((branch) => walk(branch, path)),
  ];
  return walk(fieldSchema.parse(json), "");
}

function members({ properties = {}, required = [] }: FieldSchema, values: Values): string[] {
  return Object.entries(properties).flatMap(([name, field], i) => [
    ...(i > 0 ? [""] : []),
    ...member(name, field, values[name], required.includes(name)),
  ]);
}

function member(name: string, field: FieldSchema, value: unknown, isRequired: boolean): string[] {
  const text = comment(documentation(field, isRequired));
  if (field.properties && (value === undefined || isRecord(value))) {
    const isActive = value !== undefined || field.default !== undefined || isRequired;
    const given = isRecord(value) ? value : isRecord(field.default) ? field.default : {};
    const block = [`"${name}": {`, ...indent(members(field, given)), "},"];
    return [...text, ...(isActive ? block : block.map((line) => `// ${line}`.trimEnd()))];
  }
  if (value === undefined) return [...text, `// "${name}": ${JSON.stringify(defaultOf(field))},`];
  return [...text, ...`"${name}": ${JSON.stringify(value, undefined, 2)},`.split("\n")];
}

function defaultOf(field: FieldSchema): unknown {
  if (field.default !== undefined) return field.default;
  return field.examples?.[0] ?? field.enum?.[0] ?? PLACEHOLDER;
}

/** The description, with what values there may be. */
function documentation(field: FieldSchema, isRequired: boolean): string {
  const allowed = field.enum?.map((value) => JSON.stringify(value)).join(", ");
  const { minimum, maximum } = field;
  const bounds =
    minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
      ? `${minimum} to ${maximum}.`
      : undefined;
  const isOptional = !isRequired && field.default === undefined;
  return [
    field.description ?? "",
    allowed === undefined ? undefined : `One of ${allowed}.`,
    bounds,
    isOptional ? "Optional." : undefined,
    ...[field.items, ...(field.anyOf ?? [])].map((part) => part && shapeOf(part)),
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** What the objects of a list, or of one of several forms, consist of. */
function shapeOf({ properties, required = [] }: FieldSchema): string | undefined {
  if (!properties) return undefined;
  const fields = Object.entries(properties).map(([name, field]) => {
    const isOptional = !required.includes(name);
    return `\n  ${name}${isOptional ? " (optional)" : ""}: ${field.description ?? ""}`;
  });
  return `It has:${fields.join("")}`;
}

function comment(text: string): string[] {
  return text.split("\n").flatMap((line) => wrap(line).map((part) => `// ${part}`.trimEnd()));
}

function wrap(line: string): string[] {
  const margin = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = margin;
  for (const word of line.trim().split(" ")) {
    if (current.trim() !== "" && current.length + word.length > WIDTH - 8) {
      lines.push(current.trimEnd());
      current = `${margin}${margin === "" ? "" : "  "}`;
    }
    current += `${word} `;
  }
  return [...lines, current.trimEnd()];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}

function isRecord(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
