/**
 * The triangular kernel max(0, 1 - |x - y| / width) and its family, a randomly shifted grid of that
 * width: two points share a cell with exactly that probability (Rahimi & Recht 2007; Andoni & Indyk 2006).
 * Serves numeric and ordinal features.
 */
import { mix, toUnit } from "../prf.ts";
import { familySeeds, toSymbol, type FeatureContext } from "./feature.ts";

export function triangular(a: number, b: number, width: number): number {
  return Math.max(0, 1 - Math.abs(a - b) / width);
}

/** A writer of one symbol a shifted grid; three seed words a symbol: the shift and the cell's hash. */
export function gridFamily(
  context: FeatureContext,
  name: string,
  width: number,
): (x: number, out: Uint8Array) => void {
  const seeds = familySeeds(context, name, 3);
  return (x, out) => {
    for (let j = 0; j < context.symbolCount; j++) {
      const cell = Math.floor(x / width + toUnit(seeds[3 * j] ?? 0));
      const [low, high] = context.key.cellKey(cell);
      out[j] = toSymbol(mix(seeds[3 * j + 1] ?? 0, seeds[3 * j + 2] ?? 0, low, high));
    }
  };
}
