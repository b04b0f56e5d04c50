/**
 * The attacker: a member that knows all of a person but one attribute, and that the person's record is at the origin.
 * It asks with every value that the attribute may have, with none, with other k, other purposes and the person left
 * out, and turns what comes back into evidence for each value, in several ways at once.
 */
import {
  compileDomain,
  encodeKnown,
  similarity,
  type AggregateCell,
  type EncodedProfile,
  type Profile,
} from "../../protocol/index.ts";
import type { Ask } from "./origin.ts";
import { domain, valueOf, withoutAttribute, type Attribute, type Person } from "./people.ts";

/** For each value of the attribute, how much speaks for it. */
export type Evidence = readonly number[];

/** What the attacker learns of one target, by strategy. */
export type Findings = ReadonlyMap<string, Evidence>;

const compiled = (() => {
  const result = compileDomain(domain);
  if (!result.ok) throw new Error("the domain does not compile");
  return result.value;
})();

/** Nearest people that speak for a value before anything is asked. */
const NEIGHBOURS = 25;
/** The most that a query may ask for. */
const K_MAX = 200;
/** How steeply a cohort's nearness counts where cohorts vote. */
const SHARPNESS = [5, 20, 60] as const;

/** The chance of each value by the population alone: similar people's shares, none of them 0. */
export function priorOf(
  target: Person,
  attribute: Attribute,
  values: readonly number[],
  population: readonly KnownPerson[],
): Evidence {
  const known = encode(withoutAttribute(target, attribute));
  const nearest = population
    .filter(({ person }) => person !== target)
    .map(({ person, profile }) => ({
      person,
      score: similarity(compiled, known, profile).score,
    }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, NEIGHBOURS);
  const weights = values.map(
    (value) => 0.5 + nearest.filter(({ person }) => valueOf(person, attribute) === value).length,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

export interface KnownPerson {
  readonly person: Person;
  readonly profile: EncodedProfile;
}

export function encodePeople(people: readonly Person[]): KnownPerson[] {
  return people.map((person) => ({ person, profile: encode(person.profile) }));
}

/** Asks the origin all that may help, and weighs the answers. `group` is the target's own, which it may guess. */
export async function investigate(
  ask: Ask,
  target: Person,
  group: string,
  attribute: Attribute,
  values: readonly number[],
): Promise<Findings> {
  const known = withoutAttribute(target, attribute);
  const isResult = attribute === "disease";
  const profiles: Profile[] = isResult
    ? values.map(() => known)
    : values.map((value) => ({ ...known, [attribute]: value }));
  const findings = new Map<string, Evidence>();
  const base = await ask({ profile: known, k: K_MAX });
  const without = await ask({ profile: known, k: K_MAX, excludeGroups: [group] });
  const guesses = await Promise.all(profiles.map((profile) => ask({ profile, k: K_MAX })));
  const first = await Promise.all(
    profiles.map((profile) => ask({ profile, k: 1, purpose: "research" })),
  );

  findings.set(
    "best single score",
    first.map((answer) => answer?.results[0]?.score ?? 0),
  );
  const [nearest] = base?.results ?? [];
  if (isResult && nearest) {
    findings.set("result of the nearest", votes(values, Number(nearest.result[attribute])));
  }
  // Who is missing where the target is left out.
  const others = new Set(without?.results.map(({ reference }) => reference) ?? []);
  const lost = (base?.results ?? []).find(({ reference }) => !others.has(reference));
  if (isResult && without && lost) {
    findings.set("lost by exclusion", votes(values, Number(lost.result[attribute])));
  }

  const cells = base?.aggregate?.cells ?? [];
  if (cells.length === 0) return findings;
  if (isResult) {
    findings.set(
      "nearest cell",
      values.map((value) => shareOf(cells[0], value)),
    );
    for (const sharpness of SHARPNESS) {
      findings.set(`cells vote, ${sharpness}`, weigh(cells, sharpness, values, shareOf));
    }
    return findings;
  }
  const guessed = guesses.map((answer) => answer?.aggregate?.cells ?? []);
  findings.set(
    "nearest cell's similarity",
    guessed.map(([cell]) => 10 * (cell?.similarity ?? 0)),
  );
  findings.set(
    "mean of the three nearest",
    guessed.map((list) => list.slice(0, 3).reduce((sum, cell) => sum + 10 * cell.similarity, 0)),
  );
  findings.set(
    "first to be found",
    first.map((answer) => firstSimilarity(answer)),
  );
  // A cohort's typical value: the one with which it is more similar than without any.
  for (const sharpness of SHARPNESS) {
    const support = guessed.map((list) =>
      cells.reduce((sum, cell) => {
        const same = list.find((each) => isSameCell(each, cell));
        const gains = same !== undefined && same.similarity > cell.similarity ? 1 : 0;
        return sum + gains * Math.exp(sharpness * (cell.similarity - 1));
      }, 0),
    );
    findings.set(`typical values vote, ${sharpness}`, logShares(support));
  }
  return findings;
}

function firstSimilarity(answer: Awaited<ReturnType<Ask>>): number {
  return 10 * (answer?.aggregate?.cells[0]?.similarity ?? 0);
}

/** Cohorts have no names: they are told apart by what else is known of them. */
function isSameCell(a: AggregateCell, b: AggregateCell): boolean {
  return (
    a.records === b.records &&
    JSON.stringify(a.result) === JSON.stringify(b.result) &&
    Math.abs(a.similarity - b.similarity) < 0.12
  );
}

function shareOf(cell: AggregateCell | undefined, value: number): number {
  if (cell?.result?.kind !== "shares") return 0;
  return cell.result.shares.find((each) => Number(each.value) === value)?.share ?? 0;
}

function weigh(
  cells: readonly AggregateCell[],
  sharpness: number,
  values: readonly number[],
  of: (cell: AggregateCell, value: number) => number,
): Evidence {
  const support = values.map((value) =>
    cells.reduce(
      (sum, cell) => sum + of(cell, value) * Math.exp(sharpness * (cell.similarity - 1)),
      0,
    ),
  );
  return logShares(support);
}

function logShares(support: readonly number[]): number[] {
  const total = support.reduce((sum, each) => sum + each, 0);
  return support.map((each) => Math.log((each + 1e-3 * total + 1e-9) / (total + 1e-9)));
}

function votes(values: readonly number[], found: number): number[] {
  return values.map((value) => (value === found ? 10 : 0));
}

function encode(profile: Profile): EncodedProfile {
  return encodeKnown(compiled, profile);
}
