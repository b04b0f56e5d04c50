import { describe, expect, it } from "vitest";
import { findTruth, recallAmong } from "../../../../bench/recall/truth.ts";
import { smallCollection } from "./small-collection.ts";
import { similarity } from "../../../../protocol/index.ts";

const hit = (organisation: number, score: number) => ({ organisation, score });

describe("the exact answer", () => {
  const collection = smallCollection();

  it("has the ten nearest records that are not of the query's own group", () => {
    for (const query of collection.queries) {
      const scores = collection.records
        .filter(({ group }) => group !== query.group)
        .map(({ profile }) => similarity(collection.compiled, query.profile, profile).score)
        .toSorted((a, b) => b - a);
      const { hits } = findTruth(collection, query);
      expect(hits.slice(0, 10).map(({ score }) => score)).toEqual(scores.slice(0, 10));
      expect(hits.length).toBe(scores.filter((score) => score >= (scores[9] ?? 0)).length);
    }
  });

  it("orders organisations by their nearest record", () => {
    const [query] = collection.queries;
    if (!query) throw new Error("no query");
    const { hits, order } = findTruth(collection, query);
    expect(order[0]).toBe(hits[0]?.organisation);
    expect(new Set(order).size).toBe(order.length);
  });
});

describe("recall", () => {
  const truth = { hits: [hit(0, 0.9), hit(1, 0.8), hit(2, 0.5), hit(3, 0.5)], order: [] };

  it("is the share of the nearest that lies at the organisations asked", () => {
    expect(recallAmong(truth, 1, (o) => o === 0)).toBe(1);
    expect(recallAmong(truth, 1, (o) => o === 1)).toBe(0);
    expect(recallAmong(truth, 2, (o) => o === 1)).toBe(0.5);
  });

  it("takes records as near as the last one for it", () => {
    expect(recallAmong(truth, 3, (o) => o !== 2)).toBe(1);
    expect(recallAmong(truth, 3, (o) => o !== 3)).toBe(1);
    expect(recallAmong(truth, 3, (o) => o < 2)).toBeCloseTo(2 / 3);
  });

  it("is of all records where there are fewer than ten", () => {
    expect(recallAmong(truth, 10, () => true)).toBe(1);
    expect(recallAmong({ hits: [], order: [] }, 10, () => false)).toBe(1);
  });
});
