/**
 * One pass over a population for a few queries: the exact answers, how similar everything else is, and the records
 * that lookups can come to. Nothing is held of a record that no query has to do with.
 */
import type { CompiledDomain } from "../../protocol/index.ts";
import { TreeWindows } from "./path-window.ts";
import { PROFILE_MAX, type Population } from "./population.ts";
import { SignatureWriter } from "./signatures.ts";
import { Similarities, type Neighbour } from "./truth.ts";

export interface SurveyOptions {
  readonly compiled: CompiledDomain;
  readonly population: Population;
  readonly queries: number;
  /** How similar answers are to be told: to the k-th. */
  readonly k: number;
  /** The most candidates of a branch that lookups will want. */
  readonly candidates: number;
  readonly progress: (done: number) => void;
}

export interface SurveyedQuery {
  readonly signature: Uint8Array;
  /** The k most similar records, most similar first, and those that equal the last. */
  readonly nearest: readonly Neighbour[];
  /** Records by similarity. */
  readonly counts: Uint32Array;
  /** Of each tree and branch, the records that a lookup comes to, in its order: some more than the most candidates. */
  readonly paths: readonly (readonly Uint32Array[])[];
}

/** Records are skipped where one organisation has more than its share of a branch's candidates: room for that. */
export const MARGIN = 1.1;
const PROGRESS_EVERY = 50_000;

export function surveyPopulation(options: SurveyOptions): SurveyedQuery[] {
  const { compiled, population, candidates } = options;
  const { plan } = compiled;
  const signatures = new SignatureWriter(compiled);
  const profile = new Uint16Array(PROFILE_MAX);
  const queries = Array.from({ length: options.queries }, (_, i) => {
    const number = population.queryNumber(i, options.queries);
    const signature = new Uint8Array(plan.symbols);
    const size = population.profile(number, profile);
    signatures.write(profile, size, signature);
    return { signature, findings: profile.slice(0, size) };
  });
  const keep = Math.ceil(candidates * MARGIN);
  const trees = plan.branches.map(
    (branches) =>
      new TreeWindows(
        branches,
        queries.map((query) => query.signature),
        plan.rootDepth,
        keep,
      ),
  );
  const similarities = new Similarities(
    queries.map(({ findings }) => findings),
    options.k,
  );
  const signature = new Uint8Array(plan.symbols);
  for (let record = 0; record < population.records; record++) {
    if (record % PROGRESS_EVERY === 0) options.progress(record);
    const size = population.profile(record, profile);
    similarities.offer(record, profile, size);
    signatures.write(profile, size, signature);
    for (let tree = 0; tree < trees.length; tree++) trees[tree]?.offer(signature, record);
  }
  return queries.map(({ signature: own }, i) => ({
    signature: own,
    ...similarities.of(i),
    paths: trees.map(({ windows }) => (windows[i] ?? []).map((window) => window.nearest(keep))),
  }));
}
