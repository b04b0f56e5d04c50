/**
 * Membership inference: the attacker knows all of a person's profile, and asks whether it is among the published. As
 * many that are not, of the same population, are asked about.
 */
import { areaUnderCurve } from "../../examples/evaluation.ts";
import type { Random } from "../../examples/random.ts";
import { estimate, signatureOf } from "../../protocol/index.ts";
import { interval95, resample, type Interval } from "../suite/bootstrap.ts";
import type { SymbolReader } from "./frequency.ts";
import { latentsOf, type Knowledge } from "./knowledge.ts";
import type { Person } from "./people.ts";
import type { Entry, Simulated } from "./scene.ts";

export interface Membership {
  /** Area under the ROC curve, less 1/2. */
  readonly auc: number;
  readonly interval: Interval;
  /** Share of members that are found where 1 % and 10 % of the others are taken for members. */
  readonly tprAt01: number;
  readonly tprAt10: number;
  readonly strategy: string;
}

/** Of members, and of as many others. */
const PEOPLE_MAX = 200;
const DRAWS = 300;

type Score = (person: Person) => number;

/** The better of the scores, as it turns out: chosen in the attacker's favour. */
export function inferMembership(
  members: readonly Person[],
  others: readonly Person[],
  scores: ReadonlyMap<string, Score>,
  random: Random,
): Membership {
  const asked = [...members.slice(0, PEOPLE_MAX), ...others.slice(0, PEOPLE_MAX)];
  const inside = Math.min(PEOPLE_MAX, members.length);
  const judged = [...scores].map(([strategy, score]) => {
    const cases = asked.map((person, i) => ({ truth: i < inside, score: score(person) }));
    return { strategy, cases, auc: areaUnderCurve(cases) };
  });
  const best = judged.toSorted((a, b) => b.auc - a.auc)[0];
  if (!best)
    return { auc: 0, interval: { low: 0, high: 0 }, tprAt01: 0.01, tprAt10: 0.1, strategy: "none" };
  const strata = [true, false].map((truth) =>
    [...best.cases.keys()].filter((i) => best.cases[i]?.truth === truth),
  );
  const drawn = Array.from(
    { length: DRAWS },
    () => areaUnderCurve(resample(strata, random).flatMap((i) => best.cases[i] ?? [])) - 0.5,
  );
  return {
    auc: best.auc - 0.5,
    interval: interval95(drawn),
    tprAt01: foundAt(0.01, best.cases),
    tprAt10: foundAt(0.1, best.cases),
    strategy: best.strategy,
  };
}

function foundAt(
  rate: number,
  cases: readonly { readonly truth: boolean; readonly score: number }[],
): number {
  const others = cases.filter(({ truth }) => !truth).toSorted((a, b) => b.score - a.score);
  const threshold = others[Math.floor(rate * others.length)]?.score ?? -Infinity;
  const members = cases.filter(({ truth }) => truth);
  return members.filter(({ score }) => score > threshold).length / members.length;
}

/** By whoever can compute signatures: the best estimate, also beside that to entries of other people. */
export function membershipWithFamilies(
  { compiled }: Knowledge,
  entries: readonly Entry[],
  simulated: readonly Simulated[],
): ReadonlyMap<string, Score> {
  if (entries.length === 0) return new Map();
  const best = (person: Person, list: readonly { readonly signature: Uint8Array }[]): number => {
    const signature = signatureOf(compiled, person.profile);
    return list.reduce(
      (most, entry) => Math.max(most, estimate(compiled.plan, signature, entry.signature)),
      -1,
    );
  };
  return new Map([
    ["nearest entry", (person: Person) => best(person, entries)],
    ["beside other people's", (person: Person) => best(person, entries) - best(person, simulated)],
  ]);
}

/** By whoever cannot: how well the best entry fits, by what frequencies give away. */
export function membershipByFrequency(
  knowledge: Knowledge,
  entries: readonly Entry[],
  reader: SymbolReader | undefined,
): ReadonlyMap<string, Score> {
  if (!reader) return new Map();
  const { classesOf } = latentsOf(knowledge);
  return new Map([
    [
      "frequency",
      (person: Person) => {
        const classes = classesOf(person);
        return entries.reduce((most, { signature }) => {
          let fit = 0;
          for (const [f, chance] of reader(signature).classes.entries()) {
            fit += Math.log((chance[classes[f] ?? -1] ?? 1) + 1e-3);
          }
          return Math.max(most, fit);
        }, -Infinity);
      },
    ],
  ]);
}
