/** Unordered values: the same or not. Every symbol is a hash of the value. */
import { z } from "zod";
import { compareText } from "../bytes.ts";
import { mix } from "../prf.ts";
import {
  countItems,
  elementSchema,
  encodeWith,
  familySeeds,
  featureBase,
  toSymbol,
  type CategoryValue,
  type Feature,
  type FeatureContext,
} from "./feature.ts";

export const categorySpec = z.strictObject({
  ...featureBase,
  kind: z.literal("category"),
  /** The values that are allowed; any text where absent. */
  values: z.array(z.string().min(1).max(128)).min(1).max(10_000).optional(),
});

export function categoryFeature(
  spec: z.infer<typeof categorySpec>,
  context: FeatureContext,
): Feature<CategoryValue> {
  const allowed = spec.values && new Set(spec.values);
  const schema = elementSchema.refine((text) => allowed?.has(text) ?? true, {
    error: `must be one of ${spec.values?.slice(0, 20).join(", ")}`,
  });
  const seeds = familySeeds(context, spec.name, 2);
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    encode: (raw) =>
      encodeWith(schema, raw, (text) => ({ text, key: context.key.elementKey(text) })),
    kernel: (a, b) => (a.text === b.text ? 1 : 0),
    writeSymbols: ({ key: [a, b] }, out) => {
      for (let j = 0; j < context.symbolCount; j++) {
        out[j] = toSymbol(mix(seeds[2 * j] ?? 0, seeds[2 * j + 1] ?? 0, a, b));
      }
    },
    typical: (values) => {
      const counts = [...countItems(values.map(({ text }) => text))];
      return counts.toSorted(([a, n], [b, m]) => m - n || compareText(a, b))[0]?.[0];
    },
    coarsen: ({ text }) => text,
  };
}
