/** How many of the best answers are among the candidates, measured and expected; their ranking aside. */
import { mean } from "../suite/bootstrap.ts";
import { K } from "./ask.ts";
import type { SurveyedQuery } from "./survey.ts";
import { expectedDepth, probabilityFound } from "./theory.ts";
import { recallOf } from "./truth.ts";

export interface FoundByBranches {
  readonly candidates: number;
  /** Share of the best answers, by branches of each tree less one. */
  readonly measured: number[];
  readonly expected: number[];
}

export function foundByBranches(
  queries: readonly SurveyedQuery[],
  candidates: number,
  { trees, branches, rootDepth }: { trees: number; branches: number; rootDepth: number },
): FoundByBranches {
  const upTo = Array.from({ length: branches }, (_, i) => i + 1);
  const curves = queries.map(({ nearest, paths }) => {
    const found = new Set<number>();
    return upTo.map((count) => {
      for (const ofTree of paths) {
        for (const record of ofTree[count - 1]?.subarray(0, candidates) ?? []) found.add(record);
      }
      return recallOf(nearest, K, (record) => found.has(record));
    });
  });
  const depths = queries.map(({ counts }) => expectedDepth(counts, candidates, rootDepth));
  return {
    candidates,
    measured: upTo.map((count) => mean(curves.map((curve) => curve[count - 1] ?? 0))),
    expected: upTo.map((count) =>
      mean(
        queries.map(({ nearest }, i) => {
          const below = { depth: depths[i] ?? 0, rootDepth, trees, branches: count };
          const best = nearest.slice(0, K);
          return mean(best.map(({ similarity }) => probabilityFound(similarity, below)));
        }),
      ),
    ),
  };
}

/** The fewest branches with which this share is found; undefined where no number tried suffices. */
export function branchesFor(found: readonly number[], recall: number): number | undefined {
  const at = found.findIndex((share) => share >= recall);
  return at < 0 ? undefined : at + 1;
}
