import { describe, expect, test } from "vitest";
import { rank, Table, type RankableRecord } from "../../../origin/ranking/index.ts";
import type { CompiledDomain, Profile } from "../../../protocol/index.ts";
import { rankNaively } from "../../support/naive-ranking.ts";
import {
  byLikeness,
  byTerms,
  groupArbitrary,
  profileArbitrary,
  recordOf,
} from "../../support/ranking-cases.ts";
import { encodeSample } from "../../unit/support/domains.ts";
import { fc } from "../../unit/support/property.ts";
import { seededRandom } from "../../unit/support/random.ts";

/** On a busy machine. */
const SLOW = { timeout: 60_000 };

const domains = [
  ["by likeness", byLikeness],
  ["by terms", byTerms],
] as const;

const changesArbitrary = fc.array(
  fc.record({
    number: fc.integer({ min: 1, max: 40 }),
    profile: fc.option(profileArbitrary, { nil: undefined, freq: 4 }),
    group: groupArbitrary,
  }),
  { maxLength: 80 },
);

/** A table after `changes`, and the records that it should hold. A change without a profile removes. */
function after(
  domain: CompiledDomain,
  changes: readonly { number: number; profile: Profile | undefined; group: string | undefined }[],
) {
  const table = new Table(domain);
  const records = new Map<number, RankableRecord>();
  for (const { number, profile, group } of changes) {
    if (profile) {
      const record = recordOf(domain, number, profile, group);
      table.put(record);
      records.set(number, record);
    } else {
      table.remove(number);
      records.delete(number);
    }
  }
  return { table, records };
}

describe.each(domains)("ranking in an index that holds records %s", (_, domain) => {
  test(
    "gives what sorting all records gives, to the last bit, whatever came and went",
    () => {
      fc.assert(
        fc.property(
          changesArbitrary,
          profileArbitrary,
          fc.integer({ min: 1, max: 50 }),
          fc.subarray(["a", "b", "c"]),
          (changes, asked, k, excluded) => {
            const { table, records } = after(domain, changes);
            const query = encodeSample(domain, asked);
            expect(table.size).toBe(records.size);
            expect(rank(table, query, k, excluded)).toEqual(
              rankNaively(domain, records.values(), query, k, excluded),
            );
          },
        ),
        { numRuns: 150 },
      );
    },
    SLOW.timeout,
  );

  test(
    "does so over many blocks, while thousands of records come, change and go",
    () => {
      const profiles = fc.sample(profileArbitrary, { numRuns: 400, seed: 7 });
      const random = seededRandom(3);
      const below = (bound: number): number => Math.floor(random() * bound);
      const anyProfile = (): Profile => profiles[below(profiles.length)] ?? {};
      const table = new Table(domain);
      const records = new Map<number, RankableRecord>();
      for (let step = 0; step < 6000; step++) {
        const number = 1 + below(4000);
        if (random() < 0.2) {
          table.remove(number);
          records.delete(number);
        } else {
          const record = recordOf(domain, number, anyProfile(), random() < 0.5 ? "a" : undefined);
          table.put(record);
          records.set(number, record);
        }
        if (step % 200 !== 199) continue;
        const query = encodeSample(domain, anyProfile());
        for (const k of [1, 10, 300]) {
          const excluded = k === 10 ? ["a"] : [];
          expect(rank(table, query, k, excluded)).toEqual(
            rankNaively(domain, records.values(), query, k, excluded),
          );
        }
      }
      expect(table.size).toBe(records.size);
    },
    SLOW.timeout,
  );

  test("ranks records that are all the same by reference, over many blocks", () => {
    const { table, records } = after(
      domain,
      Array.from({ length: 900 }, (_unused, i) => ({
        number: i + 1,
        profile: { age: 20, sex: "female", phenotype: ["T:fast"] },
        group: undefined,
      })),
    );
    const query = encodeSample(domain, { age: 20, phenotype: ["T:fast"] });
    expect(rank(table, query, 20)).toEqual(rankNaively(domain, records.values(), query, 20));
  });

  test("leaves no room lost where the same records are written again and again", () => {
    const table = new Table(domain);
    for (let round = 0; round < 12; round++) {
      for (let number = 1; number <= 600; number++) {
        table.put(recordOf(domain, number, { age: 20, sex: "female" }, undefined));
      }
    }
    expect(table.size).toBe(600);
    expect(table.blocks).toBeLessThan(8);
  });
});

test("a record of no group is never left out", () => {
  const { table } = after(byLikeness, [
    { number: 1, profile: { age: 20 }, group: undefined },
    { number: 2, profile: { age: 20 }, group: "undefined" },
  ]);
  const found = rank(table, encodeSample(byLikeness, { age: 20 }), 5, ["undefined"]);
  expect(found.map(({ number }) => number)).toEqual([1]);
});
