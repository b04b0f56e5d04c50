import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rank, type RankableRecord } from "../../origin/ranking.ts";
import { compareText, encodeProfile, similarity, type Profile } from "../../protocol/index.ts";
import { ward } from "../support/origin-domain.ts";

/** Few different values, so that many records tie. */
const profileArbitrary = fc
  .record(
    {
      age: fc.constantFrom(20, 30, 40),
      sex: fc.constantFrom("female", "male"),
      signs: fc.subarray(["T:fast", "T:slow", "T:cough"], { minLength: 1 }),
    },
    { requiredKeys: [] },
  )
  .filter((profile) => Object.keys(profile).length > 0);

const recordsArbitrary = fc.array(
  fc.record({
    profile: profileArbitrary,
    reference: fc.stringMatching(/^[A-Za-z0-9_-]{3}$/),
    group: fc.constantFrom(undefined, "a", "b"),
  }),
  { maxLength: 60 },
);

function encoded(profile: Profile) {
  const checked = encodeProfile(ward, profile);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value.values;
}

function indexOf(records: readonly RankableRecord[]) {
  return { compiled: ward, records: () => records };
}

test("ranking gives what sorting all records gives, ties by reference, in whatever order they are held", () => {
  fc.assert(
    fc.property(
      recordsArbitrary,
      profileArbitrary,
      fc.integer({ min: 1, max: 70 }),
      fc.subarray(["a", "b"]),
      (raw, query, k, excluded) => {
        const unique = [...new Map(raw.map((record) => [record.reference, record])).values()];
        const records = unique.map(({ profile, ...rest }, number) => ({
          ...rest,
          number,
          profile: encoded(profile),
        }));
        const asked = encoded(query);
        const naive = records
          .filter(({ group }) => group === undefined || !excluded.includes(group))
          .map((record) => ({ record, ...similarity(ward, asked, record.profile) }))
          .toSorted(
            (a, b) => b.score - a.score || compareText(a.record.reference, b.record.reference),
          )
          .slice(0, k);
        expect(rank(indexOf(records), asked, k, excluded)).toEqual(naive);
        expect(rank(indexOf(records.toReversed()), asked, k, excluded)).toEqual(naive);
      },
    ),
  );
});

test("a record of no group is never left out", () => {
  const profile = encoded({ age: 20 });
  const records = [
    { number: 1, reference: "a", group: undefined, profile },
    { number: 2, reference: "b", group: "undefined", profile },
  ];
  const found = rank(indexOf(records), profile, 5, ["undefined"]);
  expect(found.map(({ record }) => record.number)).toEqual([1]);
});
