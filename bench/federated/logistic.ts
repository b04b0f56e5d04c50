/**
 * Logistic regression, plain: a model is its weights and, last, its intercept. What training needs is here (loss,
 * gradient, batches, Adam); who trains on whose rows is in strategies.ts.
 */
import type { Random } from "../../examples/random.ts";

export type Model = Float64Array;

/** Rows of one party: features and whether the outcome is positive. */
export interface Samples {
  readonly x: readonly Float64Array[];
  readonly y: readonly (0 | 1)[];
}

/** Drawn as PyTorch's `Linear` draws: uniformly within one over the root of the number of features. */
export function drawModel(features: number, random: Random): Model {
  const bound = 1 / Math.sqrt(features);
  return Float64Array.from({ length: features + 1 }, () => bound * (2 * random.unit() - 1));
}

/** The probability of a positive outcome. */
export function probability(model: Model, x: Float64Array): number {
  let z = model[x.length] ?? 0;
  for (let i = 0; i < x.length; i++) z += (model[i] ?? 0) * (x[i] ?? 0);
  return 1 / (1 + Math.exp(-z));
}

/** Mean cross-entropy of the rows `batch`. */
export function loss(model: Model, { x, y }: Samples, batch: readonly number[]): number {
  const terms = batch.map((row) => {
    const p = probability(model, x[row] ?? new Float64Array());
    return y[row] === 1 ? -Math.log(p) : -Math.log(1 - p);
  });
  return terms.reduce((sum, term) => sum + term, 0) / batch.length;
}

/** The gradient of `loss`. */
export function gradient(model: Model, { x, y }: Samples, batch: readonly number[]): Float64Array {
  const sum = new Float64Array(model.length);
  for (const row of batch) {
    const features = x[row] ?? new Float64Array();
    const error = (probability(model, features) - (y[row] ?? 0)) / batch.length;
    for (let i = 0; i < features.length; i++) sum[i] = (sum[i] ?? 0) + error * (features[i] ?? 0);
    sum[features.length] = (sum[features.length] ?? 0) + error;
  }
  return sum;
}

/** Endless batches: the rows in a new random order each epoch, its last batch as small as is left. */
export function batchesOf(rows: number, size: number, random: Random): () => readonly number[] {
  const all = Array.from({ length: rows }, (_, i) => i);
  let order: readonly number[] = [];
  let at = 0;
  return () => {
    if (at >= order.length) {
      order = random.sample(all, rows);
      at = 0;
    }
    at += size;
    return order.slice(at - size, at);
  };
}

/** Kingma & Ba (2015), Adam: A Method for Stochastic Optimization, with its own defaults. */
export function adamStep(model: Model, rate: number): (gradient: Float64Array) => void {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const first = new Float64Array(model.length);
  const second = new Float64Array(model.length);
  let steps = 0;
  return (g) => {
    steps += 1;
    for (let i = 0; i < model.length; i++) {
      const gi = g[i] ?? 0;
      const m = (first[i] = beta1 * (first[i] ?? 0) + (1 - beta1) * gi);
      const v = (second[i] = beta2 * (second[i] ?? 0) + (1 - beta2) * gi * gi);
      const step = m / (1 - beta1 ** steps) / (Math.sqrt(v / (1 - beta2 ** steps)) + epsilon);
      model[i] = (model[i] ?? 0) - rate * step;
    }
  };
}
