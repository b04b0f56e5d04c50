/** Everything that an origin is asked to do, with what must be ready before. */
import { CrashProcess } from "./crash-process.ts";
import type { CrashWorld } from "./crash-world.ts";

/** Two batches. */
const LOADED = 600;
/** Enough for cohorts of the tests' size. */
const NEWCOMERS = 12;

export interface Operation {
  readonly name: string;
  readonly prepare?: (world: CrashWorld) => Promise<void>;
  /** Does it with a process that dies at the point `dieAt`; the points that it passed where it did not die. */
  readonly run: (world: CrashWorld, dieAt: number) => Promise<number | undefined>;
}

/** Of a running origin. */
function live(
  name: string,
  work: (world: CrashWorld) => Promise<void>,
  prepare?: (world: CrashWorld) => Promise<void>,
): Operation {
  return {
    name,
    ...(prepare && { prepare }),
    run: async (world, dieAt) => {
      await world.origin.arm(dieAt);
      await work(world);
      return pointsOf(world.origin);
    },
  };
}

async function pointsOf(process: CrashProcess): Promise<number | undefined> {
  if (!process.isUp) return undefined;
  return (await process.points())?.length;
}

async function depositSome(world: CrashWorld): Promise<void> {
  for (let i = 0; i < 2; i++) await world.deposit(world.draw(world.newId("hand")));
}

/** Statements that wait. */
async function fillOutbox(world: CrashWorld): Promise<void> {
  world.setNodes("refuse");
  await depositSome(world);
  const [id] = world.idsOf("hand");
  if (id !== undefined) await world.withdraw(id);
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "load",
    run: async (world, dieAt) => {
      const ids = Array.from({ length: LOADED }, (_, i) => `load-${i}`);
      const loading = await world.load(
        ids.map((id) => world.draw(id)),
        dieAt,
      );
      return loading.wasKilled ? undefined : 0;
    },
  },
  live("source sync", async (world) => {
    await world.changeSource();
    await world.sourceRead();
  }),
  live("deposit", depositSome),
  live(
    "update",
    async (world) => {
      for (const id of world.random.sample(world.idsOf("hand"), 2)) {
        await world.deposit(world.draw(id));
      }
    },
    depositSome,
  ),
  live(
    "withdraw",
    async (world) => {
      for (const id of world.random.sample(world.idsOf("hand"), 2)) await world.withdraw(id);
    },
    depositSome,
  ),
  live(
    "publish",
    async (world) => {
      world.setNodes("answer");
      await world.drained();
    },
    fillOutbox,
  ),
  live(
    "query",
    async (world) => {
      for (let i = 0; i < 2; i++) await world.query();
    },
    (world) => world.untilAnswering(),
  ),
  live("cohorts", async (world) => {
    const ids = Array.from({ length: NEWCOMERS }, () => world.newId("new"));
    await world.load(ids.map((id) => world.draw(id)));
    await world.drained();
  }),
  {
    name: "start",
    prepare: fillOutbox,
    run: async (world, dieAt) => {
      await world.origin.kill();
      world.setNodes("answer");
      world.origin = await CrashProcess.start(world.configFile, dieAt);
      await world.drained();
      return pointsOf(world.origin);
    },
  },
  live(
    "stop",
    async (world) => {
      world.setNodes("answer");
      world.origin.signal("SIGTERM");
      await world.origin.ended;
    },
    fillOutbox,
  ),
];
