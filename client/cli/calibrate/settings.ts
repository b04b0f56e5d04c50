/** The signature settings that a calibration tries. */
import type { Domain } from "../../../protocol/index.ts";

export type Settings = Domain["signature"];

const SYMBOLS = [64, 128, 256];
const TREES = [8, 16, 24, 32];
const ROOT_DEPTHS = [1, 2];
/** Of each branch, with so many: branches are for finding more from fewer candidates. */
const CANDIDATES = [
  { candidates: 25 },
  { candidates: 50 },
  { candidates: 100 },
  { candidates: 200 },
  { candidates: 25, branches: 4 },
  { candidates: 50, branches: 4 },
];

/** A grid around what is usual, and the domain's own settings. */
export function settingsToTry({ signature, features }: Domain): Settings[] {
  const grid = SYMBOLS.filter((symbols) => symbols >= features.length).flatMap((symbols) =>
    ROOT_DEPTHS.flatMap((rootDepth) =>
      CANDIDATES.flatMap((perBranch) =>
        TREES.map((trees) => ({ symbols, trees, rootDepth, ...perBranch })),
      ),
    ),
  );
  return grid.some((settings) => isSame(settings, signature)) ? grid : [...grid, signature];
}

export function isSame(a: Settings, b: Settings): boolean {
  return (
    a.symbols === b.symbols &&
    a.trees === b.trees &&
    a.rootDepth === b.rootDepth &&
    a.candidates === b.candidates &&
    (a.branches ?? 1) === (b.branches ?? 1)
  );
}
