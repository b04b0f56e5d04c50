/**
 * What FLamby's authors published for Fed-Heart-Disease: test accuracy of five seeds (42 to 46), as mean and standard
 * deviation over them. du Terrail et al. (2022), FLamby, NeurIPS Datasets and Benchmarks; from the result files of
 * its repository, which are MIT-licensed. Models are scored on each centre's test rows scaled by that centre's
 * training rows, and on the pooled test rows scaled by all training rows, whatever they were trained on.
 */
export interface Published {
  readonly mean: number;
  readonly deviation: number;
}

const of = (mean: number, deviation: number): Published => ({ mean, deviation });

export const PUBLISHED_SEEDS = 5;

/** By method, then by centre; "pooled" is the pooled test set. */
export const PUBLISHED: Readonly<Record<string, Readonly<Record<string, Published>>>> = {
  centralised: {
    pooled: of(0.795, 0.003),
    cleveland: of(0.783, 0.011),
    hungarian: of(0.764, 0.0),
    switzerland: of(0.75, 0.0),
    va: of(0.644, 0.0),
  },
  FedAvg: {
    pooled: of(0.748, 0.027),
    cleveland: of(0.731, 0.022),
    hungarian: of(0.719, 0.033),
    switzerland: of(0.65, 0.114),
    va: of(0.64, 0.051),
  },
  FedProx: {
    pooled: of(0.748, 0.027),
    cleveland: of(0.731, 0.022),
    hungarian: of(0.719, 0.033),
    switzerland: of(0.65, 0.114),
    va: of(0.64, 0.051),
  },
  SCAFFOLD: {
    pooled: of(0.748, 0.027),
    cleveland: of(0.727, 0.019),
    hungarian: of(0.719, 0.033),
    switzerland: of(0.65, 0.114),
    va: of(0.64, 0.051),
  },
  FedAdam: {
    pooled: of(0.779, 0.015),
    cleveland: of(0.752, 0.017),
    hungarian: of(0.746, 0.019),
    switzerland: of(0.738, 0.028),
    va: of(0.667, 0.044),
  },
  FedAdagrad: {
    pooled: of(0.779, 0.015),
    cleveland: of(0.76, 0.018),
    hungarian: of(0.753, 0.018),
    switzerland: of(0.738, 0.028),
    va: of(0.676, 0.04),
  },
  FedYogi: {
    pooled: of(0.779, 0.015),
    cleveland: of(0.76, 0.018),
    hungarian: of(0.753, 0.018),
    switzerland: of(0.738, 0.028),
    va: of(0.676, 0.04),
  },
  "own model": {
    cleveland: of(0.746, 0.016),
    hungarian: of(0.746, 0.006),
    switzerland: of(0.725, 0.122),
    va: of(0.702, 0.051),
  },
};
