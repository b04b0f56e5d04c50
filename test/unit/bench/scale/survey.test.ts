import { expect, test } from "vitest";
import { openRoutedMesh } from "../../../../bench/routing/routed-mesh.ts";
import {
  askMesh,
  nearRecords,
  originsFor,
  recallAt,
  REPLICAS,
} from "../../../../bench/scale/ask.ts";
import { Population, PROFILE_MAX, scaleDomain } from "../../../../bench/scale/population.ts";
import { planWith } from "../../../../bench/scale/settings.ts";
import { SignatureWriter } from "../../../../bench/scale/signatures.ts";
import { measureStorage, rowBytes } from "../../../../bench/scale/storage.ts";
import { surveyPopulation } from "../../../../bench/scale/survey.ts";
import { seededRandom } from "../../../../examples/random.ts";
import { slotsOf, TreeIndex } from "../../../../protocol/index.ts";

const RECORDS = 600;
const ORGANISATIONS = 20;
const QUERIES = 2;
/** So few that most of what shares a root is passed over. */
const SETTING = { branches: 2, candidates: 12 };

const compiled = scaleDomain();
const plan = planWith(compiled.plan, SETTING);
const population = new Population({ records: RECORDS, growth: "rare", seed: "1" });
const surveyed = surveyPopulation({
  compiled,
  population,
  queries: QUERIES,
  k: 10,
  candidates: SETTING.candidates,
  progress: () => undefined,
});
const signatures = allSignatures();

function allSignatures(): Uint8Array[] {
  const writer = new SignatureWriter(compiled);
  const profile = new Uint16Array(PROFILE_MAX);
  return Array.from({ length: RECORDS }, (_, record) => {
    const signature = new Uint8Array(plan.symbols);
    writer.write(profile, population.profile(record, profile), signature);
    return signature;
  });
}

test("the records kept of a branch share as much of its path as those that its lookup takes", () => {
  const trees = Array.from({ length: plan.trees }, (_, tree) => tree);
  for (let branch = 0; branch < SETTING.branches; branch++) {
    const branches = plan.branches.map((orders) => orders.slice(branch, branch + 1));
    const index = new TreeIndex({ ...plan, branches });
    // An origin a record: none has more than its share of the candidates.
    index.insert(signatures.map((signature, origin) => ({ signature, origin, trees })));
    for (const { signature, paths } of surveyed) {
      for (const tree of trees) {
        const lookup = index.lookup(signature, [tree], {
          limit: Infinity,
          rowsPerOrigin: 1,
          isLive: () => true,
        });
        const taken = lookup.origins.map(({ origin }) => origin);
        const kept = [...(paths[tree]?.[branch]?.subarray(0, SETTING.candidates) ?? [])];
        const order = branches[tree]?.[0] ?? new Uint16Array(0);
        // Of equally deep ones a node takes which it will (P-33).
        const depthsOf = (records: readonly number[]): number[] =>
          records.map((record) => sharedDepth(order, signature, record)).toSorted((a, b) => a - b);
        expect(new Set(kept).size).toBe(taken.length);
        expect(depthsOf(kept)).toEqual(depthsOf(taken));
      }
    }
  }
});

function sharedDepth(order: Uint16Array, query: Uint8Array, record: number): number {
  return order.findIndex((position) => signatures[record]?.[position] !== query[position]);
}

test("a mesh of the records kept routes as one of all records does", async () => {
  const near = nearRecords(compiled, population, surveyed, SETTING);
  const asked = await askMesh({
    compiled,
    population,
    near,
    organisations: ORGANISATIONS,
    limit: ORGANISATIONS,
    random: seededRandom("ask"),
    progress: () => undefined,
  });
  const random = seededRandom("ask");
  const mesh = openRoutedMesh({
    plan,
    organisations: Array.from({ length: ORGANISATIONS }, (_, organisation) =>
      Buffer.concat(
        signatures.filter(
          (_signature, record) => population.organisation(record, ORGANISATIONS) === organisation,
        ),
      ),
    ),
    replicas: REPLICAS,
    requests: ORGANISATIONS + 2 * plan.trees,
  });
  for (const [i, { signature, nearest }] of surveyed.entries()) {
    const { origins } = await mesh.route(signature, {
      asker: random.below(ORGANISATIONS),
      limit: ORGANISATIONS,
      random: () => random.unit(),
    });
    const places = origins.map(({ organisation }) => organisation);
    const ranks = nearest
      .map(({ record }) => 1 + places.indexOf(population.organisation(record, ORGANISATIONS)))
      .filter((rank) => rank > 0)
      .toSorted((a, b) => a - b)
      .slice(0, 10);
    expect(asked.ranks[i]).toEqual(ranks);
  }
});

test("recall counts the answers at the origins asked, and the fewest origins reach it", () => {
  const asked = {
    ranks: [
      [1, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [1, 2, 3, 4, 5, 6, 7, 8, 40],
    ],
  };
  expect(recallAt(asked, 1)).toBeCloseTo(0.15, 12);
  expect(recallAt(asked, Infinity), "one answer was not found").toBeCloseTo(0.95, 12);
  expect(originsFor(asked, 0.9)).toBe(9);
  expect(originsFor(asked, 0.91)).toBe(40);
  expect(originsFor(asked, 0.96)).toBeUndefined();
});

test("entries held are those of every record at every replica of its slots", () => {
  const { placement, nodes } = openRoutedMesh({
    plan,
    organisations: Array.from({ length: ORGANISATIONS }, () => new Uint8Array(0)),
    replicas: REPLICAS,
  });
  const held = nodes.map(
    (node) =>
      signatures.filter((signature) =>
        slotsOf(plan, signature).some(
          (slot) => slot !== undefined && placement.replicasOf(slot).includes(node),
        ),
      ).length,
  );
  const storage = measureStorage(compiled, population, placement, ORGANISATIONS);
  expect(storage.entries).toBeCloseTo(held.reduce((a, b) => a + b, 0) / ORGANISATIONS, 6);
  expect(storage.entriesMost).toBe(Math.max(...held));
});

test("a row takes its key and statement, and a tenth to a half more", () => {
  const bytes = 403;
  expect(rowBytes(bytes)).toBeGreaterThan(1.1 * (bytes + 16));
  expect(rowBytes(bytes)).toBeLessThan(1.5 * (bytes + 16));
});
