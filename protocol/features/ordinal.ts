/** Ordered levels, compared by how many ranks apart they are. */
import { z } from "zod";
import {
  elementSchema,
  encodeWith,
  featureBase,
  medianOf,
  type Feature,
  type FeatureContext,
} from "./feature.ts";
import { gridFamily, triangular } from "./grid.ts";

export const levelsSchema = z
  .array(z.string().min(1).max(128))
  .min(2, "needs at least two levels")
  .max(256)
  .refine((levels) => new Set(levels).size === levels.length, "levels must differ");

export const ordinalSpec = z.strictObject({
  ...featureBase,
  kind: z.literal("ordinal"),
  /** From lowest to highest. */
  levels: levelsSchema,
  /** Ranks apart at which similarity reaches 0. */
  tolerance: z.number().positive("must be greater than 0"),
});

export function ordinalFeature(
  spec: z.infer<typeof ordinalSpec>,
  context: FeatureContext,
): Feature<number> {
  const ranks = new Map(spec.levels.map((level, rank) => [level, rank]));
  const schema = elementSchema.refine((level) => ranks.has(level), {
    error: `must be one of ${spec.levels.join(", ")}`,
  });
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    encode: (raw) => encodeWith(schema, raw, (level) => ranks.get(level) ?? 0),
    kernel: (a, b) => triangular(a, b, spec.tolerance),
    writeSymbols: gridFamily(context, spec.name, spec.tolerance),
    typical: (values) => spec.levels[Math.round(medianOf(values))],
    coarsen: (rank, coarseness) => {
      const width = Math.max(1, Math.round(coarseness * spec.tolerance));
      return spec.levels[Math.floor(rank / width) * width];
    },
  };
}
