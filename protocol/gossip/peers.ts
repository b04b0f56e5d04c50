/** Whom to gossip with: a few at random, so that news spreads as a rumour does and no one is the middle. */

/** Peers of one round. */
export const PEERS_PER_ROUND = 2;

/** `count` of `candidates`, each with the same chance. `random` gives numbers in [0, 1). */
export function choosePeers<T>(candidates: readonly T[], count: number, random: () => number): T[] {
  const chosen = new Set<number>();
  const wanted = Math.min(count, candidates.length);
  while (chosen.size < wanted) chosen.add(Math.floor(random() * candidates.length));
  return [...chosen].flatMap((i) => candidates.slice(i, i + 1));
}
