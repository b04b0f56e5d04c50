/** Attribute inference from a signature: the attacker is given an entry, and says what a person behind it is like. */
import { enumerationAttack } from "../../client/cli/calibrate/privacy/index.ts";
import type { Random } from "../../examples/random.ts";
import { bestClass, scoreCases, type AttributeScore, type Case } from "./advantage.ts";
import type { SymbolReader } from "./frequency.ts";
import { latentAt, latentsOf, sharesOf, type Knowledge } from "./knowledge.ts";
import type { Person, Target } from "./people.ts";
import type { Simulated } from "./scene.ts";
import { logisticAttack, nearestExamples, NEIGHBOURS, voteOf, type Example } from "./supervised.ts";

/** A person, and the entry it is behind; none where its origin publishes none of it. */
export interface Victim {
  readonly person: Person;
  readonly signature: Uint8Array | undefined;
}

/** What an attacker guesses of each victim's attribute, by strategy. */
type Guess = (
  target: Target,
  prior: readonly number[],
) => ReadonlyMap<string, readonly (readonly number[])[]>;

function score(
  { known, targets }: Knowledge,
  victims: readonly Victim[],
  guess: Guess,
): AttributeScore[] {
  return targets.map((target) => {
    const prior = sharesOf(target, known);
    const guesses = guess(target, prior);
    const cases = victims.flatMap(({ person, signature }, victim): Case[] => {
      const truth = target.classOf(person);
      if (truth === undefined) return [];
      const made = [...guesses].map(
        ([strategy, list]) => [strategy, bestClass(list[victim] ?? prior)] as const,
      );
      return [
        {
          victim,
          truth,
          prior: bestClass(prior),
          guesses: new Map(signature === undefined ? [] : made),
        },
      ];
    });
    return scoreCases(target.name, cases);
  });
}

/** By whoever can compute signatures: from those of people it knows, and of every value there is. */
export function attackWithFamilies(
  knowledge: Knowledge,
  victims: readonly Victim[],
  simulated: readonly Simulated[],
): AttributeScore[] {
  const { compiled, known, random } = knowledge;
  const examples = simulated.flatMap(({ signature, people }) =>
    people.map((person) => ({ signature, person })),
  );
  const learn = learnFrom(examples, victims, random);
  const profiles = known.map(({ profile }) => profile);
  return score(knowledge, victims, (target, prior) => {
    const guesses = new Map(learn(target, prior));
    if (!target.attribute) return guesses;
    const attack = enumerationAttack(compiled, target.attribute, profiles);
    guesses.set(
      "enumeration",
      victims.map(({ signature }) => (signature ? attack(signature) : prior)),
    );
    return guesses;
  });
}

/** An entry of which the attacker knows whose it is. */
export interface KnownEntry {
  readonly signature: Uint8Array;
  readonly person: Person;
}

/** Nearest known profiles and a logistic model, of examples. */
function learnFrom(
  examples: readonly KnownEntry[],
  victims: readonly Victim[],
  random: Random,
): Guess {
  const nearest = nearestExamples(
    victims.map(({ signature }) => signature ?? new Uint8Array()),
    examples.map(({ signature }) => signature),
  );
  return (target, prior) => {
    const labels = examples.map(({ person }) => target.classOf(person));
    const labelled = examples.flatMap(({ signature }, i): Example[] => {
      const label = labels[i];
      return label === undefined ? [] : [{ signature, label }];
    });
    const guesses = new Map<string, readonly (readonly number[])[]>();
    if (labelled.length === 0) return guesses;
    for (const k of NEIGHBOURS) {
      guesses.set(
        `nearest ${k}`,
        nearest.map((list) => voteOf(list, k, (i) => labels[i], prior)),
      );
    }
    const model = logisticAttack(labelled, target.classes, random);
    guesses.set(
      "logistic",
      victims.map(({ signature }) => (signature ? model(signature) : prior)),
    );
    return guesses;
  };
}

/**
 * By whoever cannot compute signatures: by how often symbols occur in what it has seen (`reader`), and from `pairs`,
 * entries of which it knows whose they are.
 */
export function attackByFrequency(
  knowledge: Knowledge,
  victims: readonly Victim[],
  simulated: readonly Simulated[],
  reader: SymbolReader | undefined,
  pairs: readonly KnownEntry[] = [],
): AttributeScore[] {
  const { latents } = latentsOf(knowledge);
  const learn = learnFrom(pairs, victims, knowledge.random);
  return score(knowledge, victims, (target, prior) => {
    const guesses = new Map(learn(target, prior));
    if (!reader) return guesses;
    const readings = victims.map(({ signature }) => signature && reader(signature));
    const labels = simulated.map(({ people }) => sharesOf(target, people));
    guesses.set(
      "frequency, people alike",
      readings.map((reading) => (reading ? weigh(reading.likeness, labels, prior) : prior)),
    );
    const latent = latentAt(latents, target);
    if (latent < 0) return guesses;
    guesses.set(
      "frequency",
      readings.map((reading) => reading?.classes[latent] ?? prior),
    );
    return guesses;
  });
}

/** `prior` where nobody is alike. */
function weigh(
  likeness: readonly number[],
  labels: readonly (readonly number[])[],
  prior: readonly number[],
): number[] {
  const votes = prior.map((share) => share * 1e-6);
  for (const [i, share] of likeness.entries()) {
    if (share === 0) continue;
    for (let v = 0; v < votes.length; v++) {
      votes[v] = (votes[v] ?? 0) + share * (labels[i]?.[v] ?? 0);
    }
  }
  return votes;
}
