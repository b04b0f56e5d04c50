/** Measures a hash family: how often two values get the same symbol, over many hash functions. */
import {
  compileFeature,
  type Feature,
  type FeatureSpec,
} from "../../../protocol/features/index.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { publicFamilyKey } from "../../../protocol/features/family-key.ts";
import { domainIdSchema, type OntologyId } from "../../../protocol/ids.ts";
import type { Ontology } from "../../../protocol/ontology/ontology.ts";
import { bytesFrom, SIGMAS } from "./random.ts";

const SYMBOLS = 128;

export interface FamilyOptions {
  readonly ontologies?: ReadonlyMap<OntologyId, Ontology>;
  /** PRF keys, standing for domain ids; each gives 128 hash functions. */
  readonly keys?: number;
}

export function makeFeature(
  spec: FeatureSpec,
  name = "a domain",
  { ontologies = new Map() }: FamilyOptions = {},
): Feature {
  const made = compileFeature(spec, {
    key: publicFamilyKey(domainIdSchema.parse(toBase64Url(bytesFrom(name)))),
    symbolCount: SYMBOLS,
    ontologies,
  });
  if (!made.ok) throw new Error(`no ontology ${made.error.ontology}`);
  return made.value;
}

/** The encoded value; fails the test if the feature refuses it. */
export function encoded(feature: Feature, raw: unknown) {
  const value = feature.encode(raw);
  if (!value.ok) throw new Error(JSON.stringify(value.issues));
  return value.value;
}

export function symbolsOf(feature: Feature, raw: unknown): Uint8Array {
  const out = new Uint8Array(SYMBOLS);
  feature.writeSymbols(encoded(feature, raw), out);
  return out;
}

export function kernelOf(feature: Feature, a: unknown, b: unknown): number {
  return feature.kernel(encoded(feature, a), encoded(feature, b));
}

/** How often two values get the same symbol. */
export function collisionRate(
  spec: FeatureSpec,
  a: unknown,
  b: unknown,
  options: FamilyOptions = {},
): { readonly rate: number; readonly draws: number } {
  const { keys = 40 } = options;
  let equal = 0;
  for (let i = 0; i < keys; i++) {
    const feature = makeFeature(spec, `${spec.name} ${i}`, options);
    const left = symbolsOf(feature, a);
    const right = symbolsOf(feature, b);
    if (left.includes(0) || right.includes(0))
      throw new Error("a present value has a missing symbol");
    for (const [j, symbol] of left.entries()) if (symbol === right[j]) equal += 1;
  }
  return { rate: equal / (keys * SYMBOLS), draws: keys * SYMBOLS };
}

/** The rate that a kernel promises: symbols agree by the kernel, or else by chance, once in 255. */
export function expectedRate(kernel: number, draws: number): { rate: number; interval: number } {
  const rate = kernel + (1 - kernel) / 255;
  return { rate, interval: SIGMAS * Math.sqrt((rate * (1 - rate)) / draws) + 1e-12 };
}

/**
 * How far the collision rate of `a` and `b` lies from what `kernel` promises, in units of its confidence
 * interval. Throws if the feature's own kernel is not `kernel`, both ways.
 */
export function collisionError(
  spec: FeatureSpec,
  a: unknown,
  b: unknown,
  kernel: number,
  options: FamilyOptions = {},
): number {
  const feature = makeFeature(spec, "", options);
  const own = [kernelOf(feature, a, b), kernelOf(feature, b, a)];
  if (own[0] !== own[1]) throw new Error(`the kernel is not symmetric: ${own.join(", ")}`);
  if (Math.abs((own[0] ?? 0) - kernel) > 1e-7) throw new Error(`the kernel is ${own[0]}`);
  const { rate, draws } = collisionRate(spec, a, b, options);
  const expected = expectedRate(kernel, draws);
  return Math.abs(rate - expected.rate) / expected.interval;
}
