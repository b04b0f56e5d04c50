import { describe, expect, it } from "vitest";
import { TreeIndex, type IndexRow } from "../../../protocol/lookup/tree-index.ts";
import { estimate } from "../../../protocol/signature/signature.ts";
import { compileSample, sampleDocument } from "../support/domains.ts";
import { seededRandom, shuffled } from "../support/random.ts";

const document = sampleDocument();
const { plan } = compileSample({
  ...document,
  signature: { symbols: 16, trees: 3, rootDepth: 1, candidates: 12 },
});
const TREES = [0, 1, 2];
const anyone = { limit: 100, rowsPerOrigin: 100, isLive: () => true };

/** Signatures of three symbol values, so that paths share long beginnings; some symbols missing. */
function makeRows(count: number, seed: number, origins: number): IndexRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => ({
    signature: Uint8Array.from({ length: 16 }, () =>
      random() < 0.05 ? 0 : 1 + Math.floor(3 * random() ** 2),
    ),
    origin: Math.floor(origins * random()),
    trees: TREES.filter(() => random() < 0.9),
  }));
}

function sharedDepth(order: Uint16Array, a: Uint8Array, b: Uint8Array): number {
  const end = order.findIndex((at) => a[at] === 0 || a[at] !== b[at]);
  return end < 0 ? order.length : end;
}

function rowsIn(index: TreeIndex, query: Uint8Array, trees: readonly number[]): number[] {
  const { origins } = index.lookup(query, trees, anyone);
  return origins.flatMap(({ rows }) => rows.map(({ row }) => row)).toSorted((a, b) => a - b);
}

describe("lookups in trees", () => {
  it("P-33: takes a tree's candidates from the deepest subtree on the query's path", () => {
    const rows = makeRows(300, 33, 300);
    const index = new TreeIndex(plan);
    index.insert(rows);
    for (const { signature: query } of makeRows(40, 34, 1)) {
      for (const [tree, order] of plan.orders.entries()) {
        const depths = rows.map(({ signature, trees }) =>
          trees.includes(tree) ? sharedDepth(order, query, signature) : -1,
        );
        const able = depths.filter((depth) => depth >= plan.rootDepth).toSorted((a, b) => b - a);
        const taken = rowsIn(index, query, [tree]).map((row) => depths[row] ?? -1);
        expect(taken.toSorted((a, b) => b - a)).toEqual(able.slice(0, plan.candidates));
      }
    }
  });

  it("P-33: takes as many of each branch of a tree", () => {
    const branched = compileSample({
      ...document,
      signature: { symbols: 16, trees: 3, rootDepth: 1, candidates: 12, branches: 3 },
    }).plan;
    const rows = makeRows(300, 35, 300);
    const index = new TreeIndex(branched);
    index.insert(rows);
    const [tree] = TREES;
    for (const { signature: query } of makeRows(40, 36, 1)) {
      const found = rowsIn(index, query, [tree ?? 0]);
      for (const order of branched.branches[tree ?? 0] ?? []) {
        const depths = rows.map(({ signature, trees }) =>
          trees.includes(tree ?? 0) ? sharedDepth(order, query, signature) : -1,
        );
        const able = depths.filter((depth) => depth >= branched.rootDepth);
        const least = able.toSorted((a, b) => b - a)[branched.candidates - 1] ?? 0;
        const deeper = depths.flatMap((depth, row) =>
          depth >= branched.rootDepth && depth > least ? [row] : [],
        );
        expect(found).toEqual(expect.arrayContaining(deeper));
      }
      expect(found.length).toBeLessThanOrEqual(3 * branched.candidates);
    }
  });

  it("P-33: ranks the candidates of all trees by estimate, grouped by origin", () => {
    const rows = makeRows(200, 5, 10);
    const index = new TreeIndex(plan);
    index.insert(rows);
    for (const { signature: query } of makeRows(20, 6, 1)) {
      const { origins, scanned } = index.lookup(query, TREES, anyone);
      const found = origins.flatMap((group) => group.rows);
      expect(new Set(found.map(({ row }) => row)).size).toBe(scanned);
      expect(scanned).toBeLessThanOrEqual(plan.candidates * plan.trees);
      for (const { origin, rows: own } of origins) {
        const estimates = own.map((row) => row.estimate);
        expect(estimates).toEqual(estimates.toSorted((a, b) => b - a));
        for (const { row, estimate: given } of own) {
          expect(rows[row]?.origin).toBe(origin);
          expect(given).toBeCloseTo(estimate(plan, query, rows[row]?.signature ?? query), 12);
        }
      }
      const best = origins.map((group) => group.rows[0]?.estimate ?? 0);
      expect(best).toEqual(best.toSorted((a, b) => b - a));
    }
  });

  it("P-33: finds the same, however the rows were added", () => {
    const rows = makeRows(150, 7, 150);
    const whole = new TreeIndex(plan);
    whole.insert(rows);
    const piecewise = new TreeIndex(plan);
    for (let at = 0; at < rows.length; at += 7) {
      expect(piecewise.insert(rows.slice(at, at + 7))).toBe(at);
    }
    expect(piecewise.size).toBe(150);
    for (const { signature: query } of makeRows(20, 8, 1)) {
      expect(piecewise.lookup(query, TREES, anyone)).toEqual(whole.lookup(query, TREES, anyone));
    }
  });

  it("P-33: no origin takes more than a quarter of a tree's candidates", () => {
    const [query] = makeRows(1, 9, 1);
    if (!query) throw new Error("no row");
    const index = new TreeIndex(plan);
    index.insert(Array.from({ length: 40 }, () => ({ ...query, origin: 1, trees: [0] })));
    const near = query.signature.slice();
    near[plan.orders[0]?.[15] ?? 0] = 9;
    index.insert([{ signature: near, origin: 2, trees: [0] }]);
    const { origins } = index.lookup(query.signature, [0], anyone);
    expect(origins.map(({ origin, rows }) => [origin, rows.length])).toEqual([
      [1, 3],
      [2, 1],
    ]);
  });

  it("P-33: passes over removed rows and origins that are not live", () => {
    const rows = makeRows(60, 10, 6);
    const index = new TreeIndex(plan);
    index.insert(rows);
    const [query] = makeRows(1, 11, 1);
    const signature = query?.signature ?? new Uint8Array(16);
    const before = rowsIn(index, signature, TREES);
    const [gone = 0] = before;
    index.remove(gone);
    index.remove(gone);
    expect(index.size).toBe(59);
    expect(rowsIn(index, signature, TREES)).not.toContain(gone);
    const live = index.lookup(signature, TREES, { ...anyone, isLive: (origin) => origin !== 3 });
    expect(live.origins.map(({ origin }) => origin)).not.toContain(3);
  });

  it("P-33: returns at most `limit` origins and `rowsPerOrigin` rows of each, the best of them", () => {
    const rows = makeRows(200, 12, 8);
    const index = new TreeIndex(plan);
    index.insert(rows);
    const [query] = makeRows(1, 13, 1);
    const signature = query?.signature ?? new Uint8Array(16);
    const all = index.lookup(signature, TREES, anyone).origins;
    const few = index.lookup(signature, TREES, { ...anyone, limit: 2, rowsPerOrigin: 1 }).origins;
    expect(few).toHaveLength(2);
    expect(few.map(({ rows: own }) => own[0]?.estimate)).toEqual(
      all.slice(0, 2).map(({ rows: own }) => own[0]?.estimate),
    );
    expect(few.every(({ rows: own }) => own.length === 1)).toBe(true);
  });

  it("P-33: a query whose path ends before the root finds nothing in that tree", () => {
    const rows = shuffled(makeRows(50, 14, 50), seededRandom(1));
    const index = new TreeIndex(plan);
    index.insert(rows);
    const query = new Uint8Array(16).fill(1);
    query[plan.orders[1]?.[0] ?? 0] = 0;
    expect(rowsIn(index, query, [1])).toEqual([]);
    expect(rowsIn(index, query, [0]).length).toBeGreaterThan(0);
  });

  it("P-33: an empty index finds nothing", () => {
    const empty = new TreeIndex(plan);
    expect(empty.lookup(new Uint8Array(16).fill(1), TREES, anyone)).toEqual({
      origins: [],
      scanned: 0,
    });
  });
});
