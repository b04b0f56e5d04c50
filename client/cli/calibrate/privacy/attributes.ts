/**
 * What an attacker is after: attributes of few values, derived from a domain's features and a sample of profiles. A
 * category is its own attribute; a number's third of the range; of a set or of terms, whether it has one element.
 */
import type { CompiledDomain, EncodedProfile, FeatureValue } from "../../../../protocol/index.ts";

export interface Attribute {
  readonly name: string;
  /** Index of the feature that tells it. */
  readonly feature: number;
  /** Values are 0 to `classes` - 1. */
  readonly classes: number;
  readonly classOf: (value: FeatureValue) => number;
  /** Of a set or of terms: the element in question, as a value of the feature that has nothing else. */
  readonly element?: FeatureValue;
}

/** Rarer values of a category count as one. */
const CATEGORIES_MAX = 8;
/** Elements that about so many profiles have: common, less common, rare. */
const ELEMENT_SHARES = [1 / 2, 1 / 4, 1 / 10];

/** Vectors have none: no single number of a vector is an attribute. */
export function deriveAttributes(
  compiled: CompiledDomain,
  profiles: readonly EncodedProfile[],
): Attribute[] {
  return compiled.features.flatMap(({ name }, feature) => {
    const values = profiles.flatMap((profile) => profile[feature] ?? []);
    return [
      ...ofNumbers(name, feature, values),
      ...ofCategories(name, feature, values),
      ...ofElements(compiled, name, feature, values),
    ].filter(({ classes }) => classes > 1);
  });
}

function ofNumbers(name: string, feature: number, values: readonly FeatureValue[]): Attribute[] {
  const sorted = values.filter((value) => typeof value === "number").toSorted((a, b) => a - b);
  if (sorted.length === 0) return [];
  // A value that a third of all have is its own class.
  const cuts = [1 / 3, 2 / 3].map((share) => sorted[Math.floor(share * sorted.length)] ?? 0);
  const bounds = [...new Set(cuts)].filter((cut) => cut < (sorted.at(-1) ?? 0));
  const classOf = (value: FeatureValue): number =>
    typeof value === "number" ? bounds.filter((bound) => value > bound).length : 0;
  return [{ name, feature, classes: bounds.length + 1, classOf }];
}

function ofCategories(name: string, feature: number, values: readonly FeatureValue[]): Attribute[] {
  const texts = values.flatMap((value) => textOf(value) ?? []);
  const counts = [...Map.groupBy(texts, (text) => text)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  const common = counts.slice(0, CATEGORIES_MAX).map(([text]) => text);
  const places = new Map(common.map((text, i) => [text, i]));
  const rest = counts.length > common.length ? 1 : 0;
  return [
    {
      name,
      feature,
      classes: common.length + rest,
      classOf: (value) => places.get(textOf(value) ?? "") ?? common.length,
    },
  ];
}

function textOf(value: FeatureValue): string | undefined {
  return typeof value === "object" && "text" in value ? value.text : undefined;
}

function ofElements(
  compiled: CompiledDomain,
  name: string,
  feature: number,
  values: readonly FeatureValue[],
): Attribute[] {
  const items = values.map((value) => new Set(elementsOf(value)));
  const counts = new Map<string | number, number>();
  for (const set of items) for (const item of set) counts.set(item, (counts.get(item) ?? 0) + 1);
  const chosen = new Set<string | number>();
  for (const share of ELEMENT_SHARES) {
    const distance = (count: number): number => Math.abs(count / values.length - share);
    const [nearest] = [...counts]
      .filter(([item]) => !chosen.has(item))
      .toSorted(([, a], [, b]) => distance(a) - distance(b));
    if (nearest) chosen.add(nearest[0]);
  }
  return [...chosen].flatMap((item) => {
    const element = singleton(compiled, feature, item);
    if (element === undefined) return [];
    const has = (value: FeatureValue): boolean => {
      if (typeof value !== "object") return false;
      if ("closure" in value) return typeof item === "number" && value.closure.includes(item);
      return "elements" in value && typeof item === "string" && value.elements.includes(item);
    };
    return [
      {
        name: `${name}: ${nameOf(compiled, feature, element)}`,
        feature,
        classes: 2,
        classOf: (value: FeatureValue) => (has(value) ? 1 : 0),
        element,
      },
    ];
  });
}

/** Set elements, or indices of terms in the ontology. */
function elementsOf(value: FeatureValue): readonly (string | number)[] {
  if (typeof value !== "object") return [];
  if ("closure" in value) return [...value.closure];
  return "elements" in value ? value.elements : [];
}

function singleton(
  compiled: CompiledDomain,
  feature: number,
  item: string | number,
): FeatureValue | undefined {
  if (typeof item === "number") return { closure: Uint32Array.of(item) };
  const spec = compiled.domain.features[feature];
  const isWeighted = spec?.kind === "set" && spec.weighted === true;
  const encoded = compiled.features[feature]?.encode(isWeighted ? { [item]: 1 } : [item]);
  return encoded?.ok ? encoded.value : undefined;
}

/** As a profile would give it. */
function nameOf(compiled: CompiledDomain, feature: number, element: FeatureValue): string {
  const raw = compiled.features[feature]?.typical([element]);
  return Array.isArray(raw) ? raw.map(String).join(" ") : Object.keys(Object(raw)).join(" ");
}
