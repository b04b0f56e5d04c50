/**
 * The attack by enumeration: whoever can compute a domain's hash families (anyone in a public domain, its members in a
 * keyed one) computes the symbols of every value that a feature may have, and weighs each value by how likely it makes
 * the symbols that were published: Bayes' rule over the feature's own positions.
 */
import {
  MISSING,
  SYMBOL_VALUES,
  type CompiledDomain,
  type EncodedProfile,
  type FeatureValue,
} from "../../../../protocol/index.ts";
import type { Attribute } from "./attributes.ts";

/** From a published signature to a probability of each of the attribute's values. */
export type Inference = (signature: Uint8Array) => readonly number[];

/** The true value may lie between two that are tried, and then some of its symbols are those of neither. */
const MISFIT = 0.02;
/** Numbers that are tried, evenly over the range of those that are known. */
const NUMBERS_TRIED = 128;

/** `known` are profiles of the same population: they tell which values there are, and how common each is. */
export function enumerationAttack(
  compiled: CompiledDomain,
  attribute: Attribute,
  known: readonly EncodedProfile[],
): Inference {
  const { featureAt, retention } = compiled.plan;
  const positions = [...featureAt.keys()].filter((at) => featureAt[at] === attribute.feature);
  const values = known.flatMap((profile) => profile[attribute.feature] ?? []);
  const weigh =
    attribute.element === undefined
      ? weighValues(compiled, attribute, values, retention)
      : weighElement(compiled, attribute, attribute.element, values, retention);
  return (signature) => normalize(weigh(positions.map((at) => signature[at] ?? MISSING)));
}

type Weigh = (symbols: readonly number[]) => number[];

interface Candidate {
  readonly class: number;
  /** Logarithm of how common it is. */
  readonly prior: number;
  readonly symbols: Uint8Array;
}

function weighValues(
  compiled: CompiledDomain,
  attribute: Attribute,
  values: readonly FeatureValue[],
  retention: number,
): Weigh {
  const candidates = candidatesOf(values).map(({ value, weight }): Candidate => ({
    class: attribute.classOf(value),
    prior: Math.log(weight),
    symbols: symbolsOf(compiled, attribute.feature, value),
  }));
  const match = matchChance(retention, 1 - MISFIT);
  const hit = Math.log(match);
  const miss = Math.log((1 - match) / (SYMBOL_VALUES - 1));
  return (symbols) => {
    const logs = candidates.map((candidate) =>
      symbols.reduce(
        (sum, symbol, i) =>
          symbol === MISSING ? sum : sum + (symbol === candidate.symbols[i] ? hit : miss),
        candidate.prior,
      ),
    );
    const most = Math.max(...logs);
    const classes = Array.from<number>({ length: attribute.classes }).fill(-Infinity);
    for (const [i, candidate] of candidates.entries()) {
      const before = classes[candidate.class] ?? -Infinity;
      classes[candidate.class] = logSum(before, (logs[i] ?? 0) - most);
    }
    return classes;
  };
}

/** Each symbol of a profile with the element is the element's with the chance of its share of the whole. */
function weighElement(
  compiled: CompiledDomain,
  attribute: Attribute,
  element: FeatureValue,
  values: readonly FeatureValue[],
  retention: number,
): Weigh {
  const own = symbolsOf(compiled, attribute.feature, element);
  const kernel = compiled.features[attribute.feature];
  const holders = values.filter((value) => attribute.classOf(value) === 1);
  const shares = holders.map((value) => kernel?.kernel(element, value) ?? 0);
  const share = shares.reduce((sum, each) => sum + each, 0) / Math.max(1, shares.length);
  const prior = (holders.length + 0.5) / (values.length + 1);
  const chance = 1 / SYMBOL_VALUES;
  const match = matchChance(retention, share);
  const hit = Math.log(match / chance);
  const miss = Math.log((1 - match) / (1 - chance));
  return (symbols) => {
    const present = symbols.flatMap((symbol, i) => (symbol === MISSING ? [] : [i]));
    const evidence = present.reduce((sum, i) => sum + (symbols[i] === own[i] ? hit : miss), 0);
    return [Math.log(1 - prior), Math.log(prior) + evidence];
  };
}

/** That a published symbol is the one which a true value gives with probability `share`. */
function matchChance(retention: number, share: number): number {
  const kept = retention * share;
  return kept + (1 - kept) / SYMBOL_VALUES;
}

function candidatesOf(
  values: readonly FeatureValue[],
): { readonly value: FeatureValue; readonly weight: number }[] {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length === 0) {
    const texts = values.flatMap((value) =>
      typeof value === "object" && "text" in value ? [value] : [],
    );
    return [...Map.groupBy(texts, ({ text }) => text).values()].flatMap((same) => {
      const [value] = same;
      return value ? [{ value, weight: same.length }] : [];
    });
  }
  const low = Math.min(...numbers);
  const step = (Math.max(...numbers) - low) / (NUMBERS_TRIED - 1);
  // Half a case each, so that nothing within the range is impossible.
  const counts = new Float64Array(NUMBERS_TRIED).fill(1 / 2);
  for (const number of numbers) {
    const at = step === 0 ? 0 : Math.round((number - low) / step);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return [...counts].map((weight, i) => ({ value: low + i * step, weight }));
}

function symbolsOf(compiled: CompiledDomain, feature: number, value: FeatureValue): Uint8Array {
  const symbols = new Uint8Array(compiled.features[feature]?.symbolCount ?? 0);
  compiled.features[feature]?.writeSymbols(value, symbols);
  return symbols;
}

function logSum(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log(Math.exp(a - most) + Math.exp(b - most));
}

/** From logarithms of weights to probabilities. */
export function normalize(logs: readonly number[]): number[] {
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
