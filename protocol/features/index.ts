/** The six feature kinds, by name. Adding one is a file here and a line in each of these two places. */
import { z } from "zod";
import { err, ok, type Result } from "../result.ts";
import { categoryFeature, categorySpec } from "./category.ts";
import type { Feature, FeatureContext } from "./feature.ts";
import { numericFeature, numericSpec } from "./numeric.ts";
import { ordinalFeature, ordinalSpec } from "./ordinal.ts";
import { setFeature, setSpec } from "./set.ts";
import { termsFeature, termsSpec } from "./terms.ts";
import { vectorFeature, vectorSpec } from "./vector.ts";

export const featureSpecSchema = z.discriminatedUnion("kind", [
  numericSpec,
  ordinalSpec,
  categorySpec,
  setSpec,
  termsSpec,
  vectorSpec,
]);
export type FeatureSpec = z.infer<typeof featureSpecSchema>;

/** Makes kernel and family of one feature. Fails only where an ontology is missing. */
export function compileFeature(
  spec: FeatureSpec,
  context: FeatureContext,
): Result<Feature, { code: "missing-ontology"; ontology: string }> {
  switch (spec.kind) {
    case "numeric":
      return ok(numericFeature(spec, context));
    case "ordinal":
      return ok(ordinalFeature(spec, context));
    case "category":
      return ok(categoryFeature(spec, context));
    case "set":
      return ok(setFeature(spec, context));
    case "vector":
      return ok(vectorFeature(spec, context));
    case "terms": {
      const ontology = context.ontologies.get(spec.ontology);
      if (!ontology) return err({ code: "missing-ontology", ontology: spec.ontology });
      return ok(termsFeature(spec, context, ontology));
    }
  }
}

export { MISSING, SYMBOL_VALUES, type Feature, type FeatureValue } from "./feature.ts";
export { triangular } from "./grid.ts";
