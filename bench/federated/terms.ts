/**
 * Part `terms`: rare-disease queries as busy people write them. Terms are dropped, or a parent stands in place of a
 * term; exact search over all patients of other publications then shows how much of the undisturbed answer is left,
 * and how often the diagnosis is still found.
 */
import { z } from "zod";
import { seededRandom, type Random } from "../../examples/random.ts";
import {
  encodeProfile,
  estimate,
  signatureOf,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
  type Ontology,
  type Profile,
} from "../../protocol/index.ts";
import { interval95, mean, resample, type Interval } from "../suite/bootstrap.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { readPatients, termsOf, type Patient } from "../suite/patients.ts";
import { nearest } from "./neighbours.ts";

const QUERIES = 200;
const K = 10;
/** Enough neighbours that ten distinct diagnoses are among them, or nearly always. */
const NEIGHBOURS = 200;
const DRAWS = 1000;
/** As many origins as a query asks at most by goal 1 of the routing benchmarks; an origin is a publication. */
const ORIGINS = 32;

/** Each term is dropped, else replaced by a parent, with these chances. */
interface Disturbance {
  readonly name: string;
  readonly drop: number;
  readonly imprecise: number;
}

const DISTURBANCES: readonly Disturbance[] = [
  { name: "undisturbed", drop: 0, imprecise: 0 },
  { name: "a quarter of terms dropped", drop: 0.25, imprecise: 0 },
  { name: "half of terms dropped", drop: 0.5, imprecise: 0 },
  { name: "a quarter of terms imprecise", drop: 0, imprecise: 0.25 },
  { name: "half of terms imprecise", drop: 0, imprecise: 0.5 },
  { name: "a quarter dropped, a quarter imprecise", drop: 0.25, imprecise: 0.25 },
];

const MEASURES = ["kept", "routed", "top1", "top10"] as const;
const cellSchema = z.array(z.record(z.enum(MEASURES), z.number()));
type Judged = z.infer<typeof cellSchema>[number];

interface Asker extends Patient {
  readonly signature: Uint8Array;
  readonly diagnosis: string | undefined;
}

export async function disturbTerms({
  data,
  cells,
  progress,
  seed,
}: BenchContext): Promise<PartReport> {
  progress.report("reading patients", 0, 1);
  const { compiled, ontology, digest, patients: read } = await readPatients(data);
  const patients = read.map((patient) => readPatient(patient, compiled));
  const askers = chooseAskers(patients, seededRandom(`terms ${seed}`));
  const truths = new Map<Asker, ReadonlySet<number>>();
  const results: (Disturbance & Summary)[] = [];
  for (const disturbance of DISTURBANCES) {
    const key = { cell: "terms", data: digest, seed, queries: QUERIES, disturbance };
    const perQuery = await cells.get(key, cellSchema, () => {
      const random = seededRandom(JSON.stringify(key));
      return askers.map((asker, i) => {
        progress.report(disturbance.name, i + 1, askers.length);
        const truth =
          truths.get(asker) ?? new Set(rank(asker, asker.profile, patients, compiled).slice(0, K));
        truths.set(asker, truth);
        const disturbed = disturb(asker.raw, disturbance, ontology, random);
        return judge(asker, encode(disturbed, compiled), truth, patients, compiled);
      });
    });
    results.push({
      ...disturbance,
      ...summarize(perQuery, seededRandom(`terms intervals ${seed}`)),
    });
  }
  return {
    figures: results,
    tables: [
      {
        title: `Rare disease with dropped and imprecise terms: ${askers.length} queries over ${patients.length} patients`,
        headers: ["query", "answer kept", "recall@10", "disease top-1", "disease top-10"],
        rows: results.map((result) => [
          result.name,
          ...MEASURES.map((which) => formatEstimate(result[which])),
        ]),
        notes: [
          "Answer kept: share of the undisturbed query's ten nearest that are still among the ten nearest, by exact search. recall@10: share of the query's own ten nearest that lie at the 32 publications whose best signature is most like the query's.",
          "Own publication left out; queries are of diseases that another publication has. Intervals by bootstrap over queries.",
        ],
      },
    ],
    plots: [],
  };
}

function readPatient(read: Patient, compiled: CompiledDomain): Asker {
  const diagnosis = z.string().optional().parse(read.intervention["diagnosis"]);
  return { ...read, signature: signatureOf(compiled, read.profile), diagnosis };
}

function encode(profile: Profile, compiled: CompiledDomain): EncodedProfile {
  const encoded = encodeProfile(compiled, profile);
  if (!encoded.ok) throw new Error("a disturbed patient does not fit the domain");
  return encoded.value.values;
}

/** Patients with three terms or more whose disease another publication has too. */
function chooseAskers(patients: readonly Asker[], random: Random): Asker[] {
  const groupsOf = new Map<string, Set<string>>();
  for (const { diagnosis, group } of patients) {
    if (diagnosis === undefined) continue;
    groupsOf.set(diagnosis, (groupsOf.get(diagnosis) ?? new Set()).add(group));
  }
  const able = patients.filter(
    ({ diagnosis, raw }) =>
      diagnosis !== undefined &&
      (groupsOf.get(diagnosis)?.size ?? 0) > 1 &&
      termsOf(raw).length >= 3,
  );
  return random.sample(able, QUERIES);
}

/** At least one term is left. */
export function disturb(
  profile: Profile,
  { drop, imprecise }: Pick<Disturbance, "drop" | "imprecise">,
  ontology: Ontology,
  random: Random,
): Profile {
  const terms = termsOf(profile);
  const kept = terms.filter(() => random.unit() >= drop);
  const left = kept.length > 0 ? kept : random.sample(terms, 1);
  const phenotypes = left.map((term) =>
    random.unit() < imprecise ? (parentOf(term, ontology) ?? term) : term,
  );
  return { ...profile, phenotypes: [...new Set(phenotypes)] };
}

/** The most specific ancestor, which is a parent; undefined for terms below those that say nothing. */
function parentOf(term: string, ontology: Ontology): string | undefined {
  const index = ontology.indexOf(term);
  if (index === undefined) return undefined;
  const content = (ancestor: number): number => ontology.informationContent[ancestor] ?? 0;
  const [parent] = [...ontology.closureOf([index])]
    .filter((ancestor) => ancestor !== index)
    .toSorted((a, b) => content(b) - content(a) || a - b);
  return parent === undefined ? undefined : ontology.terms[parent];
}

function rank(
  asker: Asker,
  profile: EncodedProfile,
  patients: readonly Asker[],
  compiled: CompiledDomain,
): number[] {
  const scores = Float64Array.from(patients, (patient) =>
    patient.group === asker.group ? -1 : similarity(compiled, profile, patient.profile).score,
  );
  return nearest(scores, NEIGHBOURS, (i) => patients[i]?.group !== asker.group);
}

function judge(
  asker: Asker,
  profile: EncodedProfile,
  truth: ReadonlySet<number>,
  patients: readonly Asker[],
  compiled: CompiledDomain,
): Judged {
  const ranked = rank(asker, profile, patients, compiled);
  const best = ranked.slice(0, K);
  const asked = route(asker, profile, patients, compiled);
  const diagnoses = [...new Set(ranked.flatMap((i) => patients[i]?.diagnosis ?? []))];
  const place = diagnoses.indexOf(asker.diagnosis ?? "");
  return {
    kept: best.filter((i) => truth.has(i)).length / K,
    routed: best.filter((i) => asked.has(patients[i]?.group ?? "")).length / K,
    top1: place === 0 ? 1 : 0,
    top10: place >= 0 && place < 10 ? 1 : 0,
  };
}

/** The origins whose best signature is most like the query's. */
function route(
  asker: Asker,
  profile: EncodedProfile,
  patients: readonly Asker[],
  compiled: CompiledDomain,
): ReadonlySet<string> {
  const query = signatureOf(compiled, profile);
  const best = new Map<string, number>();
  for (const { group, signature } of patients) {
    if (group === asker.group) continue;
    const score = estimate(compiled.plan, query, signature);
    best.set(group, Math.max(best.get(group) ?? -Infinity, score));
  }
  const sorted = [...best].toSorted(([, a], [, b]) => b - a);
  return new Set(sorted.slice(0, ORIGINS).map(([group]) => group));
}

type Estimate = Interval & { readonly value: number };
type Summary = Readonly<Record<keyof Judged, Estimate>>;

function summarize(perQuery: readonly Judged[], random: Random): Summary {
  const all = [...perQuery.keys()];
  const draws = Array.from({ length: DRAWS }, () => resample([all], random));
  const of = (which: keyof Judged): Estimate => ({
    value: mean(perQuery.map((each) => each[which])),
    ...interval95(draws.map((draw) => mean(draw.map((i) => perQuery[i]?.[which] ?? 0)))),
  });
  return { kept: of("kept"), routed: of("routed"), top1: of("top1"), top10: of("top10") };
}

function formatEstimate({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
