/** `npm run bench -- federated`: prediction from outcomes beside federated and centralised learning. */
import type { Bench } from "../suite/bench.ts";
import { compareBytes } from "./bytes.ts";
import { compareAccuracy } from "./compare.ts";
import { compareSkew } from "./skew.ts";
import { compareSmall } from "./small.ts";
import { disturbTerms } from "./terms.ts";
import { tuneVote } from "./tuning.ts";

export const federatedBench: Bench = {
  name: "federated",
  description:
    "Predict heart disease at four hospitals from outcomes, and by federated, centralised and local learning, run here on the same rows: accuracy, heterogeneity, small groups, bytes.",
  parts: {
    accuracy: compareAccuracy,
    bytes: compareBytes,
    tuning: tuneVote,
    skew: compareSkew,
    small: compareSmall,
    terms: disturbTerms,
  },
};
