/** Whom the attack is on: people of one population, of whom an origin holds some, and the attacker knows others. */
import { heartDiseaseDomain, readHeartDisease } from "../../examples/heart-disease.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import type { Profile } from "../../protocol/index.ts";

export interface Person {
  readonly profile: Readonly<Record<string, number>>;
  readonly disease: boolean;
}

export interface Population {
  readonly source: string;
  /** Each origin's records. */
  readonly origins: readonly (readonly Person[])[];
  /** Others of the same population; none where the attacker knows all of the origins' people but its target. */
  readonly known: readonly Person[];
}

/** The attributes that the attack is after: every one of few values, and the result. */
export const ATTRIBUTES = [
  "sex",
  "chestPain",
  "fastingBloodSugar",
  "restingEcg",
  "exerciseAngina",
  "disease",
] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

export const domain = heartDiseaseDomain;

export function valueOf({ profile, disease }: Person, attribute: Attribute): number {
  return attribute === "disease" ? Number(disease) : (profile[attribute] ?? 0);
}

/** All that the attacker knows of its target. */
export function withoutAttribute({ profile }: Person, attribute: Attribute): Profile {
  const { [attribute]: _, ...rest } = profile;
  return rest;
}

/**
 * Made-up people like those of the heart-disease data: findings depend on age, sex and a hidden severity. With `coin`
 * the disease depends on nothing, so that whatever is learnt of it comes from the origin.
 */
export function makePopulation(
  seed: string,
  size: number,
  known: number,
  coin: boolean,
): Population {
  const random = seededRandom(`attack/${seed}`);
  const people = Array.from({ length: size + known }, () => makePerson(random, coin));
  return {
    source: coin ? "made up, the disease by a coin" : "made up",
    origins: [people.slice(0, size)],
    known: people.slice(size),
  };
}

function makePerson(random: Random, coin: boolean): Person {
  const age = Math.round(Math.min(80, Math.max(28, random.normal(54, 9))));
  const sex = random.unit() < 0.7 ? 1 : 0;
  const severity = random.normal((age - 54) / 20 + (sex === 1 ? 0.3 : -0.5), 1);
  const isLikely = (shift: number): boolean =>
    random.unit() < 1 / (1 + Math.exp(-severity - shift));
  const rounded = (mean: number, deviation: number, digits = 0): number =>
    Number(random.normal(mean, deviation).toFixed(digits));
  return {
    profile: {
      age,
      sex,
      chestPain: isLikely(-0.2) ? 4 : 1 + random.weighted([1, 3, 4]),
      restingBloodPressure: rounded(125 + 0.3 * (age - 54) + 4 * severity, 15),
      cholesterol: rounded(240 + 8 * severity, 45),
      fastingBloodSugar: isLikely(-2) ? 1 : 0,
      restingEcg: isLikely(-0.8) ? 2 : isLikely(-2) ? 1 : 0,
      maxHeartRate: rounded(150 - 0.8 * (age - 54) - 8 * severity, 18),
      exerciseAngina: isLikely(-0.7) ? 1 : 0,
      stDepression: Math.max(0, rounded(0.9 + 0.5 * severity, 0.9, 1)),
    },
    disease: coin ? random.unit() < 0.5 : isLikely(0),
  };
}

/** The real people, an origin a hospital. The attacker knows all of them but its target. */
export async function readPopulation(file: string): Promise<Population> {
  const { rows } = await readHeartDisease(file);
  const byCentre = Map.groupBy(rows, ({ centre }) => centre);
  return {
    source: "UCI heart disease",
    origins: [...byCentre.values()].map((list) =>
      list.map(({ profile, disease }) => ({ profile, disease: disease === 1 })),
    ),
    known: [],
  };
}
