/** Vectors, compared by angle: 1 - angle / pi. Family: the sign of a random projection (Charikar 2002). */
import { z } from "zod";
import { ln } from "../math.ts";
import { prfStream, toUnit } from "../prf.ts";
import {
  encodeWith,
  familySeeds,
  featureBase,
  medianOf,
  toSymbol,
  type Feature,
  type FeatureContext,
} from "./feature.ts";

export const vectorSpec = z.strictObject({
  ...featureBase,
  kind: z.literal("vector"),
  dimensions: z.int().min(2).max(4096),
});

export function vectorFeature(
  spec: z.infer<typeof vectorSpec>,
  context: FeatureContext,
): Feature<Float64Array> {
  const schema = z
    .array(z.number())
    .length(spec.dimensions, `must have ${spec.dimensions} numbers`)
    .refine((vector) => vector.some((x) => x !== 0), "must not be all zeros");
  // Only the signs of the larger components, which are about 1 / sqrt(dimensions): so little is left of a vector that
  // making it a unit vector again leaves its coarse form as it is.
  const signsOf = (vector: Iterable<number>): number[] | undefined => {
    const least = 1 / (2 * Math.sqrt(spec.dimensions));
    const signs = Array.from(vector, (x) => (Math.abs(x) >= least ? Math.sign(x) : 0));
    return signs.some((x) => x !== 0) ? signs : undefined;
  };
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    encode: (raw) => encodeWith(schema, raw, toUnitVector),
    kernel: (a, b) => 1 - Math.acos(Math.min(1, Math.max(-1, dot(a, b)))) / Math.PI,
    writeSymbols: projectionFamily(context, spec.name, spec.dimensions),
    typical: (values) => {
      const middle = Array.from({ length: spec.dimensions }, (_, i) =>
        medianOf(values.map((value) => value[i] ?? 0)),
      );
      return signsOf(middle);
    },
    coarsen: signsOf,
  };
}

function toUnitVector(vector: readonly number[]): Float64Array {
  const largest = vector.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const scaled = Float64Array.from(vector, (x) => x / largest);
  const length = Math.sqrt(dot(scaled, scaled));
  return scaled.map((x) => x / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Two seed words a symbol give the two symbols that stand for the two signs. */
function projectionFamily(
  context: FeatureContext,
  name: string,
  dimensions: number,
): (value: Float64Array, out: Uint8Array) => void {
  const seeds = familySeeds(context, name, 2);
  const projections = new Map<number, Float64Array>();
  const projection = (j: number): Float64Array => {
    const known = projections.get(j);
    if (known) return known;
    const made = gaussianVector(
      prfStream(context.key.bytes, `projection/${name}/${j}`),
      dimensions,
    );
    projections.set(j, made);
    return made;
  };
  return (value, out) => {
    for (let j = 0; j < context.symbolCount; j++) {
      const isPositive = dot(value, projection(j)) >= 0;
      out[j] = toSymbol(seeds[2 * j + (isPositive ? 1 : 0)] ?? 0);
    }
  };
}

/** Independent normal deviates by Marsaglia's polar method, of basic operations only. */
function gaussianVector(next: () => number, size: number): Float64Array {
  const out = new Float64Array(size);
  for (let i = 0; i < size;) {
    const u = 2 * toUnit(next()) - 1;
    const v = 2 * toUnit(next()) - 1;
    const s = u * u + v * v;
    if (s >= 1 || s === 0) continue;
    const scale = Math.sqrt((-2 * ln(s)) / s);
    out[i++] = u * scale;
    if (i < size) out[i++] = v * scale;
  }
  return out;
}
