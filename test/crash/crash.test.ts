/**
 * An origin killed at every point of what it does: before and after each commit, each request and each answer. After
 * each, it is started again, and its store, the mesh and its log must agree with each other and with what was
 * acknowledged. `npm run test:crash` is the long form, FAULTS=short a short one; CRASH_SEED repeats a run.
 */
import { randomInt } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { formatTable } from "../../client/cli/table.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import { CrashWorld } from "../support/crash/crash-world.ts";
import { OPERATIONS, type Operation } from "../support/crash/operations.ts";

const isShort = process.env["FAULTS"] === "short";
const SEED = process.env["CRASH_SEED"] ?? String(randomInt(1_000_000));
/** The short form draws points instead of counting them. */
const SHORT_POINTS = 7;
const SHORT_LATEST = 12;
/** Of each operation under each policy: all points, or so many drawn from them. */
const LONG_POINTS = 12;
/** Under each policy, at least. */
const LONG_TOTAL = 105;
const ENDING_POINTS = 10;
const POLICIES = [
  { policy: "single cases", groupSize: 1 },
  { policy: "cohorts", groupSize: 5 },
] as const;

interface Tried {
  readonly policy: string;
  readonly operation: string;
  /** That it has; undefined where they were not counted. */
  readonly points: number | undefined;
  readonly tried: number;
  /** Killed at the point, and not when all was done. */
  readonly reached: number;
}
const table: Tried[] = [];

afterAll(() => {
  const total = table.reduce((sum, { tried }) => sum + tried, 0);
  const rows = table.map(({ policy, operation, points, tried, reached }) => [
    policy,
    operation,
    String(points ?? ""),
    String(tried),
    String(reached),
  ]);
  const head = ["policy", "operation", "points", "tried", "died there"];
  console.log(`CRASH_SEED=${SEED}, ${total} points\n${formatTable(head, rows)}`);
});

/** Kills it at the point `dieAt`, or when all is done; whether it died at the point. */
async function crash(world: CrashWorld, operation: Operation, dieAt: number): Promise<boolean> {
  await operation.prepare?.(world);
  const points = await operation.run(world, dieAt);
  await world.origin.kill();
  const where = `CRASH_SEED=${SEED}: killed at point ${dieAt} of ${operation.name}`;
  expect(await world.settle(), where).toEqual([]);
  return points === undefined;
}

/** How many points an operation passes where nothing dies. */
async function countPoints(world: CrashWorld, operation: Operation): Promise<number> {
  await operation.prepare?.(world);
  const points = await operation.run(world, 0);
  expect(await world.settle(), operation.name).toEqual([]);
  return points ?? 0;
}

async function expectToSurviveAll(
  world: CrashWorld,
  policy: string,
  random: Random,
): Promise<void> {
  const counted = new Map<Operation, number>();
  const tryPoints = async (operation: Operation, chosen: readonly number[]): Promise<number> => {
    let reached = 0;
    for (const dieAt of chosen) if (await crash(world, operation, dieAt)) reached += 1;
    const points = counted.get(operation);
    const row = { policy, operation: operation.name, points, tried: chosen.length, reached };
    table.push(row);
    console.log(JSON.stringify(row));
    return chosen.length;
  };
  let left = LONG_TOTAL;
  for (const operation of OPERATIONS) {
    // A load and a stop end, and can not be asked how many there were.
    const points = (await countPoints(world, operation)) || ENDING_POINTS;
    counted.set(operation, points);
    const all = Array.from({ length: points }, (_, i) => i + 1);
    await tryPoints(
      operation,
      random.sample(all, LONG_POINTS).toSorted((a, b) => a - b),
    );
  }
  for (; left > 0; left--) {
    const operation = random.pick(OPERATIONS);
    await tryPoints(operation, [1 + random.below(counted.get(operation) ?? ENDING_POINTS)]);
  }
}

async function expectToSurviveSome(
  world: CrashWorld,
  policy: string,
  random: Random,
): Promise<void> {
  for (const operation of random.sample(OPERATIONS, SHORT_POINTS)) {
    const isReached = await crash(world, operation, 1 + random.below(SHORT_LATEST));
    const { name } = operation;
    const reached = isReached ? 1 : 0;
    table.push({ policy, operation: name, points: undefined, tried: 1, reached });
  }
}

test.concurrent.each(POLICIES)(
  "killed anywhere, an origin with $policy has lost nothing, and store, mesh and log agree",
  async ({ policy, groupSize }) => {
    const random = seededRandom(`${SEED}/${policy}`);
    const world = await CrashWorld.open(groupSize, random);
    try {
      if (isShort) await expectToSurviveSome(world, policy, random);
      else await expectToSurviveAll(world, policy, random);
    } finally {
      await world.close();
    }
  },
);
