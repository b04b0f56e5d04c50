/**
 * Dividing records into cohorts: disjoint groups of similar individuals, none smaller than the policy's minimum. A
 * metric tree: two individuals that differ much are the poles, all others are ordered by which of the two they are
 * nearer to, and the list is cut in the middle, until a half would be too small.
 */
import { compareText, similarity, type CompiledDomain } from "../../../protocol/index.ts";
import type { EncodedProfile } from "../../../protocol/index.ts";

/** One individual's records; its place in the tree is that of its first. */
export interface Individual<R> {
  /** Orders individuals in a way that says nothing of them. */
  readonly key: string;
  readonly profile: EncodedProfile;
  readonly records: readonly R[];
}

/** A pole is sought among so many: the farthest of a sample is far enough. */
const POLE_SAMPLE = 256;
/** Individuals compared between two pauses: a tenth of a second of a mixed domain. */
const BATCH = 20_000;

/** Resolves to groups of `size` to `2 * size - 1` individuals, or to none where there are fewer than `size`. */
export async function partition<R>(
  compiled: CompiledDomain,
  individuals: readonly Individual<R>[],
  size: number,
  pause: () => Promise<void>,
): Promise<Individual<R>[][]> {
  if (individuals.length < size) return [];
  const leaves: Individual<R>[][] = [];
  const open: Individual<R>[][] = [individuals.toSorted((a, b) => compareText(a.key, b.key))];
  let compared = 0;
  for (let list = open.pop(); list; list = open.pop()) {
    if (list.length < 2 * size) {
      leaves.push(list);
      continue;
    }
    const sorted = alongPoles(compiled, list);
    const middle = Math.floor(sorted.length / 2);
    open.push(sorted.slice(0, middle), sorted.slice(middle));
    compared += list.length;
    if (compared < BATCH) continue;
    compared = 0;
    await pause();
  }
  return leaves;
}

function alongPoles<R>(compiled: CompiledDomain, list: readonly Individual<R>[]): Individual<R>[] {
  const step = Math.max(1, Math.floor(list.length / POLE_SAMPLE));
  const sample = list.filter((_, i) => i % step === 0);
  const [first] = sample;
  if (!first) return [...list];
  const one = farthest(compiled, first, sample);
  const other = farthest(compiled, one, sample);
  const lean = ({ profile }: Individual<R>): number =>
    similarity(compiled, one.profile, profile).score -
    similarity(compiled, other.profile, profile).score;
  return list
    .map((individual) => ({ individual, lean: lean(individual) }))
    .toSorted((a, b) => a.lean - b.lean || compareText(a.individual.key, b.individual.key))
    .map(({ individual }) => individual);
}

function farthest<R>(
  compiled: CompiledDomain,
  from: Individual<R>,
  among: readonly Individual<R>[],
): Individual<R> {
  let least = Infinity;
  let found = from;
  for (const candidate of among) {
    const { score } = similarity(compiled, from.profile, candidate.profile);
    if (score >= least) continue;
    least = score;
    found = candidate;
  }
  return found;
}
