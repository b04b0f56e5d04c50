/** In which order origins are asked: what a gateway makes of the entries that its lookups returned. */
import type { NodeAnswer } from "./mesh-index.ts";

/** An origin that a lookup found. */
export interface RoutedOrigin {
  /** Its number among the mesh's organisations. */
  readonly organisation: number;
  /** Similarity of its best entry to the query, estimated from signatures. */
  readonly estimate: number;
}

/** Entries that one node returns of one origin, at most. */
export const ENTRIES_PER_ORIGIN = 1;

/** Best first, each origin once, whichever nodes returned it. */
export function orderOrigins(answers: readonly NodeAnswer[]): RoutedOrigin[] {
  const best = new Map<number, number>();
  for (const { organisation, entries } of answers.flatMap(({ origins }) => origins)) {
    const estimates = entries.map(({ estimate }) => estimate);
    best.set(organisation, Math.max(best.get(organisation) ?? -Infinity, ...estimates));
  }
  return [...best]
    .map(([organisation, estimate]) => ({ organisation, estimate }))
    .toSorted((a, b) => b.estimate - a.estimate);
}
