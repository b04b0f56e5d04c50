/** What domains and origins may do so that entries tell less. A key is not among it: it decides who can read, not what is told. */
import type { Domain } from "../../../../protocol/index.ts";

export interface PrivacySetting {
  readonly name: string;
  /** What differs from the default policy. */
  readonly policy: object;
  /** Of the randomised response on each symbol. */
  readonly epsilon?: number;
}

/** Each record is published by its own signature: what all others are compared with. */
export const SINGLE_RECORDS: PrivacySetting = {
  name: "single records",
  policy: { minimumGroupSize: 1 },
};
/** What an origin does that was told nothing else. */
export const DEFAULT_POLICY: PrivacySetting = { name: "cohorts of 20 (default)", policy: {} };

/** `decoys`: an origin, where there are any. */
export function settingsWith(decoys: number): readonly PrivacySetting[] {
  const single = { minimumGroupSize: 1 };
  return [
    SINGLE_RECORDS,
    { name: "single, coarseness 0.5", policy: { ...single, publishedCoarseness: 0.5 } },
    { name: "single, coarseness 1", policy: { ...single, publishedCoarseness: 1 } },
    {
      name: "single, coarseness 1, minimum count 2",
      policy: { ...single, publishedCoarseness: 1, minimumCount: 2 },
    },
    { name: "single, epsilon 6", policy: single, epsilon: 6 },
    { name: "single, epsilon 4", policy: single, epsilon: 4 },
    { name: "single, epsilon 2", policy: single, epsilon: 2 },
    { name: `single, ${decoys} decoys an origin`, policy: { ...single, decoys } },
    { name: "cohorts of 5", policy: { minimumGroupSize: 5 } },
    { name: "cohorts of 10", policy: { minimumGroupSize: 10 } },
    DEFAULT_POLICY,
    { name: "cohorts of 20, epsilon 4", policy: {}, epsilon: 4 },
    { name: `cohorts of 20, ${decoys} decoys an origin`, policy: { decoys } },
  ];
}

export function domainUnder(domain: Domain, { epsilon }: PrivacySetting): Domain {
  return epsilon === undefined
    ? domain
    : { ...domain, signature: { ...domain.signature, epsilon } };
}
