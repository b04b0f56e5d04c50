/** What every attacker knows: the domain's document, and other people of the same population. */
import type { Random } from "../../examples/random.ts";
import type { CompiledDomain } from "../../protocol/index.ts";
import { learnSymbols, type SymbolReader } from "./frequency.ts";
import type { KnownClasses, Latent } from "./latent-classes.ts";
import type { Person, Target } from "./people.ts";
import type { Simulated } from "./scene.ts";

/** How common each class is among people the attacker knows. */
export function sharesOf(target: Target, known: readonly Person[]): number[] {
  const shares = Array.from<number>({ length: target.classes }).fill(1 / 2);
  for (const person of known) {
    const v = target.classOf(person);
    if (v !== undefined) shares[v] = (shares[v] ?? 0) + 1;
  }
  const total = shares.reduce((sum, each) => sum + each, 0);
  return shares.map((share) => share / total);
}

export interface Knowledge {
  readonly compiled: CompiledDomain;
  readonly known: readonly Person[];
  readonly targets: readonly Target[];
  readonly random: Random;
}

/** Features whose classes frequencies can tell: those of numbers and categories. */
export function latentsOf({ compiled, targets }: Pick<Knowledge, "compiled" | "targets">): {
  readonly latents: readonly Latent[];
  readonly classesOf: (person: Pick<Person, "profile">) => KnownClasses;
} {
  const telling = targets.flatMap(({ attribute }) =>
    attribute && attribute.element === undefined ? [attribute] : [],
  );
  return {
    latents: telling.map(({ feature, classes }) => ({
      feature,
      classes,
      isOrdered: compiled.domain.features[feature]?.kind !== "category",
    })),
    classesOf: ({ profile }) =>
      telling.map(({ feature, classOf }) => {
        const value = profile[feature];
        return value === undefined ? -1 : classOf(value);
      }),
  };
}

/** -1 for an attribute that frequencies do not tell. */
export function latentAt(latents: readonly Latent[], { attribute }: Target): number {
  if (!attribute || attribute.element !== undefined) return -1;
  return latents.findIndex(({ feature }) => feature === attribute.feature);
}

/** By the frequencies of what is `seen`, of a population as the attacker has simulated it; undefined where that is nothing. */
export function learnFromDump(
  knowledge: Knowledge,
  seen: readonly Uint8Array[],
  simulated: readonly Simulated[],
): SymbolReader | undefined {
  const { latents, classesOf } = latentsOf(knowledge);
  if (latents.length === 0 || seen.length === 0 || simulated.length === 0) return undefined;
  // An entry's classes are those of the profile that it was computed from.
  const known = simulated.map(classesOf);
  return learnSymbols(knowledge.compiled.plan, seen, latents, known, knowledge.random);
}
