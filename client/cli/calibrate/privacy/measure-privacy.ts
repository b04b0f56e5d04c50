/**
 * The frontier of recall against leakage and cost: each privacy setting on a sample, as if one origin held most of it
 * and an attacker who can compute signatures knew the rest. Each entry is an origin of its own to the lookup.
 */
import { recallAt } from "../../../../examples/evaluation.ts";
import {
  compileDomain,
  querySettingsSchema,
  signatureOf,
  similarity,
  TreeIndex,
  treesOf,
  type CompiledDomain,
  type Domain,
  type Ontology,
  type OntologyId,
} from "../../../../protocol/index.ts";
import { deriveAttributes } from "./attributes.ts";
import { enumerationAttack } from "./enumeration.ts";
import { policyOf, publish, type HeldRecord, type PublishedEntry } from "./publish.ts";
import { domainUnder, SINGLE_RECORDS, type PrivacySetting } from "./settings.ts";

const K = 10;
/** A query asks those behind so many entries. */
const ASKED = querySettingsSchema.parse({}).maxOrigins;
/** Records that the attack is tried on; the interval of an accuracy is then a few hundredths. */
const VICTIMS_MAX = 400;
/** Any 32 bytes: noise and decoys of a measurement are nobody's secret. */
const SECRET = new Uint8Array(32).fill(7);

export interface PrivacyTrial {
  readonly setting: PrivacySetting;
  readonly entries: number;
  /** Mean recall@10 of the queries. */
  readonly recall: number;
  /** Mean number of records behind the entries that a query asks. */
  readonly recordsAsked: number;
  readonly rowsScanned: number;
  /**
   * Accuracy of guessing an attribute of a record from its entry less that of guessing without, mean over attributes,
   * by whoever can compute signatures.
   */
  readonly advantage: number;
}

export interface PrivacySample {
  readonly domain: Domain;
  readonly ontologies: ReadonlyMap<OntologyId, Ontology>;
  /** Published. */
  readonly held: readonly HeldRecord[];
  /** Known to the attacker. */
  readonly known: readonly HeldRecord[];
  /** Some of the known, to look for what is like them. */
  readonly queries: readonly HeldRecord[];
}

export async function measurePrivacy(
  sample: PrivacySample,
  settings: readonly PrivacySetting[],
  onTrials: (done: number) => void,
): Promise<PrivacyTrial[]> {
  const truth = exactScores(sample);
  const trials: PrivacyTrial[] = [];
  for (const setting of settings) {
    const compiled = compile(sample, domainUnder(sample.domain, setting));
    const entries = await publish(
      compiled,
      sample.held,
      policyOf(compiled, setting.policy),
      SECRET,
    );
    trials.push({
      setting,
      entries: entries.length,
      ...findability(compiled, sample, entries, truth),
      advantage: advantageFrom(compiled, sample, entries),
    });
    onTrials(trials.length);
  }
  return trials;
}

/** The least telling setting that costs at most `loss` of the recall of single records; single records where none does. */
export function proposePrivacy(
  trials: readonly PrivacyTrial[],
  loss: number,
): PrivacyTrial | undefined {
  const single = trials.find(({ setting }) => setting === SINGLE_RECORDS);
  if (!single) return undefined;
  return trials
    .filter(({ recall }) => recall >= single.recall - loss)
    .toSorted((a, b) => a.advantage - b.advantage || a.recordsAsked - b.recordsAsked)[0];
}

function compile({ ontologies }: PrivacySample, domain: Domain): CompiledDomain {
  const compiled = compileDomain(domain, ontologies);
  if (!compiled.ok) throw new Error("the domain compiled before, but not with other settings");
  return compiled.value;
}

/** By query, the exact similarity to each held record: the same under every setting. */
function exactScores(sample: PrivacySample): Float64Array[] {
  const compiled = compile(sample, sample.domain);
  return sample.queries.map((query) =>
    Float64Array.from(
      sample.held,
      ({ profile }) => similarity(compiled, query.profile, profile).score,
    ),
  );
}

function findability(
  compiled: CompiledDomain,
  { queries }: PrivacySample,
  entries: readonly PublishedEntry[],
  truth: readonly Float64Array[],
): Pick<PrivacyTrial, "recall" | "recordsAsked" | "rowsScanned"> {
  const index = new TreeIndex(compiled.plan);
  index.insert(
    entries.map(({ signature }, origin) => ({
      signature,
      origin,
      trees: treesOf(compiled.plan, signature),
    })),
  );
  let recall = 0;
  let recordsAsked = 0;
  let rowsScanned = 0;
  for (const [i, query] of queries.entries()) {
    const scores = truth[i] ?? new Float64Array();
    const signature = signatureOf(compiled, query.profile);
    const found = index.lookup(signature, treesOf(compiled.plan, signature), {
      limit: ASKED,
      rowsPerOrigin: 1,
      isLive: () => true,
    });
    const asked = found.origins.flatMap(({ origin }) => entries[origin]?.members ?? []);
    const best = [...scores.toSorted().subarray(-K)];
    recall += recallAt(
      K,
      asked.map((member) => scores[member] ?? 0),
      best,
    );
    recordsAsked += asked.length;
    rowsScanned += found.scanned;
  }
  const count = Math.max(1, queries.length);
  return {
    recall: recall / count,
    recordsAsked: recordsAsked / count,
    rowsScanned: rowsScanned / count,
  };
}

function advantageFrom(
  compiled: CompiledDomain,
  { held, known }: PrivacySample,
  entries: readonly PublishedEntry[],
): number {
  const profiles = known.map(({ profile }) => profile);
  const entryOf = new Map(
    entries.flatMap((entry) => entry.members.map((member) => [member, entry] as const)),
  );
  const gains = deriveAttributes(compiled, profiles).map((attribute) => {
    const classesOf = (list: readonly HeldRecord[]): (number | undefined)[] =>
      list.map(({ profile }) => {
        const value = profile[attribute.feature];
        return value === undefined ? undefined : attribute.classOf(value);
      });
    const common = commonest(classesOf(known), attribute.classes);
    const attack = enumerationAttack(compiled, attribute, profiles);
    let victims = 0;
    let gain = 0;
    for (const [member, truth] of classesOf(held.slice(0, VICTIMS_MAX)).entries()) {
      if (truth === undefined) continue;
      const entry = entryOf.get(member);
      const chances = entry ? attack(entry.signature) : undefined;
      const guess = chances ? chances.indexOf(Math.max(...chances)) : common;
      victims += 1;
      gain += Number(guess === truth) - Number(common === truth);
    }
    return gain / Math.max(1, victims);
  });
  return gains.reduce((sum, gain) => sum + gain, 0) / Math.max(1, gains.length);
}

function commonest(classes: readonly (number | undefined)[], count: number): number {
  const counts = Array.from({ length: count }, (_, v) => classes.filter((c) => c === v).length);
  return counts.indexOf(Math.max(...counts));
}
