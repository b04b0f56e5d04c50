/**
 * Sets, compared by Jaccard; or elements with weights of the profile's own, compared by weighted Jaccard.
 * Families: minhash (Broder 1997) and improved consistent weighted sampling (Ioffe 2010).
 */
import { z } from "zod";
import { compareText } from "../bytes.ts";
import { ln } from "../math.ts";
import { memoize } from "../memo.ts";
import { mix, toUnit } from "../prf.ts";
import {
  countItems,
  elementSchema,
  encodeWith,
  familySeeds,
  featureBase,
  toSymbol,
  type ElementSet,
  type Feature,
  type FeatureContext,
} from "./feature.ts";
import type { FamilyKey } from "./family-key.ts";

/** Bounds the work of one profile: 128 symbols over this many elements stay under 50 ms. */
const SET_MAX_ELEMENTS = 2000;

export const setSpec = z.strictObject({
  ...featureBase,
  kind: z.literal("set"),
  /** True: values are `{ element: weight }` objects. False or absent: arrays of elements. */
  weighted: z.boolean().optional(),
});

const plainValue = z
  .array(elementSchema)
  .max(SET_MAX_ELEMENTS)
  .transform((elements) => new Map(elements.map((element) => [element, 1])));
const weightedValue = z
  .record(z.string().min(1).max(512), z.number().nonnegative().max(1e9))
  .refine((value) => Object.keys(value).length <= SET_MAX_ELEMENTS, {
    error: `must have at most ${SET_MAX_ELEMENTS} elements`,
  })
  .transform((value) => new Map(Object.entries(value).filter(([, weight]) => weight > 0)));

export function setFeature(
  spec: z.infer<typeof setSpec>,
  context: FeatureContext,
): Feature<ElementSet> {
  const schema: z.ZodType<Map<string, number>> = spec.weighted ? weightedValue : plainValue;
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    encode: (raw) => encodeWith(schema, raw, (weights) => encodeElements(weights, context.key)),
    kernel: weightedJaccard,
    writeSymbols: spec.weighted
      ? weightedSamplingFamily(context, spec.name)
      : minhashFamily(context, spec.name),
    typical: (values) => {
      const counts = countItems(values.flatMap(({ elements }) => [...elements]));
      const shared = [...counts].filter(([, count]) => 2 * count >= values.length);
      const elements = shared.map(([element]) => element).toSorted(compareText);
      if (elements.length === 0) return undefined;
      return spec.weighted ? Object.fromEntries(elements.map((element) => [element, 1])) : elements;
    },
    coarsen: ({ elements, weights }) =>
      spec.weighted
        ? Object.fromEntries(elements.map((element, i) => [element, weights[i] ?? 0]))
        : [...elements],
  };
}

function encodeElements(weights: ReadonlyMap<string, number>, key: FamilyKey): ElementSet {
  const elements = [...weights.keys()].toSorted(compareText);
  return {
    elements,
    keys: Uint32Array.from(elements.flatMap((element) => key.elementKey(element))),
    weights: Float64Array.from(elements, (element) => weights.get(element) ?? 0),
  };
}

/** Sum of the smaller weights over the sum of the larger; 1 for two empty sets. */
function weightedJaccard(a: ElementSet, b: ElementSet): number {
  let smaller = 0;
  let larger = 0;
  let i = 0;
  let j = 0;
  while (i < a.elements.length || j < b.elements.length) {
    const left = a.elements[i];
    const right = b.elements[j];
    const order = left === undefined ? 1 : right === undefined ? -1 : compareText(left, right);
    const leftWeight = order <= 0 ? (a.weights[i++] ?? 0) : 0;
    const rightWeight = order >= 0 ? (b.weights[j++] ?? 0) : 0;
    smaller += Math.min(leftWeight, rightWeight);
    larger += Math.max(leftWeight, rightWeight);
  }
  return larger === 0 ? 1 : smaller / larger;
}

/** The empty set hashes as one element of its own, so two empty sets always agree. */
const EMPTY_WORD = 0x9e3779b9;

function minhashFamily(context: FeatureContext, name: string): Feature<ElementSet>["writeSymbols"] {
  const seeds = familySeeds(context, name, 4);
  return ({ keys }, out) => {
    for (let j = 0; j < context.symbolCount; j++) {
      const s0 = seeds[4 * j] ?? 0;
      const s1 = seeds[4 * j + 1] ?? 0;
      let least = Infinity;
      for (let e = 0; e < keys.length; e += 2) {
        least = Math.min(least, mix(s0, s1, keys[e] ?? 0, keys[e + 1] ?? 0));
      }
      const word = least === Infinity ? EMPTY_WORD : least;
      out[j] = toSymbol(mix(seeds[4 * j + 2] ?? 0, seeds[4 * j + 3] ?? 0, word, 0));
    }
  };
}

/** Elements whose draws are remembered: the common ones; 128 symbols of them are 6 MB. */
const DRAWS_MAX = 2048;

/** Twelve seed words a symbol: five uniforms an element (r and c are Gamma(2, 1), beta uniform), and the symbol's hash. */
function weightedSamplingFamily(
  context: FeatureContext,
  name: string,
): Feature<ElementSet>["writeSymbols"] {
  const seeds = familySeeds(context, name, 12);
  /** Of the element, three numbers a symbol: r, ln(c) and beta. */
  const drawsOf = memoize((element: string): Float64Array => {
    const [k0, k1] = context.key.elementKey(element);
    const draws = new Float64Array(3 * context.symbolCount);
    for (let j = 0; j < context.symbolCount; j++) {
      const uniform = (i: number): number =>
        toUnit(mix(seeds[12 * j + 2 * i] ?? 0, seeds[12 * j + 2 * i + 1] ?? 0, k0, k1));
      draws[3 * j] = -ln(uniform(0) * uniform(1));
      draws[3 * j + 1] = ln(-ln(uniform(2) * uniform(3)));
      draws[3 * j + 2] = uniform(4);
    }
    return draws;
  }, DRAWS_MAX);
  return ({ elements, keys, weights }, out) => {
    const draws = elements.map(drawsOf);
    const logarithms = weights.map(ln);
    for (let j = 0; j < context.symbolCount; j++) {
      let least = Infinity;
      let chosen: readonly [number, number] = [EMPTY_WORD, 0];
      for (let e = 0; e < weights.length; e++) {
        const r = draws[e]?.[3 * j] ?? 0;
        const beta = draws[e]?.[3 * j + 2] ?? 0;
        const t = Math.floor((logarithms[e] ?? 0) / r + beta);
        const rank = (draws[e]?.[3 * j + 1] ?? 0) - r * (t - beta) - r;
        if (rank < least) {
          least = rank;
          chosen = [(keys[2 * e] ?? 0) ^ t, keys[2 * e + 1] ?? 0];
        }
      }
      const word = mix(seeds[12 * j + 10] ?? 0, seeds[12 * j + 11] ?? 0, chosen[0], chosen[1]);
      out[j] = toSymbol(word);
    }
  };
}
