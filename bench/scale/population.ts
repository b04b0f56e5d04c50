/**
 * Cases of rare conditions, as many as wanted, none of them held: each follows from its number. Conditions come in
 * groups of like ones (an organ system); a case has most of its condition's findings, some of the group's, and some
 * that anyone may have. The constants are fitted: 6,843 of these are about as alike as the 6,843 patients of the
 * rare-disease data with three terms or more (docs/benchmarks.md has both).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  compileDomain,
  domainSchema,
  utf8Bytes,
  type CompiledDomain,
} from "../../protocol/index.ts";
import { draw, Draws } from "./draws.ts";

const CASES_PER_CONDITION = 20;
const CONDITIONS_PER_GROUP = 17;
/** Groups of as many records as the rare-disease data have. */
const GROUPS = 20;

/** As many as the Human Phenotype Ontology has terms. */
const GROUP_FINDINGS_ALL = 20_000;
const GROUP_FINDINGS = 60;
const COMMON_FINDINGS = 50;
export const FINDINGS = GROUP_FINDINGS_ALL + COMMON_FINDINGS;

/** Findings of a condition, before what is drawn twice falls out. */
const CORE = 22;
const CORE_KEPT = 0.66;
const OF_GROUP = 4;
const OF_ANYONE = 8;
/** The most findings that a profile has. */
export const PROFILE_MAX = CORE + OF_GROUP + OF_ANYONE;
/** The k-th finding of a vocabulary, from 1 on, is drawn in proportion to k ** -skew. */
const GROUP_SKEW = 0.9;
const COMMON_SKEW = 0.3;
/** Cumulative shares are read from a table of so many equal steps. */
const TABLE_BITS = 12;

/**
 * What more records are. `rare`: other groups of conditions, so that a query has the same few similar cases, and all
 * that is new is unlike it. `crowded`: more conditions in the same groups, so that ever more cases are ever more alike.
 */
export type Growth = "rare" | "crowded";

export interface PopulationOptions {
  readonly records: number;
  readonly growth: Growth;
  readonly seed: string;
}

export class Population {
  readonly records: number;
  readonly #conditions: number;
  readonly #groups: number;
  readonly #groupSeed: number;
  readonly #conditionSeed: number;
  readonly #caseSeed: number;
  readonly #organisationSeed: number;
  readonly #ofGroup = zipfTable(GROUP_FINDINGS, GROUP_SKEW);
  readonly #ofAnyone = zipfTable(COMMON_FINDINGS, COMMON_SKEW);
  readonly #conditionDraws = new Draws();
  readonly #draws = new Draws();
  /** Which profile last had the finding, so that none has it twice. */
  readonly #last = new Float64Array(FINDINGS);
  #profiles = 0;

  constructor({ records, growth, seed }: PopulationOptions) {
    this.records = records;
    this.#conditions = Math.max(1, Math.round(records / CASES_PER_CONDITION));
    this.#groups =
      growth === "rare" ? Math.max(1, Math.round(this.#conditions / CONDITIONS_PER_GROUP)) : GROUPS;
    const seeds = new DataView(sha256(utf8Bytes(`population ${seed}`)).buffer);
    this.#groupSeed = seeds.getUint32(0);
    this.#conditionSeed = seeds.getUint32(4);
    this.#caseSeed = seeds.getUint32(8);
    this.#organisationSeed = seeds.getUint32(12);
  }

  /**
   * Writes the findings of case `number`, each once, to `out`; returns how many there are. Numbers from `records` on
   * are cases that no organisation holds, one of each condition: who asks has one.
   */
  profile(number: number, out: Uint16Array): number {
    const condition =
      number < this.records
        ? Math.floor((number * this.#conditions) / this.records)
        : number - this.records;
    const group = Math.floor((condition * this.#groups) / this.#conditions);
    const conditionDraws = this.#conditionDraws;
    const draws = this.#draws;
    conditionDraws.start(this.#conditionSeed, condition);
    draws.start(this.#caseSeed, number);
    this.#profiles += 1;
    let size = 0;
    const add = (finding: number): void => {
      if (this.#last[finding] === this.#profiles) return;
      this.#last[finding] = this.#profiles;
      out[size++] = finding;
    };
    for (let i = 0; i < CORE; i++) {
      const finding = this.#groupFinding(group, conditionDraws);
      if (draws.chance(CORE_KEPT)) add(finding);
    }
    for (let i = 0; i < OF_GROUP; i++) add(this.#groupFinding(group, draws));
    for (let i = 0; i < OF_ANYONE; i++) add(GROUP_FINDINGS_ALL + draws.pick(this.#ofAnyone));
    return size;
  }

  /** The case that query `i` of `queries` has: of conditions spread evenly over all. */
  queryNumber(i: number, queries: number): number {
    return this.records + Math.floor(((i + 0.5) * this.#conditions) / queries);
  }

  /** Whose record `number` is, of 0..organisations-1: at random, whatever its condition. */
  organisation(number: number, organisations: number): number {
    this.#draws.start(this.#organisationSeed, number);
    return this.#draws.below(organisations);
  }

  /** A group's vocabulary is drawn from that of all groups. */
  #groupFinding(group: number, draws: Draws): number {
    const term = draws.pick(this.#ofGroup);
    return draw(this.#groupSeed, group * GROUP_FINDINGS + term, GROUP_FINDINGS_ALL);
  }
}

function zipfTable(size: number, skew: number): Uint16Array {
  const weights = Array.from({ length: size }, (_, k) => (k + 1) ** -skew);
  const total = weights.reduce((a, b) => a + b, 0);
  const table = new Uint16Array(2 ** TABLE_BITS);
  let finding = 0;
  let reached = weights[0] ?? 0;
  for (let i = 0; i < table.length; i++) {
    while (finding < size - 1 && ((i + 0.5) / table.length) * total > reached) {
      finding += 1;
      reached += weights[finding] ?? 0;
    }
    table[i] = finding;
  }
  return table;
}

/** The name of a finding in a profile. */
export function findingName(finding: number): string {
  return `finding-${finding}`;
}

/** As the rare-disease example has it. */
export const TREES = 24;
/** Of each tree; a setting may read fewer. */
export const BRANCHES = 16;

/** The domain of these cases: sets of findings, compared by Jaccard. */
export function scaleDomain(): CompiledDomain {
  const compiled = compileDomain(
    domainSchema.parse({
      outcomeMesh: 1,
      name: "scale",
      title: "Made-up cases, to measure how a mesh scales",
      features: [{ name: "findings", kind: "set", weight: 1 }],
      intervention: [{ name: "therapy", kind: "categorical" }],
      result: [{ name: "improved", kind: "binary", better: true }],
      signature: { symbols: 256, trees: TREES, rootDepth: 1, candidates: 50, branches: BRANCHES },
    }),
  );
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("; "));
  return compiled.value;
}
