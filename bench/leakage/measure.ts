/** All attacks on what one setting publishes, and what the setting costs. */
import { z } from "zod";
import { advantageOf, drawVictims, type AttributeScore } from "./advantage.ts";
import { attackByFrequency, attackWithFamilies } from "./behind-entry.ts";
import { learnFromDump, type Knowledge } from "./knowledge.ts";
import { conditionalPriors, linkByFrequency, linkWithFamilies, type Priors } from "./linkage.ts";
import { inferMembership, membershipByFrequency, membershipWithFamilies } from "./membership.ts";
import { compile, type Person, type Population } from "./people.ts";
import { measureRecall, recallCases, type RecallCase } from "./recall.ts";
import { setScene, victimsOf } from "./scene.ts";
import type { PrivacySetting } from "../../client/cli/calibrate/privacy/index.ts";
import { seededRandom } from "../../examples/random.ts";

const intervalSchema = z.object({ low: z.number(), high: z.number() });
export const advantageSchema = intervalSchema.extend({
  prior: z.number(),
  attack: z.number(),
  value: z.number(),
  attributes: z.array(
    z.object({ name: z.string(), prior: z.number(), attack: z.number(), by: z.array(z.string()) }),
  ),
});
export type AdvantageFigures = z.infer<typeof advantageSchema>;

const membershipSchema = z.object({
  auc: z.number(),
  interval: intervalSchema,
  tprAt01: z.number(),
  tprAt10: z.number(),
  strategy: z.string(),
});

/** Attackers: `families` can compute signatures; `dump` cannot, and sees all entries; `pairs` knows whose 50 are, too. */
export const settingSchema = z.object({
  entries: z.number(),
  published: z.number(),
  behindEntry: z.object({
    families: advantageSchema,
    dump: advantageSchema,
    pairs: advantageSchema,
  }),
  knownPerson: z.object({ families: advantageSchema, dump: advantageSchema }),
  /** The same attack on people of whom no origin has a record. */
  notHeld: z.object({ families: advantageSchema, dump: advantageSchema }),
  membership: z.object({ families: membershipSchema, dump: membershipSchema }),
  recall: z.array(z.number()),
});
export type SettingFigures = z.infer<typeof settingSchema>;

const PAIRS = 50;
const NOT_HELD_MAX = 400;

/** What all settings of a population share. */
export interface Ground {
  readonly population: Population;
  readonly seed: string;
  /** Numbers of origins asked that recall is told for. */
  readonly asked: readonly number[];
  readonly victims: readonly Person[];
  readonly notHeld: readonly Person[];
  readonly priors: () => { readonly victims: Priors; readonly notHeld: Priors };
  readonly recall: () => readonly RecallCase[];
  readonly summarize: (
    scores: readonly AttributeScore[],
    people: "victims" | "notHeld",
  ) => AdvantageFigures;
}

export function prepareGround(
  population: Population,
  seed: string,
  asked: readonly number[],
): Ground {
  const { targets, known } = population;
  const compiled = compile(population, population.domain);
  const victims = victimsOf(population, seed);
  const notHeld = population.others.slice(0, NOT_HELD_MAX);
  const random = seededRandom(`leakage intervals ${seed}`);
  const draws = {
    victims: drawVictims(victims.length, random),
    notHeld: drawVictims(notHeld.length, random),
  };
  let priors: ReturnType<Ground["priors"]> | undefined;
  let recall: readonly RecallCase[] | undefined;
  return {
    population,
    seed,
    asked,
    victims,
    notHeld,
    // Made once, and only where a cell has to be computed.
    priors: () =>
      (priors ??= {
        victims: conditionalPriors(compiled, targets, victims, known),
        notHeld: conditionalPriors(compiled, targets, notHeld, known),
      }),
    recall: () => (recall ??= recallCases(compiled, population)),
    summarize: (scores, people) => ({
      ...advantageOf(scores, draws[people]),
      attributes: scores
        .filter(({ cases }) => cases.length > 0)
        .map((score) => {
          const { prior, attack } = advantageOf([score], draws[people].slice(0, 1));
          return { name: score.attribute, prior, attack, by: [...score.strategies] };
        }),
    }),
  };
}

export async function measureSetting(
  ground: Ground,
  setting: PrivacySetting,
): Promise<SettingFigures> {
  const { population, seed, victims, notHeld, summarize } = ground;
  const { compiled, entries, entryOf, simulated, random } = await setScene(
    population,
    setting,
    seed,
  );
  const { known, targets } = population;
  const knowledge: Knowledge = { compiled, known, targets, random };
  const signatures = entries.map(({ signature }) => signature);
  const reader = learnFromDump(knowledge, signatures, simulated);
  const given = victims.map((person) => ({ person, signature: entryOf.get(person)?.signature }));
  const isVictim = new Set(victims);
  const theirs = population.published.flatMap((person) => {
    const entry = isVictim.has(person) ? undefined : entryOf.get(person);
    return entry ? [{ signature: entry.signature, person }] : [];
  });
  const pairs = random.sample(theirs, PAIRS);
  const priors = ground.priors();
  return {
    entries: entries.length,
    published: given.filter(({ signature }) => signature !== undefined).length / given.length,
    behindEntry: {
      families: summarize(attackWithFamilies(knowledge, given, simulated), "victims"),
      dump: summarize(attackByFrequency(knowledge, given, simulated, reader), "victims"),
      pairs: summarize(attackByFrequency(knowledge, given, simulated, reader, pairs), "victims"),
    },
    knownPerson: {
      families: summarize(linkWithFamilies(knowledge, entries, victims, priors.victims), "victims"),
      dump: summarize(
        linkByFrequency(knowledge, entries, victims, priors.victims, reader),
        "victims",
      ),
    },
    notHeld: {
      families: summarize(linkWithFamilies(knowledge, entries, notHeld, priors.notHeld), "notHeld"),
      dump: summarize(
        linkByFrequency(knowledge, entries, notHeld, priors.notHeld, reader),
        "notHeld",
      ),
    },
    membership: {
      families: inferMembership(
        victims,
        population.others,
        membershipWithFamilies(knowledge, entries, simulated),
        random,
      ),
      dump: inferMembership(
        victims,
        population.others,
        membershipByFrequency(knowledge, entries, reader),
        random,
      ),
    },
    recall: measureRecall(compiled, population, entries, ground.recall(), ground.asked),
  };
}
