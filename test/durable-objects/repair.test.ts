import {
  env,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { membershipView } from "../../durable-objects/membership-view.ts";
import { RoutingShardStore } from "../../durable-objects/routing-shard-store.ts";
import {
  layoutsStub,
  membershipStub,
  rangeOf,
  shardOf,
  shardStub,
} from "../../durable-objects/stubs.ts";
import { PENDING_ROUNDS_MAX, SLOTS, toStatements } from "../../protocol/index.ts";
import {
  describe as describeNode,
  introduce,
  makeMesh,
  statementOf,
  symbolsOf,
  type MeshFixture,
} from "./mesh-fixture.ts";

const PROFILE = { age: 50, sex: "female" };
const OTHER = { age: 12, sex: "male" };
const ALL_TREES = [0, 1, 2, 3, 4, 5, 6, 7];

/** A request that was sent keeps its object in memory until its time is up: an eviction waits that long. */
const EVICTION = { timeout: 60_000 };

let fixture: MeshFixture;

beforeEach(async () => {
  await reset();
  const made = await makeMesh();
  // The other member can not be reached, and is known not to be at once.
  const descriptors = await Promise.all(
    made.identities.map((identity) =>
      describeNode(identity, made.mesh, { meshUrl: "http://127.0.0.1:9" }),
    ),
  );
  fixture = { ...made, members: { ...made.members, statements: toStatements(descriptors) } };
  await introduce(fixture);
  // The isolate outlives the storage: it must not go on with the membership of the test before.
  await membershipView(env, Date.now(), 0);
});

function shard() {
  return shardStub(env, 0, 1);
}

function lookup(stub = shard()) {
  return stub.lookup({
    domain: fixture.domain.id,
    signature: symbolsOf(fixture, PROFILE),
    trees: ALL_TREES,
    limit: 10,
    now: Date.now(),
  });
}

async function raiseEpoch(): Promise<void> {
  const raised = await describeNode(fixture.identities[0], fixture.mesh, { seq: 2, epoch: 1 });
  const members = { ...fixture.members, statements: toStatements([raised]) };
  await membershipStub(env).accept(fixture.mesh, members, Date.now());
}

test("P-67: lists the trees of slots that it came to hold as pending, and answers them with what it has", async () => {
  await shard().store([await statementOf(fixture, fixture.identities[0], PROFILE)]);
  const found = await lookup();
  expect(found.origins).toHaveLength(1);
  expect(found.pending).toEqual(ALL_TREES);
  expect(found.unheld).toEqual([]);
});

test(
  "P-67: waits for others that can not be reached only so many rounds, also if it is evicted meanwhile",
  EVICTION,
  async () => {
    const reports = [];
    for (let round = 0; round < PENDING_ROUNDS_MAX; round++)
      reports.push(await shard().repairNow());
    expect(reports.map(({ pending }) => pending)).toEqual([
      ...Array.from({ length: PENDING_ROUNDS_MAX - 1 }, () => SLOTS),
      0,
    ]);
    expect(reports.every(({ failed }) => failed === 1)).toBe(true);
    await evictDurableObject(shard());
    expect((await shard().status()).slots).toEqual({ held: SLOTS, pending: 0, handingOff: 0 });
  },
);

test("P-68: drops what nodes published in a former epoch, and nothing else", EVICTION, async () => {
  const [first, second] = fixture.identities;
  await shard().store([
    await statementOf(fixture, first, PROFILE),
    await statementOf(fixture, first, OTHER, { seq: 2, count: 0 }),
    await statementOf(fixture, second, PROFILE),
    await statementOf(fixture, second, OTHER, { seq: 2, count: 0 }),
  ]);
  expect((await shard().status()).entries).toEqual({ live: 2, tombstones: 2, lapsed: 0 });
  await raiseEpoch();
  expect(await shard().repairNow()).toMatchObject({ dropped: 2 });
  expect((await shard().status()).entries).toEqual({ live: 1, tombstones: 1, lapsed: 0 });
  expect((await lookup()).origins.map(({ node }) => node)).toEqual([second.node]);
  await evictDurableObject(shard());
  expect((await lookup()).origins.map(({ node }) => node)).toEqual([second.node]);
  expect(await shard().repairNow()).toMatchObject({ dropped: 0 });
});

test("alarms that fire twice, and together with other calls, do no more than one", async () => {
  await shard().store([await statementOf(fixture, fixture.identities[0], PROFILE)]);
  await raiseEpoch();
  const [one, two, ...found] = await Promise.all([
    shard().repairNow(),
    shard().repairNow(),
    lookup(),
    runDurableObjectAlarm(shard()),
    runDurableObjectAlarm(shard()),
  ]);
  expect(one.dropped + two.dropped).toBeLessThanOrEqual(1);
  expect(found).toHaveLength(3);
  expect(await shard().size()).toBe(0);
  const alarm = await runInDurableObject(shard(), (_, state) => state.storage.getAlarm());
  expect(alarm).not.toBeNull();
});

test(
  "P-65: its digests are those of what it holds, and come again when it wakes",
  EVICTION,
  async () => {
    const before = await shard().digests({ slots: [...Array(SLOTS).keys()] });
    const entry = await statementOf(fixture, fixture.identities[0], PROFILE);
    await shard().store([entry]);
    const held = await shard().digests({ slots: [...Array(SLOTS).keys()] });
    expect(held.digests).not.toBe(before.digests);
    await evictDurableObject(shard());
    expect(await shard().digests({ slots: [...Array(SLOTS).keys()] })).toEqual(held);
    const items = await shard().items([...Array(SLOTS).keys()], undefined, 100);
    expect(items).toMatchObject({ count: 8, hasMore: false });
    expect(await shard().items([...Array(SLOTS).keys()], undefined, 7)).toMatchObject({
      count: 7,
      hasMore: true,
    });
  },
);

test("reads what version 1 of its schema wrote, and has it all still", EVICTION, async () => {
  const entry = await statementOf(fixture, fixture.identities[0], PROFILE);
  await runInDurableObject(shard(), (_, { storage }) => {
    storage.sql.exec("DROP TABLE entries");
    storage.sql.exec("DROP TABLE holdings");
    storage.sql.exec(
      `CREATE TABLE entries (entry_key BLOB PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
       trees BLOB NOT NULL, statement BLOB NOT NULL) WITHOUT ROWID`,
    );
    storage.sql.exec(
      "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
      Uint8Array.from(entry.key).buffer,
      entry.epoch,
      entry.seq,
      new Uint8Array(8).buffer,
      Uint8Array.from(entry.statement).buffer,
    );
    storage.sql.exec("UPDATE schema_version SET version = 1");
  });
  await evictDurableObject(shard());
  const found = await lookup();
  expect(found.origins.map(({ statement }) => statement)).toEqual([entry.statement]);
  // It had these slots before they had states: nobody has to confirm them.
  expect(found.pending).toEqual([]);
});

test("refuses a schema that newer code wrote", async () => {
  await runInDurableObject(shard(), (_, { storage }) => {
    storage.sql.exec("UPDATE schema_version SET version = 3");
    expect(() => new RoutingShardStore(storage)).toThrow(/schema 3/);
    storage.sql.exec("UPDATE schema_version SET version = 2");
  });
});

test("P-70: a shard of a former number moves what it holds, and is no more", async () => {
  const entry = await statementOf(fixture, fixture.identities[0], PROFILE);
  await layoutsStub(env).use(2);
  for (const number of [0, 1]) {
    const former = shardStub(env, number, 2);
    await runInDurableObject(former, (_, { storage }) => {
      const store = new RoutingShardStore(storage);
      store.put(entry);
    });
    await evictDurableObject(former);
    await former.poke();
  }
  await expect.poll(() => layoutsStub(env).use(1), { timeout: 30_000 }).toEqual([]);
  expect((await lookup()).origins.map(({ statement }) => statement)).toEqual([entry.statement]);
  expect((await shardStub(env, 0, 2).entries([entry.key]))[0]).toBeUndefined();
});

test("every slot is in the range of exactly the shard that it belongs to, however many there are", () => {
  for (const shards of [1, 2, 3, 5, 7, 256]) {
    const ranges = Array.from({ length: shards }, (_, i) => rangeOf(i, shards));
    expect(ranges[0]?.from).toBe(0);
    expect(ranges.at(-1)?.to).toBe(SLOTS);
    for (const [i, { from, to }] of ranges.entries()) {
      expect([shardOf(from, shards), shardOf(to - 1, shards)]).toEqual([i, i]);
    }
  }
});
