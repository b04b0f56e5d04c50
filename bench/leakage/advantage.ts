/**
 * How much better than guessing an attack is. Of its strategies the attacker takes the one that does best on half of
 * its victims, whose attribute it is told; it is scored on the other half, and the halves then change places.
 */
import type { Random } from "../../examples/random.ts";
import { interval95, mean, type Interval } from "../suite/bootstrap.ts";

/** One victim and one attribute: classes. */
export interface Case {
  /** Index of the victim. */
  readonly victim: number;
  readonly truth: number;
  /** What the attacker says without any entry. */
  readonly prior: number;
  /** By strategy. */
  readonly guesses: ReadonlyMap<string, number>;
}

export interface Scored {
  readonly victim: number;
  /** 1 where right. */
  readonly byPrior: number;
  readonly byAttack: number;
}

export interface AttributeScore {
  readonly attribute: string;
  readonly cases: readonly Scored[];
  /** The strategies that were taken, of each half. */
  readonly strategies: readonly string[];
}

export interface Advantage extends Interval {
  readonly prior: number;
  readonly attack: number;
  /** attack - prior. */
  readonly value: number;
}

/** Taken where no strategy does better. */
export const NO_STRATEGY = "prior alone";
const DRAWS = 1000;

export function scoreCases(attribute: string, cases: readonly Case[]): AttributeScore {
  const halves = [0, 1].map((half) => cases.filter(({ victim }) => victim % 2 === half));
  const scored: Scored[] = [];
  const strategies: string[] = [];
  for (const [i, half] of halves.entries()) {
    const strategy = bestStrategy(halves[1 - i] ?? []);
    strategies.push(strategy);
    for (const each of half) {
      scored.push({
        victim: each.victim,
        byPrior: each.prior === each.truth ? 1 : 0,
        byAttack: guessOf(each, strategy) === each.truth ? 1 : 0,
      });
    }
  }
  return { attribute, cases: scored, strategies };
}

function guessOf({ prior, guesses }: Case, strategy: string): number {
  return guesses.get(strategy) ?? prior;
}

function bestStrategy(cases: readonly Case[]): string {
  const rightBy = (strategy: string): number =>
    cases.filter((each) => guessOf(each, strategy) === each.truth).length;
  let best = { strategy: NO_STRATEGY, right: rightBy(NO_STRATEGY) };
  for (const strategy of new Set(cases.flatMap(({ guesses }) => [...guesses.keys()]))) {
    const right = rightBy(strategy);
    if (right > best.right) best = { strategy, right };
  }
  return best.strategy;
}

/** Samples of `victims` victims, with replacement: the same for all that is compared. */
export function drawVictims(victims: number, random: Random): Int32Array[] {
  return Array.from({ length: DRAWS }, () =>
    Int32Array.from({ length: victims }, () => random.below(victims)),
  );
}

/** Mean over attributes; the interval is over victims, of whom each draw takes all attributes. */
export function advantageOf(
  scores: readonly Pick<AttributeScore, "cases">[],
  draws: readonly Int32Array[],
): Advantage {
  const victims = draws[0]?.length ?? 0;
  const gains = new Float64Array(victims);
  const weights = new Float64Array(victims);
  const told = scores.filter(({ cases }) => cases.length > 0);
  for (const { cases } of told) {
    for (const { victim, byAttack, byPrior } of cases) {
      const weight = 1 / (cases.length * told.length);
      gains[victim] = (gains[victim] ?? 0) + weight * (byAttack - byPrior);
      weights[victim] = (weights[victim] ?? 0) + weight;
    }
  }
  const drawn = draws.map((draw) => {
    let gain = 0;
    let weight = 0;
    for (const victim of draw) {
      gain += gains[victim] ?? 0;
      weight += weights[victim] ?? 0;
    }
    return gain / weight;
  });
  const shareOf = (which: "byAttack" | "byPrior"): number =>
    mean(told.map(({ cases }) => mean(cases.map((each) => each[which]))));
  const [prior, attack] = [shareOf("byPrior"), shareOf("byAttack")];
  return { prior, attack, value: attack - prior, ...interval95(drawn) };
}

export function bestClass(weights: readonly number[]): number {
  return weights.indexOf(Math.max(...weights));
}
