/**
 * What every feature kind provides: a kernel in [0, 1], and a hash family whose probability of giving
 * two values the same symbol equals that kernel. One file per kind; this one holds what they share.
 */
import { z } from "zod";
import type { OntologyId } from "../ids.ts";
import type { Ontology } from "../ontology/ontology.ts";
import { prfWords } from "../prf.ts";
import { issuesOf, type Issue } from "../result.ts";
import type { FamilyKey } from "./family-key.ts";

/** Symbol of a feature that a profile lacks. It equals nothing, itself included. */
export const MISSING = 0;
/** Symbols of present values are 1..255. */
export const SYMBOL_VALUES = 255;

/** A feature value as the kernels and families read it. */
export type FeatureValue = number | CategoryValue | ElementSet | TermSet | Float64Array;

export interface CategoryValue {
  readonly text: string;
  readonly key: readonly [number, number];
}

/** Elements in code-unit order; `keys` holds two words an element. */
export interface ElementSet {
  readonly elements: readonly string[];
  readonly keys: Uint32Array;
  readonly weights: Float64Array;
}

/** Ascending indices into the ontology of all terms in the ancestor closure with information content. */
export interface TermSet {
  readonly closure: Uint32Array;
}

export type Encoded<V> =
  | { readonly ok: true; readonly value: V; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** A feature of a compiled domain. Methods take only values that its own `encode` gave. */
export interface Feature<V = FeatureValue> {
  readonly name: string;
  readonly weight: number;
  /** How many symbols of the signature are this feature's. */
  readonly symbolCount: number;
  /** Of `terms` alone: the information content by which the kernel weighs each term of the ontology. */
  readonly termWeights?: Float64Array;
  encode(raw: unknown): Encoded<V>;
  /** Similarity in [0, 1]. */
  kernel(a: V, b: V): number;
  /** Writes `symbolCount` symbols, each 1..255. */
  writeSymbols(value: V, out: Uint8Array): void;
  /**
   * What `values` (at least one) have in common, as a profile gives it: a median or a majority, which no single
   * value decides. Undefined where they have nothing in common.
   */
  typical(values: readonly V[]): unknown;
  /**
   * The value on a coarser grid, as a profile gives it; coarsening it again changes nothing. `coarseness` in (0, 1]:
   * for numbers and ranks the grid's width as a share of the tolerance, for terms how much of the information
   * content of the most specific ones is given up; other kinds have one coarse form. Undefined where nothing is left.
   */
  coarsen(value: V, coarseness: number): unknown;
}

export interface FeatureContext {
  /** What all hash functions derive from. */
  readonly key: FamilyKey;
  readonly symbolCount: number;
  readonly ontologies: ReadonlyMap<OntologyId, Ontology>;
}

/** Fields that every feature has. */
export const featureBase = {
  name: z
    .string()
    .regex(/^[a-z][A-Za-z0-9]{0,63}$/, "must be a camelCase name of at most 64 letters and digits"),
  description: z.string().max(1000).optional(),
  weight: z.number().positive("must be greater than 0").max(1e6),
};

/** The longest category, set element or term id we hash. */
export const ELEMENT_MAX_LENGTH = 512;
export const elementSchema = z
  .union([z.string().min(1).max(ELEMENT_MAX_LENGTH), z.number(), z.boolean()])
  .transform(String);

/** Parses `raw` with `schema`, then encodes it. */
export function encodeWith<P, V>(
  schema: z.ZodType<P>,
  raw: unknown,
  encode: (parsed: P) => V,
): Encoded<V> {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) };
  return { ok: true, value: encode(parsed.data), warnings: [] };
}

/** The middle value; the mean of the two in the middle of an even number. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const high = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (low + high) / 2;
}

/** How many times each item occurs. */
export function countItems<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** A median is told on a grid of this share of the tolerance, so that it names no member's own value. */
export const TYPICAL_COARSENESS = 1 / 4;

/** Maps a uniform 32-bit word to a symbol 1..255. */
export function toSymbol(word: number): number {
  return 1 + Math.floor((word * SYMBOL_VALUES) / 2 ** 32);
}

/** `perSymbol` seed words for each of the feature's symbols, one row after another. */
export function familySeeds(context: FeatureContext, name: string, perSymbol: number): Uint32Array {
  return prfWords(context.key.bytes, `feature/${name}`, perSymbol * context.symbolCount);
}
