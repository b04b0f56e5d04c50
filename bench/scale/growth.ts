/** One way of growing: all sizes measured, with tables and plots. */
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { charts } from "./charts.ts";
import { exponentTable, growthFits } from "./exponents.ts";
import type { Growth } from "./population.ts";
import { measureSize, type SizeFigures } from "./size.ts";
import {
  defaultTable,
  goalTable,
  messagesTable,
  populationTable,
  settingsTable,
  storageTable,
  branchesTable,
} from "./tables.ts";

/** Queries at each number of records: fewer where each takes long. */
const QUERIES: Readonly<Record<number, number>> = {
  10_000: 60,
  100_000: 40,
  1_000_000: 20,
  10_000_000: 10,
};

export async function measureGrowth(
  context: BenchContext,
  growth: Growth,
  sizes: readonly number[],
): Promise<PartReport> {
  const figures: SizeFigures[] = [];
  for (const records of sizes) {
    figures.push(await measureSize(context, { growth, records, queries: QUERIES[records] ?? 0 }));
  }
  const fits = growthFits(figures);
  return {
    figures: { sizes: figures, fits },
    tables: [
      goalTable(growth, figures),
      populationTable(figures),
      messagesTable(figures),
      defaultTable(figures),
      settingsTable(figures),
      branchesTable(figures),
      exponentTable(fits),
      storageTable(figures),
    ],
    plots: charts(growth, figures),
  };
}
