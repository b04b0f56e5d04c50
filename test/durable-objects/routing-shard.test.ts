import { env, evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { toStatements } from "../../protocol/index.ts";
import { membershipStub, shardStub } from "../../durable-objects/stubs.ts";
import {
  describe as describeNode,
  introduce,
  makeMesh,
  statementOf,
  symbolsOf,
  type MeshFixture,
} from "./mesh-fixture.ts";

const PROFILE = { age: 50, sex: "female" };
const NEAR = { age: 54, sex: "female" };
const FAR = { age: 12, sex: "male" };
const ALL_TREES = [0, 1, 2, 3, 4, 5, 6, 7];

let fixture: MeshFixture;

beforeEach(async () => {
  await reset();
  fixture = await makeMesh();
  await introduce(fixture);
});

function shard() {
  return shardStub(env, 0, 1);
}

function lookup(profile = PROFILE, now = Date.now()) {
  return shard().lookup({
    domain: fixture.domain.id,
    signature: symbolsOf(fixture, profile),
    trees: ALL_TREES,
    limit: 10,
    now,
  });
}

test("finds the origins whose entries are nearest, best first, each once", async () => {
  const [first, second] = fixture.identities;
  await shard().store([
    await statementOf(fixture, first, NEAR),
    await statementOf(fixture, first, { age: 60, sex: "female" }),
    await statementOf(fixture, second, { age: 64, sex: "female" }),
  ]);
  const found = await lookup();
  expect(found.origins.map(({ node }) => node)).toEqual([first.node, second.node]);
  expect(found.origins[0]?.statement).toEqual((await statementOf(fixture, first, NEAR)).statement);
});

test("does not return an entry that shares no root key with the query", async () => {
  await shard().store([await statementOf(fixture, fixture.identities[0], FAR)]);
  expect((await lookup()).origins).toEqual([]);
});

test("storing an entry again changes nothing, and an older one is stale", async () => {
  const [first] = fixture.identities;
  const newer = await statementOf(fixture, first, PROFILE, { seq: 5, count: 2 });
  const older = await statementOf(fixture, first, PROFILE, { seq: 4, count: 9 });
  expect(await shard().store([newer])).toEqual(["new"]);
  expect(await shard().store([newer, older])).toEqual(["same", "stale"]);
  expect(await shard().size()).toBe(1);
  expect((await lookup()).origins[0]?.statement).toEqual(newer.statement);
});

test("a statement of the same seq with other content does not replace the first", async () => {
  const [first] = fixture.identities;
  const held = await statementOf(fixture, first, PROFILE, { seq: 5, count: 1 });
  const other = await statementOf(fixture, first, PROFILE, { seq: 5, count: 7 });
  expect(await shard().store([held])).toEqual(["new"]);
  expect(await shard().store([other])).toEqual(["stale"]);
  expect((await lookup()).origins[0]?.statement).toEqual(held.statement);
});

test("a withdrawn entry is not found again, also if it is sent once more", async () => {
  const [first] = fixture.identities;
  const entry = await statementOf(fixture, first, PROFILE, { seq: 1 });
  await shard().store([entry]);
  await shard().store([await statementOf(fixture, first, PROFILE, { seq: 2, count: 0 })]);
  expect((await lookup()).origins).toEqual([]);
  expect(await shard().store([entry])).toEqual(["stale"]);
  expect((await lookup()).origins).toEqual([]);
});

test("a withdrawn entry can be published again with a higher seq", async () => {
  const [first] = fixture.identities;
  await shard().store([await statementOf(fixture, first, PROFILE, { seq: 2, count: 0 })]);
  await shard().store([await statementOf(fixture, first, PROFILE, { seq: 3 })]);
  expect((await lookup()).origins).toHaveLength(1);
});

test("answers the same after it was evicted from memory", async () => {
  const [first, second] = fixture.identities;
  await shard().store([
    await statementOf(fixture, first, PROFILE),
    await statementOf(fixture, second, NEAR),
    await statementOf(fixture, second, NEAR, { seq: 2, count: 0 }),
  ]);
  const before = await lookup();
  await evictDurableObject(shard());
  expect(await lookup()).toEqual(before);
  expect(before.origins).toHaveLength(1);
});

test("an entry is not found once its node's lease is over", async () => {
  await shard().store([await statementOf(fixture, fixture.identities[0], PROFILE)]);
  expect((await lookup(PROFILE, Date.now() + 25 * 60 * 60 * 1000)).origins).toEqual([]);
});

test("an entry is not found once its node raised its epoch", async () => {
  const [first] = fixture.identities;
  await shard().store([await statementOf(fixture, first, PROFILE)]);
  const raised = await describeNode(first, fixture.mesh, { seq: 2, epoch: 1 });
  const members = { ...fixture.members, statements: toStatements([raised]) };
  await membershipStub(env).accept(fixture.mesh, members, Date.now());
  // By then every isolate has looked at the membership again.
  const later = Date.now() + 60_000;
  expect((await lookup(PROFILE, later)).origins).toEqual([]);
  await shard().store([await statementOf(fixture, first, PROFILE, { epoch: 1 })]);
  expect((await lookup(PROFILE, later)).origins).toHaveLength(1);
});

test("an entry is one row, whichever trees bring it", async () => {
  await shard().store([await statementOf(fixture, fixture.identities[0], PROFILE)]);
  const rows = await runInDurableObject(shard(), (_, state) =>
    state.storage.sql.exec("SELECT * FROM entries").toArray(),
  );
  expect(rows).toHaveLength(1);
});

test("keeps finding the right entries while many are replaced and withdrawn", async () => {
  const [first] = fixture.identities;
  for (let seq = 1; seq <= 40; seq++) {
    const ages = Array.from({ length: 40 }, (_, i) => 5 * i);
    const statements = await Promise.all(
      ages.map((age) =>
        statementOf(
          fixture,
          first,
          { age, sex: "female" },
          { seq, count: age % 10 === 0 ? seq : 0 },
        ),
      ),
    );
    await shard().store(statements);
  }
  expect(await shard().size()).toBe(20);
  const found = await lookup({ age: 10, sex: "female" });
  const expected = await statementOf(
    fixture,
    first,
    { age: 10, sex: "female" },
    { seq: 40, count: 40 },
  );
  expect(found.origins[0]?.statement).toEqual(expected.statement);
});
