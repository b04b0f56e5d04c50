/** What a hostile member says of itself and of others: believed only where it may say it, and never followed inside. */
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  LEASE_MS,
  membersSchema,
  signDescriptor,
  signVote,
  type Descriptor,
  type Identity,
  type Statement,
} from "../../protocol/index.ts";
import { expectProblem, expectStatus } from "../support/bad-input/http.ts";
import { repairRound } from "../support/faults/repair.ts";
import {
  expectUnharmed,
  HONEST,
  sharedHostileMesh,
  type HostileMesh,
} from "../support/hostile/hostile-mesh.ts";

/** Eight zero bytes: whoever is told this has something else, and looks closer. */
const NO_DIGEST = "A".repeat(11);
const AGREE_TIMEOUT_MS = 20_000;

let mesh: HostileMesh;

beforeAll(async () => {
  mesh = await sharedHostileMesh();
});

/** A descriptor that the hostile member signs, of itself unless `changes` say otherwise. */
function descriptor(changes: Partial<Descriptor["descriptor"]> = {}): Promise<Descriptor> {
  const { identity, name } = mesh.hostile;
  const now = Date.now();
  return signDescriptor(identity, mesh.faults.local.mesh, {
    version: 1,
    key: identity.publicKey,
    name,
    meshUrl: mesh.faults.network.urlOf("mesh", mesh.hostile.slug),
    originUrl: mesh.faults.network.urlOf("origin", mesh.hostile.slug),
    domains: [mesh.faults.domain.id],
    capacity: 1,
    epoch: 0,
    seq: now,
    issuedAt: now,
    expiresAt: now + LEASE_MS,
    ...changes,
  });
}

function tell(slug: string, ...statements: readonly Statement[]) {
  return mesh.post("/v1/peer/gossip", { digest: NO_DIGEST, statements }, mesh.honest(slug));
}

/** What a node knows of its members, as it tells another. */
async function statementsOf(slug: string, asker: Identity): Promise<readonly Statement[]> {
  const call = { method: "GET", path: "/v1/node/members" };
  const answer = await mesh.send(call, mesh.honest(slug), asker);
  expectStatus(answer, 200);
  return membersSchema.parse(JSON.parse(answer.text)).statements;
}

test("a descriptor in another's name is not believed", async () => {
  const { publicKey } = mesh.honest("birch").identity;
  const forged = await descriptor({ key: publicKey, name: "forged", seq: Date.now() + 1000 });
  const answer = await tell("ash", { type: "descriptor", descriptor: forged });
  expect([200, 400]).toContain(answer.status);
  const known = await statementsOf("ash", mesh.honest("cedar").identity);
  const ofBirch = known.flatMap((statement) =>
    statement.type === "descriptor" && statement.descriptor.descriptor.key === publicKey
      ? [statement.descriptor.descriptor.name]
      : [],
  );
  expect(ofBirch).toEqual([mesh.honest("birch").name]);
  await expectUnharmed(mesh);
});

test("its vote alone revokes no one", async () => {
  const { identity } = mesh.hostile;
  const { publicKey } = mesh.honest("birch").identity;
  const vote = await signVote(identity, mesh.faults.local.mesh, publicKey, "revoke", Date.now());
  expectStatus(await tell("ash", { type: "vote", vote }), 200);
  await repairRound(mesh.faults, HONEST);
  for (const slug of HONEST.filter((name) => name !== "birch")) {
    const call = { method: "GET", path: "/v1/domains" };
    expectStatus(await mesh.send(call, mesh.honest(slug), mesh.honest("birch").identity), 200);
  }
  await expectUnharmed(mesh);
});

test("an address inside that it gives as its own is not called", async () => {
  let calls = 0;
  const internal = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  internal.listen(0, "127.0.0.1");
  await once(internal, "listening");
  const address = internal.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    // Both lead to this machine, where a system connects to them; neither is a public address.
    const inside = `https://0.0.0.0:${port}`;
    const mapped = `https://[::ffff:7f00:1]:${port}`;
    const changed = await descriptor({ meshUrl: inside, originUrl: mapped });
    for (const slug of HONEST) {
      expectStatus(await tell(slug, { type: "descriptor", descriptor: changed }), 200);
    }
    const known = await statementsOf("ash", mesh.honest("cedar").identity);
    expect(JSON.stringify(known)).toContain(inside);
    await repairRound(mesh.faults, HONEST);
    await expectUnharmed(mesh);
    expect(calls).toBe(0);
  } finally {
    internal.close();
    const honest = await descriptor();
    for (const slug of HONEST) await tell(slug, { type: "descriptor", descriptor: honest });
  }
});

test("two descriptors with one seq are proof against it: it is excluded, and everyone can see why", async () => {
  const seq = Date.now();
  const first = await descriptor({ seq, name: "one" });
  const second = await descriptor({ seq, name: "other" });
  expectStatus(await tell("ash", { type: "descriptor", descriptor: first }), 200);
  expectStatus(await tell("birch", { type: "descriptor", descriptor: second }), 200);
  const until = Date.now() + AGREE_TIMEOUT_MS;
  for (const slug of HONEST) {
    for (;;) {
      const asker = mesh.honest(slug === "ash" ? "birch" : "ash").identity;
      const known = await statementsOf(slug, asker);
      if (known.some(({ type }) => type === "equivocation")) break;
      if (Date.now() > until) throw new Error(`${slug} has not heard of it`);
      await sleep(250);
    }
  }
  for (const slug of HONEST) {
    const answer = await mesh.send({ method: "GET", path: "/v1/domains" }, mesh.honest(slug));
    expectProblem(answer, 403, "forbidden", slug);
    const members = (await mesh.statusOf(slug)).membership?.members ?? [];
    const { node } = mesh.hostile.identity;
    expect(members.find((member) => member.node === node)?.state).toBe("excluded");
  }
  await repairRound(mesh.faults, HONEST);
  expect(await mesh.workload.check(HONEST)).toEqual([]);
});
