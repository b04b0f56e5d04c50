/**
 * Attribute inference of a known person: the attacker knows that the person is at an origin, and all of the profile but
 * one attribute. It weighs that origin's entries by how well they fit what it knows, and takes over what they say of the
 * attribute, as far as that has proved to be worth something beside what similar people are like.
 */
import { enumerationAttack } from "../../client/cli/calibrate/privacy/index.ts";
import { estimate, signatureOf, similarity, type CompiledDomain } from "../../protocol/index.ts";
import { bestClass, scoreCases, type AttributeScore, type Case } from "./advantage.ts";
import type { SymbolReader } from "./frequency.ts";
import { latentAt, latentsOf, sharesOf, type Knowledge } from "./knowledge.ts";
import type { Person, Target } from "./people.ts";
import type { Entry } from "./scene.ts";

/** Nearest known people that speak for a class before any entry is seen. */
const NEIGHBOURS = 25;
/** How steeply an entry's fit counts. */
const SHARPNESS = [5, 20, 200] as const;
/** What entries are worth beside the prior, in logarithms. */
const WORTHS = [0.25, 1, 4, 1000] as const;

/** By feature target: a prior for each victim, from people that are like it in all else. */
export type Priors = ReadonlyMap<Target, readonly (readonly number[])[]>;

export function conditionalPriors(
  compiled: CompiledDomain,
  targets: readonly Target[],
  victims: readonly Person[],
  known: readonly Person[],
): Priors {
  const perVictim = victims.map(({ profile }) =>
    known.map((other) => similarity(compiled, profile, other.profile).kernels),
  );
  return new Map(
    targets
      .filter(({ attribute }) => attribute !== undefined)
      .map((target) => {
        const labels = known.map((other) => target.classOf(other));
        const priors = perVictim.map((kernels) => {
          const scored = kernels
            .map((kernel, i) => ({
              i,
              score: scoreWithout(compiled, kernel, target.attribute?.feature),
            }))
            .filter(({ i }) => labels[i] !== undefined)
            .toSorted((a, b) => b.score - a.score)
            .slice(0, NEIGHBOURS);
          return sharesOf(
            target,
            scored.flatMap(({ i }) => known[i] ?? []),
          );
        });
        return [target, priors] as const;
      }),
  );
}

function scoreWithout(
  { features }: CompiledDomain,
  kernels: readonly (number | undefined)[],
  left: number | undefined,
): number {
  return kernels.reduce<number>(
    (sum, kernel, i) => sum + (i === left ? 0 : (kernel ?? 0) * (features[i]?.weight ?? 0)),
    0,
  );
}

/** How well entries fit a victim without the target's feature: differences count, not the level. */
type Fit = (victim: Person, target: Target) => (entry: Entry) => number;
/** What an entry says of the attribute. */
type Tell = (entry: Entry, target: Target) => readonly number[];

function link(
  entries: readonly Entry[],
  victims: readonly Person[],
  { known }: Knowledge,
  priors: Priors,
  { fit, tell }: { readonly fit: Fit; readonly tell: Tell },
): AttributeScore[] {
  const byOrigin = Map.groupBy(entries, ({ origin }) => origin);
  return [...priors].map(([target, own]) => {
    const common = sharesOf(target, known);
    const cases = victims.flatMap((person, victim): Case[] => {
      const truth = target.classOf(person);
      const prior = own[victim];
      if (truth === undefined || !prior) return [];
      const held = byOrigin.get(person.origin) ?? [];
      const fits = held.map(fit(person, target));
      const told = held.map((entry) => tell(entry, target));
      const guesses = new Map<string, number>();
      for (const sharpness of held.length > 0 ? SHARPNESS : []) {
        const says = mixture(fits, told, sharpness, target.classes);
        for (const worth of WORTHS) {
          const weights = prior.map(
            (chance, v) =>
              Math.log(chance) +
              worth * Math.log((says[v] ?? 0) + 1e-6) -
              Math.min(1, worth) * Math.log(common[v] ?? 1),
          );
          guesses.set(`linked ${sharpness}, worth ${worth}`, bestClass(weights));
        }
      }
      return [{ victim, truth, prior: bestClass(prior), guesses }];
    });
    return scoreCases(target.name, cases);
  });
}

function mixture(
  fits: readonly number[],
  told: readonly (readonly number[])[],
  sharpness: number,
  classes: number,
): number[] {
  const most = Math.max(...fits);
  const weights = fits.map((each) => Math.exp(sharpness * (each - most)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from(
    { length: classes },
    (_, v) => weights.reduce((sum, weight, i) => sum + weight * (told[i]?.[v] ?? 0), 0) / total,
  );
}

/** By whoever can compute signatures: entries fit by the estimate, and tell what enumeration finds in them. */
export function linkWithFamilies(
  knowledge: Knowledge,
  entries: readonly Entry[],
  victims: readonly Person[],
  priors: Priors,
): AttributeScore[] {
  const { compiled, known } = knowledge;
  const { plan } = compiled;
  const profiles = known.map(({ profile }) => profile);
  const signatures = new Map(
    victims.map((person) => [person, signatureOf(compiled, person.profile)]),
  );
  const told = new Map<Target, ReadonlyMap<Entry, readonly number[]>>();
  for (const target of priors.keys()) {
    if (!target.attribute) continue;
    const attack = enumerationAttack(compiled, target.attribute, profiles);
    told.set(target, new Map(entries.map((entry) => [entry, attack(entry.signature)])));
  }
  return link(entries, victims, knowledge, priors, {
    fit: (person, target) => {
      const asked = Uint8Array.from(signatures.get(person) ?? []);
      for (const [at, feature] of plan.featureAt.entries()) {
        if (feature === target.attribute?.feature) asked[at] = 0;
      }
      return (entry) => estimate(plan, asked, entry.signature);
    },
    tell: (entry, target) => told.get(target)?.get(entry) ?? [],
  });
}

/** By whoever cannot: entries fit, and tell, by what their symbols' frequencies give away. */
export function linkByFrequency(
  knowledge: Knowledge,
  entries: readonly Entry[],
  victims: readonly Person[],
  priors: Priors,
  reader: SymbolReader | undefined,
): AttributeScore[] {
  const { latents, classesOf } = latentsOf(knowledge);
  const common = new Map([...priors.keys()].map((each) => [each, sharesOf(each, knowledge.known)]));
  return link(reader ? entries : [], victims, knowledge, priors, {
    fit: (person, target) => {
      const classes = classesOf(person);
      const left = latentAt(latents, target);
      return (entry) => {
        const read = reader?.(entry.signature).classes ?? [];
        let sum = 0;
        for (const [f, chance] of read.entries()) {
          const v = classes[f] ?? -1;
          if (f !== left && v >= 0) sum += Math.log((chance[v] ?? 0) + 1e-3);
        }
        return sum / Math.max(1, latents.length);
      };
    },
    tell: (entry, target) =>
      reader?.(entry.signature).classes[latentAt(latents, target)] ?? common.get(target) ?? [],
  });
}
