/**
 * When enough origins were asked. An estimate spreads around the true similarity like a share of S symbols around its
 * mean (P-32), nearly normally; so what the estimates of other origins say gives the chance that one of them holds a
 * better outcome than the k-th known.
 */
import { normalCdf } from "../math.ts";

/** Asking goes on until it is this likely that no other origin found holds a better outcome. */
export const STOP_CONFIDENCE = 0.95;

/**
 * The chance, in [0, 1], that no origin of these estimates holds an outcome more similar than `kth`, the origins being
 * independent of each other. `deviation` is that of an estimate where the similarity is `kth`.
 */
export function confidenceOf(estimates: Iterable<number>, kth: number, deviation: number): number {
  let none = 1;
  for (const estimate of estimates) none *= chanceBelow(estimate, kth, deviation);
  return none;
}

function chanceBelow(estimate: number, kth: number, deviation: number): number {
  if (deviation === 0) return estimate <= kth ? 1 : 0;
  return normalCdf((kth - estimate) / deviation);
}
