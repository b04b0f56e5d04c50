/**
 * What every bench of the suite is: named parts, each of which gives figures, tables and plots. A part computes its
 * figures in cells (cells.ts), so that a long run that was stopped goes on where it was.
 */
import type { Progress } from "../../client/cli/progress.ts";
import type { Cells } from "./cells.ts";
import type { Plot } from "./plots.ts";

export interface BenchContext {
  /** The folder of real data. */
  readonly data: string;
  /** Everything drawn follows from it. */
  readonly seed: string;
  readonly cells: Cells;
  readonly progress: Progress;
}

export interface Table {
  readonly title: string;
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know to read it. */
  readonly notes?: readonly string[];
}

export interface PartReport {
  /** A JSON document: every figure, also those of no table. */
  readonly figures: unknown;
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
}

export type Part = (context: BenchContext) => Promise<PartReport>;

export interface Bench {
  readonly name: string;
  readonly description: string;
  readonly parts: Readonly<Record<string, Part>>;
}
