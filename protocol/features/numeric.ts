/** Numbers, compared on a linear scale or by their ratio (a log scale). */
import { z } from "zod";
import { ln } from "../math.ts";
import {
  encodeWith,
  featureBase,
  medianOf,
  TYPICAL_COARSENESS,
  type Feature,
  type FeatureContext,
} from "./feature.ts";
import { gridFamily, triangular } from "./grid.ts";

export const numericSpec = z
  .strictObject({
    ...featureBase,
    kind: z.literal("numeric"),
    /** UCUM unit, such as `mm[Hg]`. */
    unit: z.string().max(64).optional(),
    /** Distance at which similarity reaches 0: in the feature's unit, or in decades on a log scale. */
    tolerance: z.number().positive("must be greater than 0"),
    scale: z.enum(["linear", "log"]).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine((spec) => spec.min === undefined || spec.max === undefined || spec.min < spec.max, {
    path: ["max"],
    message: "must be greater than min",
  });

export function numericFeature(
  spec: z.infer<typeof numericSpec>,
  context: FeatureContext,
): Feature<number> {
  const isLog = spec.scale === "log";
  let schema = z.number();
  if (spec.min !== undefined) schema = schema.min(spec.min);
  if (spec.max !== undefined) schema = schema.max(spec.max);
  if (isLog) schema = schema.positive("must be greater than 0 on a log scale");
  const onGrid = (x: number, coarseness: number): number => {
    const width = coarseness * spec.tolerance;
    const snapped = Math.round(x / width) * width;
    const raw = isLog ? 10 ** snapped : snapped;
    return Math.min(spec.max ?? Infinity, Math.max(spec.min ?? -Infinity, raw));
  };
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    encode: (raw) => encodeWith(schema, raw, (x) => (isLog ? ln(x) / Math.LN10 : x)),
    kernel: (a, b) => triangular(a, b, spec.tolerance),
    writeSymbols: gridFamily(context, spec.name, spec.tolerance),
    typical: (values) => onGrid(medianOf(values), TYPICAL_COARSENESS),
    coarsen: onGrid,
  };
}
