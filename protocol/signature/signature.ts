/** Signatures, and the two functions that compare profiles: exactly, and by estimate from two signatures. */
import type { CompiledDomain } from "../domain/compile.ts";
import type { EncodedProfile } from "../domain/profile.ts";
import { MISSING, SYMBOL_VALUES } from "../features/index.ts";
import type { RoutingPlan } from "./plan.ts";

/** S bytes: each the next symbol of the feature whose position it is, or `MISSING`. */
export function signatureOf(
  compiled: CompiledDomain,
  profile: EncodedProfile,
): Uint8Array<ArrayBuffer> {
  const { plan, features } = compiled;
  const symbols = features.map((feature, i) => {
    const out = new Uint8Array(feature.symbolCount).fill(MISSING);
    const value = profile[i];
    if (value !== undefined) feature.writeSymbols(value, out);
    return out;
  });
  const used = new Uint16Array(features.length);
  return Uint8Array.from(plan.featureAt, (feature) => {
    const next = used[feature] ?? 0;
    used[feature] = next + 1;
    return symbols[feature]?.[next] ?? MISSING;
  });
}

export interface Similarity {
  /** Weighted mean of the kernels over the features that the query has, in [0, 1]. */
  readonly score: number;
  /** Kernel per feature of the query, in the order of the domain's features; undefined where it has none. */
  readonly kernels: readonly (number | undefined)[];
}

/** Exact similarity. A feature that the query has and the record lacks scores 0. */
export function similarity(
  compiled: CompiledDomain,
  query: EncodedProfile,
  record: EncodedProfile,
): Similarity {
  let sum = 0;
  let weights = 0;
  const kernels = compiled.features.map((feature, i) => {
    const asked = query[i];
    if (asked === undefined) return undefined;
    const held = record[i];
    const kernel = held === undefined ? 0 : feature.kernel(asked, held);
    sum += feature.weight * kernel;
    weights += feature.weight;
    return kernel;
  });
  return { score: weights === 0 ? 0 : sum / weights, kernels };
}

/** Weight of all symbols that a query has: what `estimateWith` divides by. */
export function queryWeight(plan: RoutingPlan, query: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) if (query[i] !== MISSING) sum += plan.weightAt[i] ?? 0;
  return sum;
}

/**
 * Unbiased estimate of the exact similarity from two signatures: the weighted share of equal symbols,
 * less the chance matches of different values (1 in 255), over what randomised response leaves of the record's.
 * `query` is without noise. Somewhat below 0 or above 1 by chance.
 */
export function estimate(plan: RoutingPlan, query: Uint8Array, record: Uint8Array): number {
  return estimateAt(plan, query, record, 0, queryWeight(plan, query));
}

/** `estimate` for the record signature at `offset` of a packed array, with the query's weight given. */
export function estimateAt(
  plan: RoutingPlan,
  query: Uint8Array,
  packed: Uint8Array,
  offset: number,
  weight: number,
): number {
  const { weightAt, symbols } = plan;
  let equal = 0;
  let present = 0;
  for (let i = 0; i < symbols; i++) {
    const asked = query[i];
    const held = packed[offset + i];
    if (asked === MISSING || held === MISSING) continue;
    const share = weightAt[i] ?? 0;
    present += share;
    if (asked === held) equal += share;
  }
  return estimateFrom(plan, equal, present, weight);
}

/** The estimate from the weights of the symbols that are equal, that both have, and that the query has. */
export function estimateFrom(
  { retention }: RoutingPlan,
  equal: number,
  present: number,
  weight: number,
): number {
  if (weight === 0) return 0;
  const byKernel = (equal - present / SYMBOL_VALUES) * SYMBOL_VALUES;
  // Noise leaves chance matches as they are, 1 in 255, and of the others this share.
  return byKernel / ((SYMBOL_VALUES - 1) * weight * retention);
}

/** Standard deviation of an estimate near `score`, from the symbols that the query has. */
export function estimateDeviation(plan: RoutingPlan, query: Uint8Array, score: number): number {
  let squares = 0;
  for (let i = 0; i < query.length; i++) {
    if (query[i] !== MISSING) squares += (plan.weightAt[i] ?? 0) ** 2;
  }
  const { retention } = plan;
  const matches = retention * score + (1 - retention) / SYMBOL_VALUES;
  const share = Math.min(1, Math.max(1 / SYMBOL_VALUES, matches));
  const weight = queryWeight(plan, query);
  return weight === 0 ? 0 : Math.sqrt(squares * share * (1 - share)) / (weight * retention);
}
