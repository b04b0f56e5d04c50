/** Profiles and records of a domain with every kind of feature: few different values, so that many records tie. */
import { createHash } from "node:crypto";
import { REFERENCE_LENGTH, type RankableRecord } from "../../origin/ranking/index.ts";
import type { Profile } from "../../protocol/index.ts";
import { compileSample, encodeSample, sampleDocument } from "../unit/support/domains.ts";
import { fc } from "../unit/support/property.ts";

/** The weights decide how an index holds the records: by likeness, or by their terms. */
export const byLikeness = compileSample();
export const byTerms = compileSample({
  ...sampleDocument(),
  features: sampleDocument().features.map((feature) =>
    feature.kind === "terms" ? { ...feature, weight: 40 } : feature,
  ),
});

const TERMS = ["T:root", "T:heart", "T:lung", "T:fast", "T:slow", "T:valve", "T:cough", "T:wheeze"];
const DRUGS = ["aspirin", "Digoxin", "warfarin", "ä", "😀", "\ufb01"];

const weights = fc.constantFrom(0, 1e-300, 0.1, 0.2, 0.3, 7, 1e9);

export const profileArbitrary: fc.Arbitrary<Profile> = fc
  .record(
    {
      age: fc.oneof(fc.constantFrom(0, 20, 30, 40.1), fc.double({ min: 0, max: 130, noNaN: true })),
      dose: fc.oneof(
        fc.constantFrom(0.001, 1, 10),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      ),
      pain: fc.constantFrom("none", "mild", "severe"),
      sex: fc.constantFrom("female", "male"),
      drugs: fc.subarray(DRUGS),
      counts: fc.dictionary(fc.constantFrom(...DRUGS), weights),
      phenotype: fc.subarray(TERMS),
      embedding: fc
        .tuple(...Array.from({ length: 3 }, () => fc.constantFrom(-2, -1, 0, 0.5, 1)))
        .filter((vector) => vector.some((x) => x !== 0)),
    },
    { requiredKeys: [] },
  )
  .filter((profile) => Object.keys(profile).length > 0);

/** As the store makes them, but the same in every run. */
export function referenceFor(number: number, salt = ""): string {
  return createHash("sha256")
    .update(`${salt}${number}`)
    .digest("base64url")
    .slice(0, REFERENCE_LENGTH);
}

export const groupArbitrary = fc.constantFrom(undefined, "a", "b", "undefined");

export function recordOf(
  domain: typeof byTerms,
  number: number,
  profile: Profile,
  group: string | undefined,
): RankableRecord {
  return {
    number,
    reference: referenceFor(number),
    group,
    seq: number,
    profile: encodeSample(domain, profile),
  };
}
