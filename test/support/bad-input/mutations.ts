/**
 * Every way to spoil one field of a good body, and every bound at its last good value, from the body's own
 * schema: a field that is added to a schema is tested as soon as the good body has it, and `mutationsOf`
 * throws until it does.
 */
import { contentId, utf8Bytes } from "../../../protocol/index.ts";
import { changed, isObject, type Json, type JsonSchema, type Path } from "./json-schema.ts";

export interface Mutation {
  readonly title: string;
  readonly body: Json;
  /** Where the refusal must say the fault is. */
  readonly path: string;
}

export interface Mutations {
  readonly refused: readonly Mutation[];
  /** Bounds at their last good value, which the schema accepts. */
  readonly accepted: readonly Mutation[];
}

/** One value of each type, with the types that JSON Schema calls it. */
const VALUES: readonly (readonly [Json, readonly string[]])[] = [
  ["text", ["string"]],
  [1, ["number", "integer"]],
  [1.5, ["number"]],
  [true, ["boolean"]],
  [null, ["null"]],
  [[], ["array"]],
  [{}, ["object"]],
];

/** Longer than any pattern's bound. */
const PATTERN_PROBE = 200;

export function mutationsOf(schema: JsonSchema, good: Json): Mutations {
  const refused: Mutation[] = [];
  const accepted: Mutation[] = [];
  const into =
    (list: Mutation[]) =>
    (title: string, at: Path, value: Json | undefined, path = at) => {
      const where = at.join(".") || "the body";
      list.push({
        title: `${where}: ${title}`,
        body: changed(good, at, value),
        path: path.join("."),
      });
    };
  walk(schema, good, [], { refuse: into(refused), accept: into(accepted) });
  return { refused, accepted };
}

type Add = (title: string, at: Path, value: Json | undefined, path?: Path) => void;
interface Sink {
  readonly refuse: Add;
  readonly accept: Add;
}

function walk(schema: JsonSchema, good: Json, at: Path, sink: Sink): void {
  const { refuse } = sink;
  const branches = schema.oneOf ?? schema.anyOf;
  const own = branches ? branches.find((branch) => fits(branch, good)) : schema;
  if (!own) throw new Error(`the good value at ${at.join(".")} fits no branch of its schema`);
  const types = (branches ?? [schema]).flatMap(({ type }) => type ?? []);
  for (const [value, is] of types.length === 0 ? [] : VALUES) {
    if (!is.some((type) => types.includes(type))) refuse(`is ${JSON.stringify(value)}`, at, value);
  }
  if (own.const !== undefined || own.enum) {
    const other = typeof (own.const ?? good) === "string" ? "something-else" : 987_654;
    refuse("is none of the allowed values", at, other);
  }
  if (typeof good === "string") spoilText(own, good, at, sink);
  if (typeof good === "number") spoilNumber(own, at, sink);
  if (Array.isArray(good)) spoilArray(own, good, at, sink);
  if (isObject(good)) spoilObject(own, good, at, sink);
}

function fits({ type, properties, required }: JsonSchema, good: Json): boolean {
  if (!isObject(good)) return type === undefined || type === typeof good;
  if (!(required ?? []).every((name) => Object.hasOwn(good, name))) return false;
  return Object.entries(properties ?? {}).every(
    ([name, { const: constant }]) => constant === undefined || constant === good[name],
  );
}

function spoilText(
  { pattern, minLength, maxLength }: JsonSchema,
  good: string,
  at: Path,
  { refuse, accept }: Sink,
): void {
  if (pattern !== undefined) {
    const matches = new RegExp(pattern, "u");
    for (const text of ["", "?", "é", `${good}\n`]) {
      if (!matches.test(text)) refuse(`is ${JSON.stringify(text)}`, at, text);
    }
    const length = Array.from({ length: PATTERN_PROBE }, (_, i) => i + 1);
    const longest = length.findLast((more) => matches.test(good + "a".repeat(more))) ?? 0;
    if (longest < PATTERN_PROBE) {
      if (longest > 0) accept("is as long as the pattern allows", at, good + "a".repeat(longest));
      refuse("is longer than the pattern allows", at, good + "a".repeat(longest + 1));
    }
  }
  if (minLength !== undefined && minLength > 0) {
    accept(`has ${minLength} characters`, at, good.slice(0, minLength));
    refuse(`has ${minLength - 1} characters`, at, good.slice(0, minLength - 1));
  }
  if (maxLength !== undefined) {
    accept(`has ${maxLength} characters`, at, good.padEnd(maxLength, "a"));
    refuse(`has ${maxLength + 1} characters`, at, good.padEnd(maxLength + 1, "a"));
  }
}

function spoilNumber(
  { minimum, maximum, exclusiveMinimum }: JsonSchema,
  at: Path,
  { refuse, accept }: Sink,
): void {
  if (minimum !== undefined) {
    accept(`is ${minimum}`, at, minimum);
    refuse(`is ${minimum - 1}`, at, minimum - 1);
  }
  if (exclusiveMinimum !== undefined) refuse(`is ${exclusiveMinimum}`, at, exclusiveMinimum);
  if (maximum !== undefined) {
    accept(`is ${maximum}`, at, maximum);
    refuse(`is ${maximum + 1}`, at, maximum + 1);
  }
}

function spoilArray(
  { items, minItems, maxItems }: JsonSchema,
  good: readonly Json[],
  at: Path,
  sink: Sink,
): void {
  const { refuse, accept } = sink;
  if (minItems !== undefined && minItems > 0) {
    accept(`has ${minItems} items`, at, good.slice(0, minItems));
    refuse(`has ${minItems - 1} items`, at, good.slice(0, minItems - 1));
  }
  if (maxItems !== undefined) {
    accept(`has ${maxItems} items`, at, many(good, maxItems));
    refuse(`has ${maxItems + 1} items`, at, many(good, maxItems + 1));
  }
  if (!items) return;
  const branches = items.oneOf ?? items.anyOf;
  // One item of each kind is spoilt; without kinds, all are alike.
  const chosen = branches
    ? branches.map((branch) => good.findIndex((item) => fits(branch, item)))
    : [0];
  for (const i of chosen) {
    const item = good[i];
    if (item === undefined) throw new Error(`the good ${at.join(".")} lacks an item of some kind`);
    walk(items, item, [...at, i], sink);
  }
}

/** `good` made longer by items like its first that differ where items may have to. */
function many(good: readonly Json[], count: number): Json[] {
  const [first = null] = good;
  return Array.from({ length: count }, (_, i) => good[i] ?? variant(first, i));
}

function variant(item: Json, i: number): Json {
  if (isObject(item)) return "name" in item ? { ...item, name: `other${i}` } : item;
  if (typeof item !== "string") return item;
  // Ids must look like ids; statements and signatures may repeat.
  if (item.length === 43) return contentId(utf8Bytes(String(i)));
  // A hash of 8 bytes.
  if (item.length === 11) return `${contentId(utf8Bytes(String(i))).slice(0, 10)}A`;
  return item.length > 43 ? item : `other ${i}`;
}

function spoilObject(
  { properties, required = [], additionalProperties, propertyNames }: JsonSchema,
  good: { readonly [name: string]: Json },
  at: Path,
  sink: Sink,
): void {
  for (const [name, property] of Object.entries(properties ?? {})) {
    const value = good[name];
    if (value === undefined) throw new Error(`the good body lacks ${[...at, name].join(".")}`);
    if (required.includes(name)) sink.refuse("is missing", [...at, name], undefined);
    walk(property, value, [...at, name], sink);
  }
  if (additionalProperties === false) {
    sink.refuse("is not known", [...at, "colour"], "red", at);
  }
  const longest = propertyNames?.maxLength;
  if (longest !== undefined) {
    const name = "a".repeat(longest + 1);
    sink.refuse("has a name that is too long", [...at, name], 1);
  }
}
