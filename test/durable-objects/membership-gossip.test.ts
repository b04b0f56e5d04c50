import { env, reset, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { Env } from "../../durable-objects/env.ts";
import { Membership } from "../../durable-objects/membership.ts";
import { membershipStub } from "../../durable-objects/stubs.ts";
import {
  GossipExchange,
  LEASE_MS,
  MembershipState,
  openIdentity,
  openSealingKey,
  secretKeyFrom,
  signVote,
  toStatements,
  verifyStatements,
  type Descriptor,
  type Identity,
  type Statement,
} from "../../protocol/index.ts";
import { describe as describeNode, makeMesh, type MeshFixture } from "./mesh-fixture.ts";

/** A hurried round, with its jitter; a usual one comes after 7 s at the earliest. */
const HURRY_MAX_MS = 1_500;
const NOWHERE = "http://127.0.0.1:9";
const SEED = new Uint8Array(32).fill(1);

let fixture: MeshFixture;
let newcomer: Identity;

beforeEach(async () => {
  await reset();
  fixture = await makeMesh();
  newcomer = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
});

function stub() {
  return membershipStub(env);
}

async function introduce(statements: readonly Statement[] = fixture.members.statements) {
  const members = { ...fixture.members, statements: [...statements] };
  expect(await stub().accept(fixture.mesh, members, Date.now())).toBeUndefined();
}

async function votesOn(
  subject: Identity,
  verdict: "admit" | "revoke",
  at = Date.now(),
): Promise<Statement[]> {
  const votes = fixture.identities.map((voter) =>
    signVote(voter, fixture.mesh, subject.publicKey, verdict, at),
  );
  return (await Promise.all(votes)).map((vote) => ({ type: "vote", vote }));
}

async function known(): Promise<number> {
  return (await stub().members())?.statements.length ?? 0;
}

/** Does something with the object as it is in a node whose environment is complete. */
async function inNode<T>(
  act: (node: Membership, state: DurableObjectState) => Promise<T>,
  changes: Partial<Env> = {},
): Promise<T> {
  const complete: Env = {
    ...env,
    MESH_ID: fixture.mesh,
    NODE_KEY: secretKeyFrom(SEED),
    REQUESTER_TOKEN: "a-token-of-the-test",
    NODE_NAME: "First",
    MESH_URL: "https://first.example",
    ...changes,
  };
  return runInDurableObject(stub(), (_, state) => act(new Membership(state, complete), state));
}

function descriptorsOf(statements: readonly Statement[], identity: Identity): Descriptor[] {
  return statements.flatMap((held) =>
    held.type === "descriptor" && held.descriptor.descriptor.key === identity.publicKey
      ? [held.descriptor]
      : [],
  );
}

test("P-61: takes in a newcomer whom enough voted for, and nothing of one whom too few did", async () => {
  await introduce();
  const before = await known();
  const descriptor = toStatements([await describeNode(newcomer, fixture.mesh)]);
  const votes = await votesOn(newcomer, "admit");
  const now = Date.now();
  expect(await stub().join([...descriptor, ...votes.slice(1)], now)).toBe("not-admitted");
  expect(await stub().join(votes, now)).toBe("not-admitted");
  const over = await describeNode(newcomer, fixture.mesh, { issuedAt: now - 10, expiresAt: now });
  expect(await stub().join([...toStatements([over]), ...votes], now)).toBe("not-admitted");
  expect(await known()).toBe(before);
  expect(await stub().join([...descriptor, ...votes], now)).toMatchObject({
    charter: fixture.members.charter,
  });
  expect(await known()).toBe(before + 3);
});

test("P-61: is not ready to take anyone in before it knows the mesh", async () => {
  const descriptor = toStatements([await describeNode(newcomer, fixture.mesh)]);
  expect(await stub().join(descriptor, Date.now())).toBe("not-ready");
});

test("P-59: an asker that knows nothing and one that knows more end up knowing the same", async () => {
  await introduce();
  const asker = new MembershipState(fixture.members.charter);
  asker.merge(await votesOn(newcomer, "admit"));
  asker.merge(toStatements([await describeNode(newcomer, fixture.mesh)]));
  const exchange = new GossipExchange(asker, 0);
  let request = exchange.open([]);
  for (let requests = 1; requests <= 3; requests++) {
    const statements = [...request.statements];
    const held = request.held?.map((bucket) => ({ ...bucket, hashes: [...bucket.hashes] }));
    const answer = await stub().gossip({ digest: request.digest, statements, held }, Date.now());
    if (!answer) throw new Error("it knows its mesh");
    const { good } = await verifyStatements(asker, answer.response.statements, Date.now());
    asker.merge(good);
    const next = exchange.next(answer.response);
    if (!next) break;
    request = next;
  }
  expect(exchange.isEqual).toBe(true);
  expect(asker.size).toBe(5);
  expect(await known()).toBe(5);
});

test("P-45: keeps nothing of gossip that does not verify, and still answers", async () => {
  await introduce();
  const [first] = fixture.identities;
  const before = await known();
  const forged = {
    ...(await describeNode(first, fixture.mesh, { seq: 8 })),
    signature: "A".repeat(86),
  };
  const statements = toStatements([forged, await describeNode(newcomer, fixture.mesh)]);
  const digest = new MembershipState(fixture.members.charter).digest();
  const answer = await stub().gossip({ digest, statements }, Date.now());
  expect(answer?.learnt).toBe(0);
  expect(await known()).toBe(before);
});

test("P-55: a node describes itself, and says at once in which domains its origin holds outcomes", async () => {
  const [first, second] = fixture.identities;
  await introduce(toStatements([await describeNode(second, fixture.mesh)]));
  await inNode(async (node) => {
    await node.accept(fixture.mesh, fixture.members, Date.now());
    await node.setHoldings({ domains: [fixture.domain.id], linked: false }, Date.now());
    const [own, ...others] = descriptorsOf((await node.members())?.statements ?? [], first);
    expect(others).toEqual([]);
    expect(own?.descriptor).toMatchObject({
      name: "First",
      domains: [fixture.domain.id],
      epoch: 0,
    });
  });
});

test("P-120: a node says at once to which key queries to its origin are sealed, and that there is none", async () => {
  const [first, second] = fixture.identities;
  await introduce(toStatements([await describeNode(second, fixture.mesh)]));
  const { publicKey: sealingKey } = await openSealingKey(secretKeyFrom(new Uint8Array(32).fill(7)));
  const other = await openSealingKey(secretKeyFrom(new Uint8Array(32).fill(8)));
  await inNode(async (node) => {
    await node.accept(fixture.mesh, fixture.members, Date.now());
    const said = async () =>
      descriptorsOf((await node.members())?.statements ?? [], first)[0]?.descriptor;
    for (const key of [sealingKey, other.publicKey]) {
      await node.setHoldings({ domains: [], linked: false, sealingKey: key }, Date.now());
      expect((await said())?.sealingKey).toBe(key);
    }
    const { seq } = (await said()) ?? {};
    await node.setHoldings({ domains: [], linked: false, sealingKey: other.publicKey }, Date.now());
    expect((await said())?.seq).toBe(seq);
    await node.setHoldings({ domains: [], linked: false }, Date.now());
    expect(await said()).not.toHaveProperty("sealingKey");
  });
});

test("P-139: a node whose origin holds a link says that it is asked there, unless it has an address", async () => {
  const [first, second] = fixture.identities;
  await introduce(toStatements([await describeNode(second, fixture.mesh)]));
  const told = (linked: boolean, changes: Partial<Env> = {}): Promise<string | undefined> =>
    inNode(async (node) => {
      await node.accept(fixture.mesh, fixture.members, Date.now());
      await node.setHoldings({ domains: [], linked }, Date.now());
      const [own] = descriptorsOf((await node.members())?.statements ?? [], first);
      return own?.descriptor.originUrl;
    }, changes);
  expect(await told(true)).toBe("https://first.example/v1/origin");
  const originUrl = "https://origin.example.org";
  expect(await told(true, { ORIGIN_URL: originUrl })).toBe(originUrl);
  expect(await told(false)).toBeUndefined();
});

test("P-55: a node that was away for longer than its lease comes back with a new epoch", async () => {
  const [first] = fixture.identities;
  const now = Date.now();
  const old = await describeNode(first, fixture.mesh, { issuedAt: now - LEASE_MS, expiresAt: now });
  await introduce(toStatements([old]));
  await inNode(async (node) => {
    await node.alarm();
    const [own] = descriptorsOf((await node.members())?.statements ?? [], first);
    expect(own?.descriptor).toMatchObject({ epoch: 1 });
  });
});

test("P-60: a peer that can not be reached is counted as failing; an alarm that rings twice does no harm", async () => {
  const [, second] = fixture.identities;
  await introduce(toStatements([await describeNode(second, fixture.mesh, { meshUrl: NOWHERE })]));
  await inNode(async (node, state) => {
    await node.alarm();
    const after = await node.members();
    await Promise.all([node.alarm(), node.alarm()]);
    expect(await node.members()).toEqual(after);
    expect(await state.storage.getAlarm()).toBeGreaterThan(Date.now());
    const status = await node.status();
    expect(status).toMatchObject({ rounds: 2, statements: 2, requests: 2, inSync: 0 });
    expect(status.peerHealth).toMatchObject([
      { node: second.node, failures: 2, lastFailure: "unreachable" },
    ]);
    // Written down: a restart still shows who fails.
    const again = new Membership(state, env);
    expect((await again.status()).peerHealth).toMatchObject([{ node: second.node }]);
  });
});

test("opens storage of version 1: its charter was of a form that has another mesh id, so it starts anew", async () => {
  await runInDurableObject(stub(), async (_, state) => {
    await state.storage.deleteAll();
    state.storage.sql.exec(`
      CREATE TABLE schema_version (version INTEGER NOT NULL);
      INSERT INTO schema_version (version) VALUES (1);
      CREATE TABLE charter (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL);
      CREATE TABLE descriptors (node TEXT PRIMARY KEY, seq INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO charter VALUES (1, '{"charter":{"version":1}}');
      INSERT INTO descriptors VALUES ('a', 1, '{}');
    `);
    const node = new Membership(state, env);
    expect(await node.members()).toBeUndefined();
    expect(await node.accept(fixture.mesh, fixture.members, Date.now())).toBeUndefined();
    expect((await node.members())?.statements).toHaveLength(2);
  });
});

test("P-60: a revocation has the next round within seconds, and a vote that is not enough has not", async () => {
  const descriptor = toStatements([await describeNode(newcomer, fixture.mesh)]);
  await introduce([
    ...fixture.members.statements,
    ...(await votesOn(newcomer, "admit", Date.now() - 1000)),
    ...descriptor,
  ]);
  const [first, ...others] = await votesOn(newcomer, "revoke");
  if (!first) throw new Error("no vote");
  await inNode(async (node, state) => {
    await node.ensureAlarm();
    const before = await state.storage.getAlarm();
    expect(before).toBeGreaterThan(Date.now() + HURRY_MAX_MS);
    await node.learn([first], Date.now());
    expect(await state.storage.getAlarm()).toBe(before);
    await node.learn(others, Date.now());
    expect(await state.storage.getAlarm()).toBeLessThanOrEqual(Date.now() + HURRY_MAX_MS);
  });
});
