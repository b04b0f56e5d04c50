/**
 * What a mesh promises while its parts fail: twelve organisations over real workerd, three replicas of every
 * slot, entries published and queries running throughout. `npm run test:faults` runs the long form;
 * FAULTS=short each fault once, lightly. FAULTS_SEED repeats a run.
 */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../examples/random.ts";
import type { WorkerEnvironment } from "../../client/cli/local-mesh/local-mesh.ts";
import { SLUGS, startFaultMesh, type FaultMesh } from "../support/faults/fault-mesh.ts";
import { repairOnce, UNSURE_MS } from "../support/faults/repair.ts";
import { Scenarios, type Fault } from "../support/faults/scenario.ts";
import { Workload } from "../support/faults/workload.ts";
import type { Rule } from "../support/fault-network.ts";

const isShort = process.env["FAULTS"] === "short";
const SEED = process.env["FAULTS_SEED"] ?? String(randomInt(1_000_000));
/** The short form fits in `npm test`: each fault once, on few entries. */
const FORM = isShort
  ? {
      times: 1,
      casesAtStart: 3,
      originProcesses: 2,
      askersUnderFault: 3,
      depositors: 4,
      pauseMs: 300,
    }
  : {
      times: 4,
      casesAtStart: 8,
      // Every origin has a process of its own, which dies with its organisation.
      originProcesses: SLUGS.length,
      askersUnderFault: SLUGS.length,
      depositors: SLUGS.length,
      pauseMs: 50,
    };
const CLOCK_OFF_MS = 10 * 60 * 1000;
const OUTBOX_TIMEOUT_MS = 120_000;

const random = seededRandom(SEED);
let mesh: FaultMesh;
let workload: Workload;
let scenarios: Scenarios;

beforeAll(async () => {
  console.log(`FAULTS_SEED=${SEED}`);
  mesh = await startFaultMesh(FORM);
  workload = new Workload(mesh, random, FORM);
  scenarios = new Scenarios(mesh, workload, FORM.askersUnderFault);
  for (let i = 0; i < FORM.casesAtStart; i++) await workload.depositCase();
  workload.startAsking();
});

afterAll(async () => {
  await workload?.stopAsking();
  console.log(`FAULTS_SEED=${SEED}\n${scenarios?.table}`);
  await mesh?.stop();
});

async function expectKept(fault: () => Fault, times = FORM.times): Promise<void> {
  for (let i = 0; i < times; i++) {
    const next = fault();
    const report = await scenarios.run(next);
    console.log(`${next.name}: done`);
    expect(report, next.name).toEqual({ lostUnderFault: [], amiss: [], broken: [] });
  }
}

/** A Worker stopped at once, and started again on what it had stored. */
async function restartWorker(slug: string, environment: WorkerEnvironment = {}): Promise<void> {
  workload.markDown(slug);
  await mesh.local.restartWorker(slug, environment);
  workload.markUp(slug);
}

/** Takes an organisation away as a power cut would, Worker and origin at once. */
async function killOrganisation(slug: string): Promise<() => Promise<void>> {
  const group = mesh.originGroups.find((slugs) => slugs.includes(slug)) ?? [];
  const isAlone = group.length === 1;
  workload.markDown(slug);
  // An origin that shares its process with living ones is cut off instead.
  const reconnect = mesh.network.isolate([slug]);
  await Promise.all([
    mesh.local.killWorker(slug),
    ...(isAlone ? [mesh.local.stopOrigin(slug, "kill")] : []),
  ]);
  return async () => {
    await Promise.all([
      mesh.local.startWorker(slug),
      ...(isAlone ? [mesh.local.startOrigin(slug)] : []),
    ]);
    reconnect();
    workload.markUp(slug);
  };
}

test("all well: everything is acknowledged, and every organisation finds it", async () => {
  expect(workload.ledger.count("acknowledged")).toBe(FORM.casesAtStart * SLUGS.length);
  expect(await workload.check()).toEqual([]);
});

test("any two organisations killed at once", () =>
  expectKept(() => {
    const victims = random.sample(SLUGS, 2);
    return {
      name: `kill ${victims.join(" and ")}`,
      count: victims.length,
      inject: async () => {
        const revivals = await Promise.all(victims.map(killOrganisation));
        return async () => void (await Promise.all(revivals.map((revive) => revive())));
      },
    };
  }));

test("the mesh cut in two, and healed", () => {
  let cuts = 0;
  return expectKept(() => {
    const side = random.sample(SLUGS, SLUGS.length / 2);
    // Connections that break are noticed at once; silence has to be waited for, so the short form has none.
    const how = cuts % 2 === 0 ? "break" : "silence";
    cuts += 1;
    return {
      name: `cut (${how}) off ${side.join(", ")}`,
      count: 1,
      inject: async () => {
        const heal = mesh.network.partition(side, how);
        return async () => heal();
      },
    };
  });
});

test("every organisation restarted in turn", () =>
  expectKept(
    () => ({
      name: "restart each in turn",
      count: SLUGS.length,
      inject: async () => {
        for (const slug of random.sample(SLUGS, SLUGS.length)) {
          if (isShort) {
            workload.markDown(slug);
            await mesh.local.restartWorker(slug);
            workload.markUp(slug);
          } else {
            await (
              await killOrganisation(slug)
            )();
          }
        }
        // The last ones still refuse what they may have taken before.
        await sleep(UNSURE_MS);
        return async () => undefined;
      },
    }),
    1,
  ));

test("every Durable Object evicted", () =>
  expectKept(() => ({
    name: "evict every Durable Object",
    count: SLUGS.length,
    inject: async () => {
      await workload.stopAsking();
      let evicted = 0;
      for (const slug of SLUGS) evicted += await mesh.local.evictObjects(slug);
      // Of an organisation that nobody asked lately there may be none in memory.
      expect(evicted).toBeGreaterThan(0);
      workload.startAsking();
      return async () => undefined;
    },
  })));

test("crashes between storing and acknowledging", () =>
  expectKept(() => {
    const [first = "", second = "", publisher = ""] = random.sample(SLUGS, 3);
    const victims = [first, second];
    return {
      name: `crash of ${victims.join(" and ")} before they acknowledge`,
      count: victims.length,
      inject: async () => {
        const isDelivery: Rule = ({ to, path }) =>
          victims.includes(to) && /^\/v1\/peer\/(publish|withdraw)$/.test(path)
            ? { answerLost: true }
            : undefined;
        const restore = mesh.network.apply(isDelivery);
        await workload.depositCase([publisher, ...victims]);
        workload.markDown(...victims);
        await Promise.all(victims.map((slug) => mesh.local.killWorker(slug)));
        return async () => {
          restore();
          await Promise.all(victims.map((slug) => mesh.local.startWorker(slug)));
          workload.markUp(...victims);
        };
      },
    };
  }));

test("an origin that crashes after it stored an outcome tells the mesh when it is back", () =>
  expectKept(() => {
    const group = random.pick(mesh.originGroups);
    const [slug = ""] = group;
    return {
      name: `crash of the origin of ${slug} before it publishes`,
      count: 1,
      inject: async () => {
        const tried = Promise.withResolvers<void>();
        const restore = mesh.network.apply(({ from, path }) => {
          if (from !== slug || path !== "/v1/peer/publish") return undefined;
          tried.resolve();
          return { undelivered: "silence" };
        });
        const depositing = workload.depositCase([slug]);
        await tried.promise;
        workload.markDown(...group);
        await mesh.local.stopOrigin(slug, "kill");
        const number = await depositing;
        restore();
        return async () => {
          await mesh.local.startOrigin(...group);
          workload.markUp(...group);
          workload.ledger.expect(number, slug, "acknowledged");
        };
      },
    };
  }));

test("every alarm fired twice at once", () =>
  expectKept(() => ({
    name: "double-fire every alarm",
    count: SLUGS.length,
    inject: async () => {
      for (const slug of SLUGS) {
        await Promise.all([repairOnce(mesh, slug), repairOnce(mesh, slug)]);
      }
      return async () => undefined;
    },
  })));

test("one clock ten minutes ahead, and one behind", () =>
  expectKept(() => {
    const [ahead = "", behind = ""] = random.sample(SLUGS, 2);
    return {
      name: `clock of ${ahead} ahead, of ${behind} behind`,
      count: 2,
      unsound: [ahead, behind],
      inject: async () => {
        await Promise.all([
          restartWorker(ahead, { CLOCK_OFFSET_MS: String(CLOCK_OFF_MS) }),
          restartWorker(behind, { CLOCK_OFFSET_MS: String(-CLOCK_OFF_MS) }),
        ]);
        return async () =>
          void (await Promise.all([ahead, behind].map((slug) => restartWorker(slug))));
      },
    };
  }));

test("messages twice, late, out of order and cut off", () =>
  expectKept(() => ({
    name: "messages twice, late, out of order, cut off",
    count: 1,
    inject: async () => {
      const restore = mesh.network.apply(() => {
        const draw = random.unit();
        if (draw < 0.2) return { againAfterMs: random.below(500) };
        if (draw < 0.4) return { delayMs: random.below(300) };
        if (draw < 0.44) return { requestBytes: random.below(100) };
        if (draw < 0.48) return { answerBytes: random.below(100) };
        if (draw < 0.52) return { answerLost: true };
        return undefined;
      });
      return async () => restore();
    },
  })));

test("in the end every outbox is empty, and every organisation finds everything", async () => {
  const until = Date.now() + OUTBOX_TIMEOUT_MS;
  while ((await workload.settle()) > 0 && Date.now() < until) await sleep(250);
  expect(await workload.settle()).toBe(0);
  expect(workload.ledger.count("unsure")).toBe(0);
  expect(await workload.check()).toEqual([]);
});
