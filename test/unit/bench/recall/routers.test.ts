import { describe, expect, it } from "vitest";
import { makeVectorCases } from "../../../../bench/recall/vectors.ts";
import type { Collection } from "../../../../bench/recall/collection.ts";
import type { Found, Router } from "../../../../bench/recall/router.ts";
import { bucketOf, bucketRouter } from "../../../../bench/recall/routers/bucket.ts";
import { CENTRAL_EXACT } from "../../../../bench/recall/routers/central.ts";
import { CENTROIDS, centroidOf } from "../../../../bench/recall/routers/centroid.ts";
import { CENTRAL_HNSW } from "../../../../bench/recall/routers/hnsw.ts";
import { meshRouter } from "../../../../bench/recall/routers/mesh.ts";
import { oneBitRouter, product, signsOf } from "../../../../bench/recall/routers/one-bit.ts";
import { ORACLE } from "../../../../bench/recall/routers/oracle.ts";
import { RANDOM_CHOICE } from "../../../../bench/recall/routers/random.ts";
import { scanRouter } from "../../../../bench/recall/routers/scan.ts";
import { findTruth, recallAmong } from "../../../../bench/recall/truth.ts";
import { seededRandom } from "../../../../examples/random.ts";
import { SLOW } from "../../support/random.ts";
import { smallCollection } from "./small-collection.ts";

const collection = smallCollection();
const truths = collection.queries.map((query) => findTruth(collection, query));
const LIMIT = 10;

async function find(router: Router, of: Collection = collection): Promise<readonly Found[]> {
  const exact = of === collection ? truths : of.queries.map((query) => findTruth(of, query));
  return router.findAll({
    collection: of,
    truths: exact,
    limit: LIMIT,
    random: seededRandom("routers"),
    onProgress: () => undefined,
  });
}

const known = new Map<Router, Promise<readonly Found[]>>();

function findOnce(router: Router): Promise<readonly Found[]> {
  const found = known.get(router) ?? find(router);
  known.set(router, found);
  return found;
}

function meanRecall(found: readonly Found[], origins: number): number {
  const recalls = found.map((each, i) => {
    const asked = new Set(each.origins.slice(0, origins));
    const truth = truths[i];
    return truth ? recallAmong(truth, 10, (organisation) => asked.has(organisation)) : NaN;
  });
  return recalls.reduce((a, b) => a + b, 0) / recalls.length;
}

const MESH = meshRouter("mesh");
const SCAN = scanRouter("scan");
const ONE_BIT = oneBitRouter("one bit");
const ROUTERS: readonly Router[] = [
  MESH,
  SCAN,
  ONE_BIT,
  meshRouter("bands", { settings: { trees: 32, rootDepth: 2, candidates: 5000 }, requests: 1000 }),
  bucketRouter("bucket", 0.5),
  CENTROIDS,
  RANDOM_CHOICE,
  CENTRAL_EXACT,
];

describe("every router", () => {
  it("finds each origin once, no more than are wanted, and the same again", SLOW, async () => {
    for (const router of [...ROUTERS, ORACLE]) {
      const found = await findOnce(router);
      expect(found, router.name).toHaveLength(collection.queries.length);
      for (const { origins } of found) {
        expect(origins.length, router.name).toBeLessThanOrEqual(LIMIT);
        expect(new Set(origins).size, router.name).toBe(origins.length);
      }
      expect(await find(router), router.name).toEqual(found);
    }
  });

  it("finds no more than the oracle does with as many origins", async () => {
    const oracle = await findOnce(ORACLE);
    for (const router of ROUTERS) {
      const found = await findOnce(router);
      for (const n of [1, 3, LIMIT]) {
        expect(meanRecall(found, n)).toBeLessThanOrEqual(meanRecall(oracle, n) + 1e-9);
      }
    }
  });

  it("that looks at the query finds more than chance, on cases of a few kinds", async () => {
    const chance = meanRecall(await findOnce(RANDOM_CHOICE), LIMIT);
    for (const router of [MESH, SCAN, ONE_BIT]) {
      expect(meanRecall(await findOnce(router), LIMIT)).toBeGreaterThan(chance + 0.1);
    }
  });
});

describe("the mesh", () => {
  it("with candidates enough finds what comparing every signature does", async () => {
    const settings = { candidates: 5000, trees: 24 };
    const mesh = meanRecall(await find(meshRouter("mesh", { settings })), LIMIT);
    expect(mesh).toBeCloseTo(meanRecall(await find(scanRouter("scan", settings)), LIMIT), 1);
  });
});

describe("exact-match buckets", () => {
  it("hold profiles that are equal once coarsened, and no others", () => {
    const { compiled, records } = collection;
    const [one, other] = records;
    if (!one || !other) throw new Error("no records");
    expect(bucketOf(compiled, one.profile, 0.5)).toBe(bucketOf(compiled, one.profile, 0.5));
    expect(bucketOf(compiled, one.profile, 0.5)).not.toBe(bucketOf(compiled, other.profile, 0.5));
  });

  it("find origins by their records of the query's bucket, own group left out", async () => {
    const [record] = collection.records;
    if (!record) throw new Error("no records");
    const own = { ...record, group: "nobody's" };
    const asked = { ...collection, queries: [own, record] };
    const [open, hidden] = await find(bucketRouter("bucket", 0.5), asked);
    expect(open?.origins).toContain(record.organisation);
    expect(open?.cost.rowsScanned).toBeGreaterThan(hidden?.cost.rowsScanned ?? 0);
  });
});

describe("summaries", () => {
  it("of one record are the record, of none nothing", () => {
    const [record] = collection.records;
    if (!record) throw new Error("no records");
    const centroid = centroidOf(collection, [record]);
    // Its category and its set; a number is told on a grid.
    expect(centroid?.slice(1)).toEqual(record.profile.slice(1));
    expect(centroidOf(collection, [])).toBeUndefined();
  });
});

function shareOf(query: Uint8Array, record: Uint8Array): number {
  return product(Float64Array.from(signsOf(query)), signsOf(record)) / query.length;
}

describe("one-bit signatures", () => {
  it("estimate the share of symbols that are equal, without bias", () => {
    const random = seededRandom("one bit");
    const query = Uint8Array.from({ length: 20_000 }, () => 1 + random.below(255));
    for (const share of [0, 0.3, 1]) {
      const record = query.map((symbol) =>
        random.unit() < share ? symbol : 1 + random.below(255),
      );
      expect(shareOf(query, record)).toBeCloseTo(share, 1);
    }
  });

  it("take a missing symbol for neither equal nor different", () => {
    expect(shareOf(Uint8Array.of(7, 7), Uint8Array.of(7, 0))).toBe(0.5);
  });
});

describe("a central HNSW index", () => {
  it("finds what exact search does, on a thousand vectors", async () => {
    const vectors = makeVectorCases("test", {
      vectors: 1000,
      dimensions: 24,
      clusters: 20,
      organisations: 40,
      queries: 10,
    });
    const exact = await find(CENTRAL_EXACT, vectors);
    const found = await find(CENTRAL_HNSW, vectors);
    for (const [i, { origins }] of found.entries()) {
      expect(origins.slice(0, 5)).toEqual(exact[i]?.origins.slice(0, 5));
    }
  });
});
