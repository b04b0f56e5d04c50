import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createDraw } from "../../../bench/origin/draw.ts";
import { mixedPopulation } from "../../../bench/origin/mixed.ts";
import { ontologyPopulation } from "../../../bench/origin/ontology.ts";
import { measurePublishing } from "../../../bench/origin/publishing.ts";
import { measureRanking } from "../../../bench/origin/ranking.ts";

const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-bench-test-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

const mixed = () => mixedPopulation(createDraw("a seed"));
const ontology = () => ontologyPopulation(createDraw("a seed"), undefined);

test.each([
  ["mixed", mixed],
  ["ontology", ontology],
])("the %s population is the same for the same seed", (_, populate) => {
  const [first, second] = [populate(), populate()];
  const draw = (population: ReturnType<typeof populate>) =>
    Array.from({ length: 20 }, () => population.next());
  expect(first.compiled.id).toBe(second.compiled.id);
  expect(draw(first)).toEqual(draw(second));
});

test.each([
  ["mixed", mixed],
  ["ontology", ontology],
])(
  "over %s records the bare pass gives what the index gives, which it starts with again",
  async (_, populate) => {
    // Throws where the two disagree, or where the index that was started lacks a record.
    const report = await measureRanking(populate(), 700, directory, () => undefined);
    expect(report.records).toBe(700);
    expect(report.snapshotBytes).toBeGreaterThan(700 * 50);
  },
  120_000,
);

test("every statement that is published is signed, acknowledged and settled", async () => {
  const database = join(directory, "published.sqlite");
  const report = await measurePublishing(mixed(), 50, database);
  expect(report.publishPerSecond).toBeGreaterThan(0);
  expect(report.publishPerSecond).toBeLessThan(report.signaturesPerSecond);
}, 60_000);
