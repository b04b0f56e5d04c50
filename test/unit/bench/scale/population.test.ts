import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  findingName,
  Population,
  PROFILE_MAX,
  scaleDomain,
  type Growth,
} from "../../../../bench/scale/population.ts";
import { SignatureWriter } from "../../../../bench/scale/signatures.ts";
import { NearestRecords, recallOf, Similarities } from "../../../../bench/scale/truth.ts";
import { mean } from "../../../../bench/suite/bootstrap.ts";
import {
  encodeProfile,
  signatureOf,
  similarity,
  type EncodedProfile,
} from "../../../../protocol/index.ts";

const compiled = scaleDomain();
const QUERIES = 30;

function findingsOf(population: Population, number: number): Uint16Array {
  const profile = new Uint16Array(PROFILE_MAX);
  return profile.slice(0, population.profile(number, profile));
}

function encode(findings: Uint16Array): EncodedProfile {
  const checked = encodeProfile(compiled, { findings: Array.from(findings, findingName) });
  if (!checked.ok) throw new Error("the profile does not fit the domain");
  return checked.value.values;
}

function surveyOf(records: number, growth: Growth) {
  const population = new Population({ records, growth, seed: "test" });
  const queries = Array.from({ length: QUERIES }, (_, i) =>
    findingsOf(population, population.queryNumber(i, QUERIES)),
  );
  const similarities = new Similarities(queries, 10);
  const profile = new Uint16Array(PROFILE_MAX);
  for (let record = 0; record < records; record++) {
    similarities.offer(record, profile, population.profile(record, profile));
  }
  const all = queries.map((_, i) => similarities.of(i));
  return {
    first: mean(all.map(({ nearest }) => nearest[0]?.similarity ?? 0)),
    tenth: mean(all.map(({ nearest }) => nearest[9]?.similarity ?? 0)),
    /** Records at least a quarter similar. */
    similar: mean(
      all.map(({ counts }) => counts.subarray(counts.length / 4).reduce((a, b) => a + b, 0)),
    ),
    all: mean(
      all.map(({ counts }) =>
        counts.reduce((sum, count, i) => sum + (count * (i + 0.5)) / counts.length / records, 0),
      ),
    ),
  };
}

test("6,843 cases are as alike as the rare-disease data's: 0.44, 0.32 to 0.34, and 0.04 of all", () => {
  const { first, tenth, all } = surveyOf(6843, "rare");
  // Between queries they deviate by some 0.07, 0.05 and 0.01: four standard errors of 30 queries.
  expect(Math.abs(first - 0.45)).toBeLessThan(0.055);
  expect(Math.abs(tenth - 0.335)).toBeLessThan(0.04);
  expect(Math.abs(all - 0.04)).toBeLessThan(0.01);
});

test("with more records a rare population has as many similar ones as before, and a crowded one ever more", () => {
  const before = surveyOf(6843, "rare");
  const rare = surveyOf(30_000, "rare");
  expect(Math.abs(rare.tenth - before.tenth)).toBeLessThan(0.04);
  expect(rare.similar / before.similar).toBeLessThan(1.5);
  expect(surveyOf(30_000, "crowded").similar / before.similar).toBeGreaterThan(2);
});

test("the same number is the same case, whatever was drawn before, and has each finding once", () => {
  const population = new Population({ records: 1000, growth: "rare", seed: "1" });
  fc.assert(
    fc.property(fc.nat(999), fc.nat(999), (number, other) => {
      const findings = findingsOf(population, number);
      findingsOf(population, other);
      expect(findingsOf(population, number)).toEqual(findings);
      expect(new Set(findings).size).toBe(findings.length);
    }),
  );
});

test("signatures are those of the protocol, to the byte", () => {
  const population = new Population({ records: 100_000, growth: "rare", seed: "1" });
  const writer = new SignatureWriter(compiled);
  const signature = new Uint8Array(compiled.plan.symbols);
  fc.assert(
    fc.property(fc.nat(99_999), (number) => {
      const findings = findingsOf(population, number);
      writer.write(findings, findings.length, signature);
      expect(signature).toEqual(signatureOf(compiled, encode(findings)));
    }),
    { numRuns: 30 },
  );
});

test("the nearest are those of the protocol's exact similarity, ties with the last among them", () => {
  const population = new Population({ records: 500, growth: "rare", seed: "1" });
  const query = findingsOf(population, population.queryNumber(0, 1));
  const similarities = new Similarities([query], 10);
  const scores = Array.from({ length: 500 }, (_, record) => {
    const findings = findingsOf(population, record);
    similarities.offer(record, findings, findings.length);
    return similarity(compiled, encode(query), encode(findings)).score;
  });
  const least = scores.toSorted((a, b) => b - a)[9] ?? 0;
  const { nearest } = similarities.of(0);
  expect(new Set(nearest.map(({ record }) => record))).toEqual(
    new Set([...scores.keys()].filter((record) => (scores[record] ?? 0) >= least)),
  );
});

test("of records as similar as the last wanted, any counts, but no more than are wanted", () => {
  const records = new NearestRecords(2);
  for (const [record, score] of [0.1, 0.5, 0.3, 0.3, 0.3].entries()) records.offer(record, score);
  expect(records.nearest.map(({ record }) => record)).toEqual([1, 2, 3, 4]);
  expect(recallOf(records.nearest, 2, (record) => record === 4)).toBe(0.5);
  expect(recallOf(records.nearest, 2, (record) => record >= 2)).toBe(1);
});
