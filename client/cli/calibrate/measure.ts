/**
 * Measures settings on a sample, in process: how much of the exact ranking a lookup in the LSH forest finds, and
 * at what cost. Each record is an origin of its own, so that the forest has to find every single one.
 */
import { recallAt } from "../../../examples/evaluation.ts";
import {
  compileDomain,
  planRouting,
  querySettingsSchema,
  signatureOf,
  similarity,
  slotsOf,
  TreeIndex,
  treesOf,
  type CompiledDomain,
  type Domain,
  type EncodedProfile,
  type Ontology,
  type OntologyId,
} from "../../../protocol/index.ts";
import type { Settings } from "./settings.ts";

export const K = 10;
/** A query asks this many of the origins that the lookup finds; they rank exactly. */
const ASKED = querySettingsSchema.parse({}).maxOrigins;

export interface Trial {
  readonly settings: Settings;
  /** Mean recall@10 over the queries, and its standard error. */
  readonly recall: number;
  readonly standardError: number;
  /** Mean number of rows that a lookup compares with the query. */
  readonly rowsScanned: number;
  /** The same in bytes of signatures: what a lookup costs the shards. */
  readonly bytesCompared: number;
  /** The largest share of all rows that meet under one root key: what the busiest slot has to hold. */
  readonly busiestShare: number;
}

export interface Measured {
  readonly domain: Domain;
  readonly ontologies: ReadonlyMap<OntologyId, Ontology>;
  readonly profiles: readonly EncodedProfile[];
  /** Indices into `profiles`. */
  readonly queries: readonly number[];
}

/** Calls `onTrials` after each group of trials. */
export function measure(
  measured: Measured,
  settings: readonly Settings[],
  onTrials: (done: number) => void,
): Trial[] {
  const truth = exactRankings(measured);
  const trials: Trial[] = [];
  for (const sameSymbols of groupBy(settings, ({ symbols }) => symbols)) {
    const compiled = compileWith(measured, sameSymbols);
    const signatures = measured.profiles.map((profile) => signatureOf(compiled, profile));
    // Trees are independent of each other, so an index of the most trees serves for fewer.
    for (const group of groupBy(
      sameSymbols,
      (s) => `${s.rootDepth} ${s.candidates} ${s.branches}`,
    )) {
      const forest = growForest(compiled, group, signatures);
      for (const one of group) trials.push(tryOut(measured, truth, forest, one));
      onTrials(trials.length);
    }
  }
  return trials;
}

interface ExactRanking {
  /** Exact similarity to each profile. */
  readonly scores: Float64Array;
  /** The best `K` without the query itself. */
  readonly best: readonly number[];
}

/** Exact similarity does not depend on the signature settings. */
function exactRankings(measured: Measured): ExactRanking[] {
  const { profiles, queries } = measured;
  const compiled = compileWith(measured, [measured.domain.signature]);
  return queries.map((query) => {
    const asked = profiles[query] ?? [];
    const scores = Float64Array.from(
      profiles,
      (profile) => similarity(compiled, asked, profile).score,
    );
    const others = scores.filter((_, i) => i !== query);
    return { scores, best: [...others.toSorted().subarray(-K)] };
  });
}

/** One id, and so one key, for settings that differ only in how signatures are looked up. */
function compileWith({ domain, ontologies }: Measured, group: readonly Settings[]): CompiledDomain {
  const [first = domain.signature] = group;
  const trees = Math.max(...group.map((settings) => settings.trees));
  const compiled = compileDomain({ ...domain, signature: { ...first, trees } }, ontologies);
  if (!compiled.ok) throw new Error("the domain compiled before, but not with other settings");
  return compiled.value;
}

interface Forest {
  readonly index: TreeIndex;
  readonly signatures: readonly Uint8Array[];
  /** Per row, its root key's slot in each tree. */
  readonly slots: readonly (readonly (number | undefined)[])[];
}

function growForest(
  compiled: CompiledDomain,
  group: readonly Settings[],
  signatures: readonly Uint8Array[],
): Forest {
  const [first = compiled.domain.signature] = group;
  const { id, domain, plan: widest } = compiled;
  const plan = planRouting({ ...domain, signature: { ...first, trees: widest.trees } }, id);
  const index = new TreeIndex(plan);
  const slots = signatures.map((signature) => slotsOf(plan, signature));
  index.insert(
    signatures.map((signature, origin) => ({
      signature,
      origin,
      trees: treesOf(plan, signature),
    })),
  );
  return { index, signatures, slots };
}

function tryOut(
  { queries }: Measured,
  truth: readonly ExactRanking[],
  { index, signatures, slots }: Forest,
  settings: Settings,
): Trial {
  const recalls: number[] = [];
  let scanned = 0;
  for (const [i, query] of queries.entries()) {
    const signature = signatures[query] ?? new Uint8Array();
    const trees = treesOf(index.plan, signature).filter((tree) => tree < settings.trees);
    const found = index.lookup(signature, trees, {
      limit: ASKED,
      rowsPerOrigin: 1,
      isLive: (origin) => origin !== query,
    });
    const answered = found.origins.map(({ origin }) => truth[i]?.scores[origin] ?? 0);
    recalls.push(recallAt(K, answered, truth[i]?.best ?? []));
    scanned += found.scanned;
  }
  const recall = mean(recalls);
  const variance = mean(recalls.map((value) => (value - recall) ** 2));
  const rowsScanned = scanned / queries.length;
  return {
    settings,
    recall,
    standardError: Math.sqrt(variance / recalls.length),
    rowsScanned,
    bytesCompared: rowsScanned * settings.symbols,
    busiestShare: busiestShare(slots, settings.trees),
  };
}

function busiestShare(slots: Forest["slots"], trees: number): number {
  let most = 0;
  for (let tree = 0; tree < trees; tree++) {
    const rows = new Map<number, number>();
    for (const row of slots) {
      const slot = row[tree];
      if (slot === undefined) continue;
      const count = (rows.get(slot) ?? 0) + 1;
      rows.set(slot, count);
      most = Math.max(most, count);
    }
  }
  return most / Math.max(1, slots.length);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | number): T[][] {
  const groups = new Map<string | number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
}
