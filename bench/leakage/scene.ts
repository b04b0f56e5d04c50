/** What is out in the mesh under a setting, and what an attacker has prepared of the people it knows. */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  domainUnder,
  policyOf,
  publish,
  type PrivacySetting,
  type PublishedEntry,
} from "../../client/cli/calibrate/privacy/index.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import { utf8Bytes, type CompiledDomain } from "../../protocol/index.ts";
import { compile, type Person, type Population } from "./people.ts";

export interface Entry {
  readonly signature: Uint8Array;
  readonly origin: string;
  /** Nobody behind a decoy. */
  readonly members: readonly Person[];
}

/** Of people that the attacker knows, published as origins publish theirs. */
export interface Simulated extends PublishedEntry {
  readonly people: readonly Person[];
}

export interface Scene {
  readonly compiled: CompiledDomain;
  readonly entries: readonly Entry[];
  readonly entryOf: ReadonlyMap<Person, Entry>;
  readonly simulated: readonly Simulated[];
  /** Published people that the attacks are tried on. */
  readonly victims: readonly Person[];
  readonly random: Random;
}

/** Enough for intervals of a few hundredths; the others' entries may be known to be theirs. */
const VICTIMS_MAX = 400;
/** Cohorts are few: the attacker forms its own several times, of as many people as an origin has. */
const COHORT_REPEATS = 4;

export async function setScene(
  population: Population,
  setting: PrivacySetting,
  seed: string,
): Promise<Scene> {
  const compiled = compile(population, domainUnder(population.domain, setting));
  const random = seededRandom(`leakage ${seed} ${population.name} ${setting.name}`);
  const policy = policyOf(compiled, setting.policy);
  const entries: Entry[] = [];
  for (const [origin, people] of byOrigin(population.published)) {
    for (const { signature, members } of await publish(
      compiled,
      people,
      policy,
      secretOf(origin),
    )) {
      entries.push({ signature, origin, members: peopleOf(people, members) });
    }
  }
  const simulated: Simulated[] = [];
  const sizes = byOrigin(population.published);
  const isCohorts = policy.minimumGroupSize > 1;
  for (let repeat = 0; repeat < (isCohorts ? COHORT_REPEATS : 1); repeat++) {
    for (const [origin, known] of byOrigin(population.known)) {
      const size = sizes.get(origin)?.length ?? known.length;
      const people = isCohorts ? draw(known, size, random) : known;
      const secret = secretOf(`attacker ${repeat} ${origin}`);
      // An attacker makes no decoys of its own.
      for (const entry of await publish(compiled, people, { ...policy, decoys: 0 }, secret)) {
        simulated.push({ ...entry, people: peopleOf(people, entry.members) });
      }
    }
  }
  const entryOf = new Map(
    entries.flatMap((entry) => entry.members.map((person) => [person, entry] as const)),
  );
  const victims = victimsOf(population, seed);
  return { compiled, entries, entryOf, simulated, victims, random };
}

/** The same under every setting. */
export function victimsOf({ published, name }: Population, seed: string): Person[] {
  return seededRandom(`leakage victims ${seed} ${name}`).sample([...published], VICTIMS_MAX);
}

/** With replacement, each by an id of its own. */
function draw(people: readonly Person[], size: number, random: Random): Person[] {
  return Array.from({ length: size }, (_, i) => {
    const person = random.pick(people);
    return { ...person, record: { ...person.record, id: `${person.record.id}/${i}` } };
  });
}

function peopleOf(people: readonly Person[], members: readonly number[]): Person[] {
  return members.flatMap((member) => people[member] ?? []);
}

function byOrigin(people: readonly Person[]): Map<string, Person[]> {
  return Map.groupBy(people, ({ origin }) => origin);
}

function secretOf(name: string): Uint8Array {
  return sha256(utf8Bytes(name));
}
