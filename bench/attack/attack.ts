/**
 * How often the attacker is right, by attribute: with the guard, without it, and by the population alone. It tunes
 * itself (which strategy, and how much it is worth beside the prior) on half of its targets, whose attribute it is told;
 * what counts is the other half.
 */
import { encodePeople, investigate, priorOf, type Evidence, type Findings } from "./attacker.ts";
import { openOrigin } from "./origin.ts";
import { valueOf, type Attribute, type Person, type Population } from "./people.ts";

export interface AttackReport {
  readonly attribute: Attribute;
  readonly targets: number;
  /** Share of targets of which the population alone tells the attribute. */
  readonly prior: number;
  readonly guarded: Success;
  readonly unguarded: Success;
}

export interface Success {
  readonly success: number;
  /** The strategy that served best on the targets that it was tuned on. */
  readonly strategy: string;
}

/** What evidence is worth beside the logarithm of the prior. */
const WORTHS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 1000] as const;
/** Without the guard nearly every target is lost, at every origin: so many show it. */
const UNGUARDED_TARGETS = 60;
/** What the attacker falls back on where nothing that it is told helps. */
const NONE = "the prior alone";

interface Case {
  readonly truth: number;
  readonly prior: Evidence;
  readonly findings: Findings;
}

export async function attack(
  population: Population,
  attribute: Attribute,
  targetsMax: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<AttackReport> {
  const people = population.origins.flat();
  const values = [...new Set(people.map((person) => valueOf(person, attribute)))].toSorted(
    (a, b) => a - b,
  );
  const known = encodePeople(population.known.length > 0 ? population.known : people);
  const cases: Record<"guarded" | "unguarded", Case[]> = { guarded: [], unguarded: [] };
  const policies = {
    // The default, but for the quota: the guard holds however often is asked.
    guarded: { queriesPerDay: 100_000_000 },
    unguarded: { minimumGroupSize: 1, allowExclusion: true, queriesPerDay: 100_000_000 },
  };
  const share = Math.ceil(targetsMax / population.origins.length);
  for (const held of population.origins) {
    const targets = everyNth(held, share);
    const priors = targets.map(({ person }) => priorOf(person, attribute, values, known));
    for (const kind of ["guarded", "unguarded"] as const) {
      const origin = await openOrigin(held, policies[kind]);
      try {
        const attacked = kind === "guarded" ? targets : targets.slice(0, UNGUARDED_TARGETS);
        for (const [i, { person, index }] of attacked.entries()) {
          const group = `person-${index}`;
          cases[kind].push({
            truth: values.indexOf(valueOf(person, attribute)),
            prior: priors[i] ?? [],
            findings: await investigate(origin.ask, person, group, attribute, values),
          });
          onProgress(1);
        }
      } finally {
        await origin.close();
      }
    }
  }
  const { scored } = halves(cases.guarded);
  return {
    attribute,
    targets: scored.length,
    prior: successOf(scored, NONE, 0),
    guarded: tunedSuccess(cases.guarded),
    unguarded: tunedSuccess(cases.unguarded),
  };
}

function everyNth(
  people: readonly Person[],
  count: number,
): { readonly person: Person; readonly index: number }[] {
  const step = Math.max(1, people.length / count);
  return people
    .map((person, index) => ({ person, index }))
    .filter(({ index }) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

function halves(cases: readonly Case[]) {
  return {
    tuned: cases.filter((_, i) => i % 2 === 0),
    scored: cases.filter((_, i) => i % 2 === 1),
  };
}

function tunedSuccess(cases: readonly Case[]): Success {
  const { tuned, scored } = halves(cases);
  const strategies = new Set(cases.flatMap(({ findings }) => [...findings.keys()]));
  let best = { strategy: NONE, worth: 0, success: successOf(tuned, NONE, 0) };
  for (const strategy of strategies) {
    for (const worth of WORTHS) {
      const success = successOf(tuned, strategy, worth);
      if (success > best.success) best = { strategy, worth, success };
    }
  }
  return { strategy: best.strategy, success: successOf(scored, best.strategy, best.worth) };
}

function successOf(cases: readonly Case[], strategy: string, worth: number): number {
  const right = cases.filter(({ truth, prior, findings }) => {
    const evidence = findings.get(strategy);
    const scores = prior.map((chance, i) => Math.log(chance) + worth * (evidence?.[i] ?? 0));
    return scores.indexOf(Math.max(...scores)) === truth;
  });
  return cases.length === 0 ? 0 : right.length / cases.length;
}
