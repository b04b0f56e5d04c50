/**
 * Whom the attacks are on: people whose records origins hold and publish, others of the same population whom the
 * attacker knows, and others still, whom no origin holds.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  deriveAttributes,
  type Attribute,
  type HeldRecord,
} from "../../client/cli/calibrate/privacy/index.ts";
import { readHeartDisease } from "../../examples/heart-disease.ts";
import { seededRandom } from "../../examples/random.ts";
import { readRareDisease } from "../../examples/rare-disease.ts";
import {
  checkRecord,
  compileDomain,
  decodeOntology,
  type CompiledDomain,
  type Domain,
  type Ontology,
  type OntologyId,
} from "../../protocol/index.ts";

export interface Person extends HeldRecord {
  /** Where the record is, or would be. */
  readonly origin: string;
}

/** An attribute that the attacker is after; also one that no feature tells, such as the result. */
export interface Target {
  readonly name: string;
  readonly classes: number;
  /** Of the feature that tells it. */
  readonly attribute?: Attribute;
  /** Undefined where the person's record does not say. */
  readonly classOf: (person: HeldRecord) => number | undefined;
}

export interface Population {
  readonly name: string;
  readonly domain: Domain;
  readonly ontologies: ReadonlyMap<OntologyId, Ontology>;
  readonly published: readonly Person[];
  readonly known: readonly Person[];
  readonly others: readonly Person[];
  readonly targets: readonly Target[];
  /** A query is not answered with its own origin's records. */
  readonly excludesOwn: boolean;
  /** SHA-256 of the data. */
  readonly digest: string;
}

/** Under the population's domain, or what a setting makes of it. */
export function compile(
  { ontologies }: Pick<Population, "ontologies">,
  domain: Domain,
): CompiledDomain {
  const compiled = compileDomain(domain, ontologies);
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("; "));
  return compiled.value;
}

/** Published: the training rows of the four hospitals. The attacker knows every second test row. */
export async function readHearts(data: string): Promise<Population> {
  const file = join(data, "heart-disease", "records.ndjson");
  const { domain, rows } = await readHeartDisease(file);
  const compiled = compile({ ontologies: new Map() }, domain);
  const people = rows.map((row, i) => ({
    split: row.split,
    person: toPerson(compiled, row.centre, {
      id: `row-${i}`,
      profile: row.profile,
      intervention: { procedure: "angiography" },
      result: { disease: row.disease === 1 },
    }),
  }));
  const of = (split: string): Person[] =>
    people.filter((each) => each.split === split).map(({ person }) => person);
  const test = of("test");
  const known = test.filter((_, i) => i % 2 === 0);
  return {
    name: "heart disease",
    domain,
    ontologies: new Map(),
    published: of("train"),
    known,
    others: test.filter((_, i) => i % 2 === 1),
    targets: [
      ...featureTargets(compiled, known),
      { name: "disease", classes: 2, classOf: ({ record }) => Number(record.result["disease"]) },
    ],
    excludesOwn: false,
    digest: await digestOf(file),
  };
}

/** Share of publications whose patients the attacker knows and no origin holds. */
const KNOWN_PUBLICATIONS = 1 / 4;
/** Of the other publications' patients, so many are in no origin. */
const OTHERS_SHARE = 1 / 5;
/** Diagnoses that are told apart; all others are one class. */
const DIAGNOSES = 8;

/** Publications as origins. A patient is an individual, whichever publication tells of it. */
export async function readPatients(data: string, seed: string): Promise<Population> {
  const file = join(data, "rare-disease", "phenopackets.ndjson.gz");
  const ontologyFile = join(data, "hpo", "hp.json.gz");
  const example = await readRareDisease({
    data: file,
    ontology: ontologyFile,
    organisations: 1,
    queries: 0,
    seed,
  });
  const ontologies = new Map(example.ontologies.map(decodeOntology).map((each) => [each.id, each]));
  const compiled = compile({ ontologies }, example.domain);
  const people = example.organisations
    .flatMap(({ records }) => records)
    .map((raw) => toPerson(compiled, undefined, raw));
  const random = seededRandom(`leakage people ${seed}`);
  const publications = [...new Set(people.map(({ origin }) => origin))];
  const knownOnes = new Set(
    random.sample(publications, Math.round(KNOWN_PUBLICATIONS * publications.length)),
  );
  const known = people.filter(({ origin }) => knownOnes.has(origin));
  const rest = people.filter(({ origin }) => !knownOnes.has(origin));
  const left = new Set(random.sample([...rest.keys()], Math.round(OTHERS_SHARE * rest.length)));
  return {
    name: "rare disease",
    domain: example.domain,
    ontologies,
    published: rest.filter((_, i) => !left.has(i)),
    known,
    others: rest.filter((_, i) => left.has(i)),
    targets: [...featureTargets(compiled, known), diagnosisTarget(known)],
    excludesOwn: true,
    digest: `${await digestOf(file)} ${await digestOf(ontologyFile)}`,
  };
}

function diagnosisOf({ record }: HeldRecord): string {
  return String(record.intervention["diagnosis"]);
}

function diagnosisTarget(known: readonly Person[]): Target {
  const common = [...Map.groupBy(known, diagnosisOf)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, DIAGNOSES)
    .map(([diagnosis]) => diagnosis);
  const places = new Map(common.map((diagnosis, i) => [diagnosis, i]));
  return {
    name: "diagnosis",
    classes: DIAGNOSES + 1,
    classOf: (person) => places.get(diagnosisOf(person)) ?? DIAGNOSES,
  };
}

/** `origin` undefined: the record's group, which is then no individual's. */
function toPerson(compiled: CompiledDomain, origin: string | undefined, raw: unknown): Person {
  const checked = checkRecord(compiled, raw);
  if (!checked.ok) throw new Error(checked.error.map(({ message }) => message).join("; "));
  const { record, profile } = checked.value;
  const { group, ...individual } = record;
  return { record: individual, profile: profile.values, origin: origin ?? group ?? "" };
}

export function featureTargets(compiled: CompiledDomain, known: readonly Person[]): Target[] {
  const profiles = known.map(({ profile }) => profile);
  return deriveAttributes(compiled, profiles).map((attribute) => ({
    name: attribute.name,
    classes: attribute.classes,
    attribute,
    classOf: ({ profile }) => {
      const value = profile[attribute.feature];
      return value === undefined ? undefined : attribute.classOf(value);
    },
  }));
}

async function digestOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("base64url");
}
