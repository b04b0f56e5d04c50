/**
 * Comparing what runs on a noisy machine: all things are measured once a round, in an order that turns, and two are
 * compared by the median over the rounds of their ratio within a round.
 */
import { z } from "zod";
import type { LoadResult } from "./load.ts";

export interface Measured {
  readonly name: string;
  /** How much is done a call of `run`, so that a round has its time. */
  run(): Promise<LoadResult>;
}

const figureSchema = z.object({
  name: z.string(),
  /** Median over rounds. */
  perSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Of each round. */
  rounds: z.array(z.number()),
});
export type Figure = z.infer<typeof figureSchema>;
export const figuresSchema = z.array(figureSchema);

export async function measureRounds(
  things: readonly Measured[],
  rounds: number,
  onRound: (done: number) => void,
): Promise<Figure[]> {
  // Code is compiled, connections are made.
  for (const thing of things) await thing.run();
  const results = new Map(things.map(({ name }) => [name, new Array<LoadResult>()]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < things.length; i++) {
      const thing = things[(i + round) % things.length];
      if (thing) results.get(thing.name)?.push(await thing.run());
    }
    onRound(round + 1);
  }
  return [...results].map(([name, list]) => {
    const milliseconds = list.flatMap((result) => result.milliseconds);
    const perSecond = list.map((result) => result.perSecond);
    return {
      name,
      perSecond: quantile(perSecond, 0.5),
      p50: quantile(milliseconds, 0.5),
      p99: quantile(milliseconds, 0.99),
      rounds: perSecond,
    };
  });
}

/** How many times as much a second as `base`: the median over rounds, with the least and the most. */
export function ratioOf(
  figures: readonly Figure[],
  name: string,
  base: string,
): { readonly median: number; readonly least: number; readonly most: number } {
  const bases = figureOf(figures, base).rounds;
  const ratios = figureOf(figures, name).rounds.map((value, i) => value / (bases[i] ?? NaN));
  return { median: quantile(ratios, 0.5), least: Math.min(...ratios), most: Math.max(...ratios) };
}

export function figureOf(figures: readonly Figure[], name: string): Figure {
  const found = figures.find((figure) => figure.name === name);
  if (!found) throw new RangeError(`nothing named ${name} was measured`);
  return found;
}

/** By nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
