/**
 * What theory expects of an LSH Forest, from the similarities alone: a record of similarity s shares d symbols of a
 * tree's path with probability s^d, whichever tree.
 */
import { SYMBOL_VALUES } from "../../protocol/index.ts";

/** How many records have which similarity to a query; index i stands for (i + 1/2) / length. */
export type SimilarityCounts = Uint32Array;

/** The probability that one symbol agrees: the kernel, and chance matches of different values. */
export function agreement(similarity: number): number {
  return similarity + (1 - similarity) / SYMBOL_VALUES;
}

/**
 * The exponent with which the trees needed grow with records (Indyk & Motwani 1998): ln(1/p1) / ln(1/p2) for the
 * agreement with what is to be found and with everything else.
 */
export function rho(similarity: number, other: number): number {
  return Math.log(agreement(similarity)) / Math.log(agreement(other));
}

/**
 * How deep a path is on average where its subtree holds `candidates` records: the d, not a whole number, at which
 * that many are expected. `rootDepth` at least, as a lookup does not go further up.
 */
export function expectedDepth(
  counts: SimilarityCounts,
  candidates: number,
  rootDepth: number,
): number {
  const held = (depth: number): number =>
    counts.reduce(
      (sum, count, i) => sum + count * agreement((i + 0.5) / counts.length) ** depth,
      0,
    );
  let shallow = rootDepth;
  let deep = 64;
  if (held(shallow) <= candidates) return shallow;
  for (let i = 0; i < 50; i++) {
    const middle = (shallow + deep) / 2;
    if (held(middle) > candidates) shallow = middle;
    else deep = middle;
  }
  return shallow;
}

export interface Forest {
  /** Of the subtree that holds the candidates. */
  readonly depth: number;
  readonly rootDepth: number;
  readonly trees: number;
  readonly branches: number;
}

/**
 * The probability that a record of this similarity is found, with trees independent of each other, and of one tree the
 * branches below the root.
 */
export function probabilityFound(similarity: number, forest: Forest): number {
  const p = agreement(similarity);
  const root = p ** forest.rootDepth;
  const below = p ** (forest.depth - forest.rootDepth);
  return 1 - (1 - root * (1 - (1 - below) ** forest.branches)) ** forest.trees;
}

/** Distinct nodes of `nodes` that `keys` random choices hit (occupancy): what asking one replica of each slot takes. */
export function expectedDistinct(keys: number, nodes: number): number {
  return nodes * (1 - (1 - 1 / nodes) ** keys);
}
