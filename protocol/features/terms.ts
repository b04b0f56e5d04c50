/**
 * Ontology terms, compared by simGIC: weighted Jaccard over the ancestor closures, weights being the
 * terms' information content (Pesquita 2008). A term weighs the same in every profile, so the family
 * needs no weighted sampling: the term with the least exponential rank -ln(u) / weight is shared with
 * probability equal to the kernel (Chum, Philbin & Zisserman 2008).
 */
import { z } from "zod";
import { ontologyIdSchema } from "../ids.ts";
import { ln } from "../math.ts";
import { memoize } from "../memo.ts";
import type { Ontology } from "../ontology/ontology.ts";
import { mix, toUnit } from "../prf.ts";
import {
  countItems,
  ELEMENT_MAX_LENGTH,
  familySeeds,
  featureBase,
  toSymbol,
  type Encoded,
  type Feature,
  type FeatureContext,
  type TermSet,
} from "./feature.ts";
import { issuesOf, type Issue } from "../result.ts";

export const termsSpec = z.strictObject({
  ...featureBase,
  kind: z.literal("terms"),
  /** Content id of the compiled ontology. */
  ontology: ontologyIdSchema,
});

const TERMS_MAX = 1000;
const termsValue = z.array(z.string().min(1).max(ELEMENT_MAX_LENGTH)).max(TERMS_MAX);
const EMPTY_KEY = [0x9e3779b9, 0] as const;
/** Terms whose ranks are remembered: those of many patients; 128 symbols of them are 4 MB. */
const RANKS_MAX = 4096;

/** `ontology` is the compiled file that `spec.ontology` names. */
export function termsFeature(
  spec: z.infer<typeof termsSpec>,
  context: FeatureContext,
  ontology: Ontology,
): Feature<TermSet> {
  const { informationContent } = ontology;
  const idsOf = (terms: readonly number[]): string[] | undefined => {
    const ids = terms.toSorted((a, b) => a - b).flatMap((term) => ontology.terms[term] ?? []);
    return ids.length > 0 ? ids.slice(0, TERMS_MAX) : undefined;
  };
  return {
    name: spec.name,
    weight: spec.weight,
    symbolCount: context.symbolCount,
    termWeights: informationContent,
    encode: (raw) => encodeTerms(raw, ontology),
    kernel: (a, b) => simGic(a.closure, b.closure, informationContent),
    writeSymbols: exponentialFamily(context, spec.name, ontology),
    // Ancestors are in every closure that a term is in, so what most have is closed as well.
    typical: (values) => {
      const counts = countItems(values.flatMap(({ closure }) => [...closure]));
      const shared = [...counts].filter(([, count]) => 2 * count >= values.length);
      return idsOf(shared.map(([term]) => term));
    },
    coarsen: ({ closure }, coarseness) =>
      idsOf([...closure].filter((term) => (informationContent[term] ?? 0) <= 1 - coarseness)),
  };
}

/** Unknown terms are reported and left out; a value of unknown terms only is no value. */
function encodeTerms(raw: unknown, ontology: Ontology): Encoded<TermSet> {
  const parsed = termsValue.safeParse(raw);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) };
  const warnings: Issue[] = [];
  const known: number[] = [];
  for (const [i, term] of parsed.data.entries()) {
    const index = ontology.indexOf(term);
    if (index === undefined) warnings.push({ path: String(i), message: `unknown term ${term}` });
    else known.push(index);
  }
  if (known.length === 0 && warnings.length > 0) return { ok: false, issues: warnings };
  return { ok: true, value: { closure: ontology.closureOf(known) }, warnings };
}

/** Sums over the terms in ascending order, so that every implementation rounds alike. */
function simGic(a: Uint32Array, b: Uint32Array, weights: Float64Array): number {
  let shared = 0;
  let all = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const left = a[i] ?? 0;
    const right = b[j] ?? 0;
    const weight = weights[left < right ? left : right] ?? 0;
    if (left === right) shared += weight;
    all += weight;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  for (; i < a.length; i++) all += weights[a[i] ?? 0] ?? 0;
  for (; j < b.length; j++) all += weights[b[j] ?? 0] ?? 0;
  return all === 0 ? 1 : shared / all;
}

function exponentialFamily(
  context: FeatureContext,
  name: string,
  ontology: Ontology,
): Feature<TermSet>["writeSymbols"] {
  const seeds = familySeeds(context, name, 4);
  const { informationContent } = ontology;
  const keyOf = memoize(
    (term: number) => context.key.elementKey(ontology.terms[term] ?? ""),
    ontology.terms.length,
  );
  /** Of the term, by symbol. */
  const ranksOf = memoize((term: number): Float64Array => {
    const [k0, k1] = keyOf(term);
    const weight = informationContent[term] ?? 0;
    return Float64Array.from({ length: context.symbolCount }, (_, j) => {
      const word = mix(seeds[4 * j] ?? 0, seeds[4 * j + 1] ?? 0, k0, k1);
      return -ln(toUnit(word)) / weight;
    });
  }, RANKS_MAX);
  return ({ closure }, out) => {
    const ranks = Array.from(closure, ranksOf);
    for (let j = 0; j < context.symbolCount; j++) {
      let least = Infinity;
      let first = -1;
      for (let e = 0; e < ranks.length; e++) {
        const rank = ranks[e]?.[j] ?? Infinity;
        if (rank < least) {
          least = rank;
          first = e;
        }
      }
      const chosen = first < 0 ? EMPTY_KEY : keyOf(closure[first] ?? 0);
      out[j] = toSymbol(mix(seeds[4 * j + 2] ?? 0, seeds[4 * j + 3] ?? 0, chosen[0], chosen[1]));
    }
  };
}
