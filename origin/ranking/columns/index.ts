/** One column a feature of a domain. */
import type { CompiledDomain } from "../../../protocol/index.ts";
import { CategoryColumn } from "./category-column.ts";
import type { Column } from "./column.ts";
import { NumberColumn } from "./number-column.ts";
import { SetColumn } from "./set-column.ts";
import { TermsColumn } from "./terms-column.ts";
import { VectorColumn } from "./vector-column.ts";

/** In the order of the domain's features. */
export function createColumns({ domain, features }: CompiledDomain): Column[] {
  return features.map((feature, i) => {
    const spec = domain.features[i];
    switch (spec?.kind) {
      case "numeric":
      case "ordinal":
        return new NumberColumn(spec.tolerance);
      case "category":
        return new CategoryColumn();
      case "set":
        return new SetColumn(feature, spec.weighted === true);
      case "terms":
        return new TermsColumn(feature);
      case "vector":
        return new VectorColumn(feature, spec.dimensions);
      case undefined:
        throw new RangeError(`the domain does not specify the feature ${feature.name}`);
    }
  });
}

export { BOUND_ERROR, type Column, type Probe } from "./column.ts";
export { closureOf, TermsColumn } from "./terms-column.ts";
