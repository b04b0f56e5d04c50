/** Feature weights learnt from training rows, tried beside the expert's equal ones: coordinate descent on log loss. */
import type { Method } from "./methods.ts";
import { nearest, type VoteSettings } from "./neighbours.ts";
import type { Row, Task } from "./rows.ts";

const FACTORS = [0.25, 0.5, 2, 3];
const PASSES = 2;
/** A change must gain this much log loss. */
const MIN_GAIN = 1e-4;

/** Weights are learnt anew from each task's training rows, so that cross-validation is of the learning too. */
export function learntWeightsVote(name: string, settings: VoteSettings): Method {
  return {
    name,
    kind: "mesh",
    isSeeded: false,
    predict: (task) => {
      const weights = learnWeights(task, settings);
      const kernels = kernelsOf(task, task.test);
      return task.test.map((query, i) =>
        share(query, combine(kernels, weights, i), task.train, settings, () => true),
      );
    },
  };
}

function learnWeights(task: Task, settings: VoteSettings): number[] {
  const kernels = kernelsOf(task, task.train);
  const lossOf = (weights: readonly number[]): number => {
    const losses = task.train.map((query, i) => {
      const scores = combine(kernels, weights, i);
      const positive = share(query, scores, task.train, settings, (j) => j !== i);
      // One outcome more than there are, so that a unanimous vote is not certain.
      const p = (positive * settings.k + 0.5) / (settings.k + 1);
      return -Math.log(query.y === 1 ? p : 1 - p);
    });
    return losses.reduce((sum, each) => sum + each, 0) / losses.length;
  };
  let weights = task.compiled.features.map(({ weight }) => weight);
  let best = lossOf(weights);
  for (let pass = 0; pass < PASSES; pass++) {
    for (let feature = 0; feature < weights.length; feature++) {
      for (const factor of FACTORS) {
        const changed = weights.map((weight, i) => (i === feature ? weight * factor : weight));
        const loss = lossOf(changed);
        if (loss >= best - MIN_GAIN) continue;
        best = loss;
        weights = changed;
      }
    }
  }
  return weights;
}

/** Kernel per feature, query and training row. Every row has every feature here. */
function kernelsOf({ compiled, train }: Task, queries: readonly Row[]): Float64Array[][] {
  return compiled.features.map((feature, f) =>
    queries.map((query) =>
      Float64Array.from(train, (record) => {
        const [asked, held] = [query.profile[f], record.profile[f]];
        return asked === undefined || held === undefined ? 0 : feature.kernel(asked, held);
      }),
    ),
  );
}

function combine(
  kernels: readonly (readonly Float64Array[])[],
  weights: readonly number[],
  query: number,
): Float64Array {
  const sum = new Float64Array(kernels[0]?.[query]?.length ?? 0);
  const total = weights.reduce((a, b) => a + b, 0);
  for (const [f, feature] of kernels.entries()) {
    const row = feature[query];
    const weight = (weights[f] ?? 0) / total;
    for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] ?? 0) + weight * (row?.[j] ?? 0);
  }
  return sum;
}

function share(
  query: Row,
  scores: Float64Array,
  train: readonly Row[],
  { k, ownWeight }: VoteSettings,
  isEligible: (train: number) => boolean,
): number {
  const votes = nearest(scores, k, isEligible).map((j) => {
    const own = train[j]?.centre === query.centre ? ownWeight : 1;
    return { weight: (scores[j] ?? 0) * own, y: train[j]?.y ?? 0 };
  });
  const total = votes.reduce((sum, { weight }) => sum + weight, 0);
  return total === 0 ? 0.5 : votes.reduce((sum, { weight, y }) => sum + weight * y, 0) / total;
}
