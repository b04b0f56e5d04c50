/** The short form of `npm run bench -- attack`: one attribute of the profile, and a result that nothing else tells. */
import { expect, test } from "vitest";
import { attack } from "../../../bench/attack/attack.ts";
import { makePopulation } from "../../../bench/attack/people.ts";

/** What the default policy may let an attacker gain over the population's own distribution. */
const GAIN_MAX = 0.05;

test.each([
  ["exerciseAngina", false],
  ["disease", true],
] as const)(
  "who knows all of a person but %s learns no more than the population tells",
  async (attribute, coin) => {
    const population = makePopulation("test", 300, 1000, coin);
    const { prior, guarded, unguarded } = await attack(population, attribute, 160);
    expect(guarded.success).toBeLessThanOrEqual(prior + GAIN_MAX);
    // The same attacker, where policy gives single cases: it is no weak one.
    expect(unguarded.success).toBeGreaterThan(0.95);
  },
  60_000,
);
