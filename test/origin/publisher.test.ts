import { afterEach, describe, expect, test, vi } from "vitest";
import { loadDomains, loadRecords, openStore, readOriginConfig } from "../../origin/index.ts";
import { prepareRecord } from "../../origin/prepare-record.ts";
import { contentId, toBase64Url, type OutcomeRecord } from "../../protocol/index.ts";
import { ontologyBytes, ward, wardRecord } from "../support/origin-domain.ts";
import { replicasHolding, startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  startTestOrigin,
  writeOriginFiles,
  type TestOrigin,
} from "../support/origin-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function newMesh(size: number, replicas?: number): Promise<TestMesh> {
  const mesh = await startTestMesh(size, replicas);
  cleanups.push(() => mesh.stop());
  return mesh;
}

async function newOrigin(configFile: string): Promise<TestOrigin> {
  const started = await startTestOrigin(configFile);
  cleanups.push(() => started.origin.close());
  return started;
}

const signatureOf = (record: OutcomeRecord): Uint8Array => {
  const prepared = prepareRecord(ward, record);
  if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
  return prepared.value.signature;
};

/** Records with signatures of their own. */
const cases = (count: number): OutcomeRecord[] =>
  Array.from({ length: count }, (_, i) =>
    wardRecord(`case-${i}`, { profile: { age: i % 100, drugs: [`drug-${i}`], signs: ["T:fast"] } }),
  );

async function deposit(url: string, record: OutcomeRecord): Promise<unknown> {
  const response = await asOperator(url, "POST", "/v1/outcomes", { domain: ward.id, record });
  expect(response.status).toBe(201);
  return response.json();
}

const statements = (mesh: TestMesh): number =>
  mesh.members.reduce((sum, { node }) => sum + node.received.length, 0);

/** True if each record's entry is at every replica of its slots, and at no other node. */
function isPublished(mesh: TestMesh, records: readonly OutcomeRecord[]): boolean {
  return records.every((record) => {
    const { wanted, holding } = replicasHolding(mesh, ward, signatureOf(record));
    return wanted.length > 0 && wanted.join() === holding.join();
  });
}

async function whenPublished(mesh: TestMesh, records: readonly OutcomeRecord[]): Promise<void> {
  await vi.waitFor(() => expect(isPublished(mesh, records)).toBe(true), 15_000);
}

async function load(configFile: string, records: readonly OutcomeRecord[]): Promise<void> {
  const config = await readOriginConfig(configFile, {});
  const { domains } = await loadDomains(config);
  const store = openStore(config.database, domains);
  await loadRecords(
    store,
    ward,
    records.map((raw, i) => ({ line: i + 1, raw })),
  );
  store.close();
}

describe("publishing", () => {
  test("brings every loaded entry to every replica of its slots, and to no other node", async () => {
    const mesh = await newMesh(5);
    const configFile = await writeOriginFiles(mesh);
    const records = cases(120);
    await load(configFile, records);
    const { origin } = await newOrigin(configFile);
    await origin.publish();
    await whenPublished(mesh, records);
    expect(statements(mesh)).toBeGreaterThan(120);
  });

  test("gives the own Worker domain and ontology at start, and others the domain when they lack it", async () => {
    const mesh = await newMesh(3, 3);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    const [own, ...others] = mesh.members;
    await vi.waitFor(() => {
      expect(own.node.knows(ward)).toBe(true);
      expect(own.node.ontologies).toEqual(new Set([contentId(ontologyBytes)]));
    });
    expect(others.some(({ node }) => node.knows(ward))).toBe(false);
    expect(await deposit(url, wardRecord("a"))).toMatchObject({
      publication: { entries: 1, acknowledged: 1, missing: [] },
    });
    expect(others.every(({ node }) => node.knows(ward))).toBe(true);
  });

  test("sends batches of 500 at most", async () => {
    const mesh = await newMesh(1, 1);
    const configFile = await writeOriginFiles(mesh);
    const records = cases(1201);
    await load(configFile, records);
    const { origin } = await newOrigin(configFile);
    await origin.publish();
    // The node refuses a longer batch as a whole: its schema is the protocol's.
    await vi.waitFor(() => expect(mesh.members[0].node.entries).toHaveLength(1201), 20_000);
  }, 30_000);

  test("finds what another process loads while the origin runs", async () => {
    const mesh = await newMesh(2);
    const configFile = await writeOriginFiles(mesh);
    await newOrigin(configFile);
    expect(statements(mesh)).toBe(0);
    await load(configFile, cases(3));
    await whenPublished(mesh, cases(3));
  });

  test("starts without its Worker, and publishes when that comes up", async () => {
    const mesh = await newMesh(2);
    const [own] = mesh.members;
    await own.node.stop();
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    expect(await deposit(url, wardRecord("a"))).toMatchObject({
      publication: {
        entries: 1,
        acknowledged: 0,
        missing: [{ node: own.identity.node, reason: "members-unknown" }],
      },
    });
    await own.node.start();
    await whenPublished(mesh, [wardRecord("a")]);
  }, 15_000);
});

describe("a node that fails", () => {
  test("is named to the depositor, and gets the entry when it is up again; the others are not asked twice", async () => {
    const mesh = await newMesh(3, 3);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    const [, , down] = mesh.members;
    if (!down) throw new Error("no third node");
    await down.node.stop();
    const answer = await deposit(url, wardRecord("a"));
    expect(answer).toMatchObject({
      publication: {
        entries: 1,
        acknowledged: 1,
        complete: 0,
        missing: [{ node: down.identity.node, name: "node 2", reason: "unreachable" }],
      },
    });
    const status: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
    expect(status).toMatchObject({
      outbox: {
        waiting: 1,
        unacknowledged: 0,
        missing: [{ node: down.identity.node, entries: 1 }],
      },
    });
    await vi.waitFor(() => expect(statements(mesh)).toBeGreaterThanOrEqual(2), 5_000);
    const before = mesh.members.map(({ node }) => node.received.length);
    await down.node.start();
    await whenPublished(mesh, [wardRecord("a")]);
    expect(mesh.members.slice(0, 2).map(({ node }) => node.received.length)).toEqual(
      before.slice(0, 2),
    );
  }, 20_000);

  test("by refusing does not keep other entries or nodes from being served", async () => {
    const mesh = await newMesh(4, 2);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    const [, bad] = mesh.members;
    if (!bad) throw new Error("no second node");
    bad.node.mode = "refuse";
    const records = cases(8);
    for (const record of records) await deposit(url, record);
    for (const record of records) {
      const { wanted, holding } = replicasHolding(mesh, ward, signatureOf(record));
      expect(holding).toEqual(wanted.filter((node) => node !== bad.identity.node));
    }
    bad.node.mode = "answer";
    await whenPublished(mesh, records);
  }, 20_000);
});

describe("a quorum", () => {
  test("P-66: two of three replicas acknowledge an entry, one does not; who is missing is served by the next attempts", async () => {
    const mesh = await newMesh(3, 3);
    const { url, origin } = await newOrigin(await writeOriginFiles(mesh));
    const [, second, third] = mesh.members;
    if (!second || !third) throw new Error("no three nodes");
    third.node.mode = "refuse";
    expect(await deposit(url, wardRecord("a"))).toMatchObject({
      publication: { entries: 1, acknowledged: 1, complete: 0 },
    });
    second.node.mode = "refuse";
    const record = wardRecord("b", { profile: { age: 90, sex: "male", signs: ["T:cough"] } });
    expect(await deposit(url, record)).toMatchObject({
      publication: { entries: 1, acknowledged: 0, complete: 0 },
    });
    const status: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
    expect(status).toMatchObject({ outbox: { waiting: 2, unacknowledged: 1 } });
    second.node.mode = "answer";
    third.node.mode = "answer";
    await whenPublished(mesh, [wardRecord("a"), record]);
    await vi.waitFor(async () => {
      await origin.publish();
      const after: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
      expect(after).toMatchObject({ outbox: { waiting: 0, unacknowledged: 0, missing: [] } });
    }, 15_000);
  }, 40_000);

  test("P-66: a depositor does not wait for a silent node that a majority can do without", async () => {
    const mesh = await newMesh(3, 3);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    const [, , silent] = mesh.members;
    if (!silent) throw new Error("no third node");
    silent.node.mode = "lose";
    const deposited = deposit(url, wardRecord("a"));
    await vi.waitFor(() => expect(silent.node.lost).toBeGreaterThan(0), 5_000);
    silent.node.mode = "answer";
    // Within a test's time; a call of a node may take a minute.
    expect(await deposited).toMatchObject({
      publication: {
        entries: 1,
        acknowledged: 1,
        complete: 0,
        missing: [{ node: silent.identity.node, reason: "timed-out" }],
      },
    });
    await whenPublished(mesh, [wardRecord("a")]);
  }, 20_000);

  test("P-66: of two replicas both must store an entry, as one of them is no majority", async () => {
    const mesh = await newMesh(2, 2);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    const [, second] = mesh.members;
    if (second) second.node.mode = "refuse";
    expect(await deposit(url, wardRecord("a"))).toMatchObject({
      publication: { entries: 1, acknowledged: 0, complete: 0 },
    });
  });

  test("a renewed lease that moves nothing has nobody asked again who stored an entry", async () => {
    const mesh = await newMesh(3, 3);
    const { url, origin } = await newOrigin(await writeOriginFiles(mesh));
    const [, , third] = mesh.members;
    if (!third) throw new Error("no third node");
    third.node.mode = "refuse";
    await deposit(url, wardRecord("a"));
    // The origin by itself may have begun to send it as well.
    await origin.publish();
    const before = mesh.members.slice(0, 2).map(({ node }) => node.received.length);
    await mesh.announce();
    third.node.mode = "answer";
    await vi.waitFor(async () => {
      await origin.publish();
      expect(isPublished(mesh, [wardRecord("a")])).toBe(true);
    }, 15_000);
    expect(mesh.members.slice(0, 2).map(({ node }) => node.received.length)).toEqual(before);
  }, 20_000);
});

describe("P-71: a raised epoch", () => {
  test("of the own node has the origin publish everything again under it, and nothing that was withdrawn", async () => {
    const mesh = await newMesh(3, 3);
    const { url, origin } = await newOrigin(await writeOriginFiles(mesh));
    const records = cases(3);
    for (const record of records) await deposit(url, record);
    await asOperator(url, "DELETE", `/v1/outcomes/${ward.id}/case-2`);
    await mesh.announce(mesh.members, { epoch: 4 });
    // The first answer tells of the new membership.
    await deposit(url, wardRecord("another"));
    await vi.waitFor(async () => {
      await origin.publish();
      for (const { node } of mesh.members) {
        const current = node.received.filter(({ epoch }) => epoch === 4);
        const signatures = new Set(current.map(({ signature }) => toBase64Url(signature)));
        expect(signatures).toEqual(
          new Set(
            [...records.slice(0, 2), wardRecord("another")].map((record) =>
              toBase64Url(signatureOf(record)),
            ),
          ),
        );
        expect(current.every(({ count }) => count > 0)).toBe(true);
      }
    }, 15_000);
  }, 20_000);
});

describe("a change", () => {
  test("of a record withdraws the old entry and publishes the new one", async () => {
    const mesh = await newMesh(3, 3);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    await deposit(url, wardRecord("a"));
    const changed = wardRecord("a", { profile: { age: 90, sex: "male", signs: ["T:cough"] } });
    expect(await deposit(url, changed)).toMatchObject({
      publication: { entries: 2, acknowledged: 2, missing: [] },
    });
    for (const { node } of mesh.members) {
      expect(node.entries.map(({ signature }) => toBase64Url(signature))).toEqual([
        toBase64Url(signatureOf(changed)),
      ]);
    }
  });

  test("by deletion withdraws the entry when its last record goes, and lowers the count before", async () => {
    const mesh = await newMesh(3, 3);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    await deposit(url, wardRecord("a"));
    await deposit(url, wardRecord("b / 50%"));
    const counts = () => mesh.members.map(({ node }) => node.entries.map(({ count }) => count));
    expect(counts()).toEqual([[2], [2], [2]]);
    for (const [id, left] of [
      ["b / 50%", [[1], [1], [1]]],
      ["a", [[], [], []]],
    ] as const) {
      const path = `/v1/outcomes/${ward.id}/${encodeURIComponent(id)}`;
      const response = await asOperator(url, "DELETE", path);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        publication: { entries: 1, acknowledged: 1, complete: 1, missing: [] },
      });
      expect(counts()).toEqual(left);
      expect((await asOperator(url, "DELETE", path)).status).toBe(404);
    }
  });

  test("of membership is noticed by a node's answer, and the new replicas are served at once", async () => {
    const mesh = await newMesh(4, 2);
    const [own, second] = mesh.members;
    if (!second) throw new Error("no second node");
    await mesh.announce([own, second]);
    const { url } = await newOrigin(await writeOriginFiles(mesh));
    await deposit(url, wardRecord("a"));
    await mesh.announce();
    const asked = own.node.membershipRequests;
    const record = cases(1)[0] ?? wardRecord("b");
    expect(await deposit(url, record)).toMatchObject({
      publication: { entries: 1, acknowledged: 1, missing: [] },
    });
    expect(isPublished(mesh, [record])).toBe(true);
    expect(own.node.membershipRequests).toBe(asked + 1);
  });

  test("of the minimum count shows in what a deposit reports", async () => {
    const mesh = await newMesh(2);
    const configFile = await writeOriginFiles(mesh, { policy: { minimumCount: 2 } });
    const { url } = await newOrigin(configFile);
    expect(await deposit(url, wardRecord("a"))).toMatchObject({
      publication: { entries: 0, acknowledged: 0, missing: [] },
    });
    expect(statements(mesh)).toBe(0);
    const status: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
    expect(status).toMatchObject({ domains: [{ records: 1, entries: 1, withheld: 1 }] });
    await deposit(url, wardRecord("b"));
    expect(isPublished(mesh, [wardRecord("a")])).toBe(true);
    await asOperator(url, "DELETE", `/v1/outcomes/${ward.id}/a`);
    expect(mesh.members.flatMap(({ node }) => node.entries)).toEqual([]);
  });
});
