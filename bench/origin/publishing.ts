/**
 * How fast an origin loads and publishes. Loading is `loadRecords` into a real database. Publishing is the origin's own
 * publisher: it takes statements from the outbox, signs them, finds their replicas among 20 members, packs the batches,
 * and settles them in the database; only the network is left out, for which a client here acknowledges every batch.
 */
import { createPublisher, type Membership, type PeerClient } from "../../origin/mesh/index.ts";
import { loadRecords, openStore } from "../../origin/index.ts";
import {
  createView,
  LEASE_MS,
  meshIdOf,
  ok,
  openIdentity,
  secretKeyFrom,
  signCharter,
  signDescriptor,
  toStatements,
  type Identity,
} from "../../protocol/index.ts";
import type { Population } from "./population.ts";
import { recordOf } from "./record.ts";

const MEMBERS = 20;
const REPLICAS = 3;
/** As long as what is signed of an entry of 128 symbols. */
const STATEMENT_BYTES = 262;
/** Signatures under way at once: as the publisher has it. */
const SIGNATURES_AT_ONCE = 2_000;

export interface PublishingReport {
  readonly records: number;
  readonly loadPerSecond: number;
  readonly publishPerSecond: number;
  /** Ed25519 signatures a second of one process here, in the same run. */
  readonly signaturesPerSecond: number;
}

export async function measurePublishing(
  population: Population,
  records: number,
  database: string,
): Promise<PublishingReport> {
  const keys = Array.from({ length: MEMBERS }, (_, i) =>
    secretKeyFrom(new Uint8Array(32).fill(i + 1)),
  );
  const [identity, ...others] = await Promise.all(keys.map(openIdentity));
  if (!identity) throw new RangeError("a mesh needs a member");
  const { mesh, membership } = await makeMesh([identity, ...others]);
  const rows = Array.from({ length: records }, (_, i) => ({
    line: i + 1,
    raw: recordOf(population, i),
  }));
  const store = openStore(database, [population.compiled]);
  try {
    const loadMs = await timed(() => loadRecords(store, population.compiled, rows));
    const statements = store.waiting().entries;
    const signMs = await timed(() => signMany(identity, statements));
    const publisher = createPublisher({
      store,
      identity,
      mesh,
      client: acknowledging(),
      membership,
    });
    const publishMs = await timed(() => publisher.drain());
    if (store.waiting().entries > 0) throw new Error("the outbox is not empty");
    return {
      records,
      loadPerSecond: (1000 * records) / loadMs,
      publishPerSecond: (1000 * statements) / publishMs,
      signaturesPerSecond: (1000 * statements) / signMs,
    };
  } finally {
    store.close();
  }
}

async function makeMesh(identities: readonly Identity[]) {
  const charter = await signCharter(
    {
      version: 1,
      name: "bench",
      founders: identities.map(({ publicKey }) => publicKey),
      admission: { rule: "founders", threshold: 1 },
      replicas: REPLICAS,
      slots: 65_536,
    },
    identities,
  );
  const mesh = meshIdOf(charter.charter);
  const issuedAt = Date.now();
  const descriptors = await Promise.all(
    identities.map((identity, i) =>
      signDescriptor(identity, mesh, {
        version: 1,
        key: identity.publicKey,
        name: `member ${i}`,
        meshUrl: `https://member-${i}.example.org`,
        domains: [],
        capacity: 1,
        epoch: 0,
        seq: 1,
        issuedAt,
        expiresAt: issuedAt + LEASE_MS,
      }),
    ),
  );
  const view = createView(charter, toStatements(descriptors), issuedAt);
  const membership: Membership = {
    view,
    refreshedAt: issuedAt,
    current: () => Promise.resolve(view),
    refresh: () => Promise.resolve(ok(view)),
    refreshForStranger: () => Promise.resolve(false),
    refreshForVersion: () => Promise.resolve(),
  };
  return { mesh, membership };
}

function acknowledging(): PeerClient {
  return {
    read: (_peer, _request, schema) =>
      Promise.resolve(ok(schema.parse({ stored: 0, refused: [], membership: "" }))),
    put: () => Promise.resolve(ok(undefined)),
  };
}

async function signMany(identity: Identity, count: number): Promise<void> {
  for (let done = 0; done < count; done += SIGNATURES_AT_ONCE) {
    const batch = Math.min(SIGNATURES_AT_ONCE, count - done);
    await Promise.all(
      Array.from({ length: batch }, () => identity.sign(new Uint8Array(STATEMENT_BYTES))),
    );
  }
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
