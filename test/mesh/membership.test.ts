/** Joining, revoking, leaving and excluding: told to one or two nodes, and true at all of them by gossip alone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  hasLeft,
  leavingDescriptor,
  queryResponseSchema,
  signDescriptor,
  toStatements,
  verifyEquivocation,
  type Descriptor,
  type MembershipView,
  type QueryResponse,
} from "../../protocol/index.ts";
import { statusReportSchema } from "../../origin/index.ts";
import { request, untilAll, viewOf, vote } from "../support/mesh-members.ts";
import { smallExample, smallQuery } from "../support/small-example.ts";
import { askGateway, Recorder, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

const FOUNDERS = ["ash", "birch", "cedar", "elm", "fir", "gorse", "hazel", "ivy"];
const NEWCOMER = "juniper";
const GOSSIP_SECONDS = 0.3;

const recorder = new Recorder();
let mesh: TestMesh;
/** Those who are members at the time. */
let members = [...FOUNDERS];

beforeAll(async () => {
  mesh = await startTestMesh(smallExample([...FOUNDERS, NEWCOMER]), {
    founders: FOUNDERS.length,
    environment: { GOSSIP_SECONDS: String(GOSSIP_SECONDS) },
    interpose: recorder.interpose,
  });
});

afterAll(async () => {
  await mesh.stop();
  await recorder.close();
});

async function ask(slug: string): Promise<QueryResponse> {
  const answer = await askGateway(mesh.mesh.organisation(slug), {
    domain: mesh.compiled.id,
    profile: smallQuery,
    k: 60,
  });
  expect(answer).toMatchObject({ status: 200 });
  return queryResponseSchema.parse(answer.body);
}

/** The organisations whose outcomes a query of `slug` finds. */
async function foundBy(slug: string): Promise<string[]> {
  const { ranking } = await ask(slug);
  return [...new Set(ranking.map(({ organisation }) => organisation))].toSorted();
}

function nodeOf(slug: string) {
  return mesh.mesh.organisation(slug).identity.node;
}

function holdsSlots(view: MembershipView, slug: string): boolean {
  for (let slot = 0; slot < 500; slot++) {
    if (view.placement.replicasOf(slot).includes(nodeOf(slug))) return true;
  }
  return false;
}

/** Gossip that went over the wire until now. */
function gossiped(): { requests: number; bytes: number } {
  const exchanges = recorder
    .all("mesh")
    .flatMap((proxy) => proxy.exchanges.filter(({ path }) => path === "/v1/peer/gossip"));
  const bytes = exchanges.reduce(
    (sum, { requestBody, responseBody }) => sum + requestBody.length + responseBody.length,
    0,
  );
  return { requests: exchanges.length, bytes };
}

/** Waits until the mesh has acknowledged all that the organisation's origin publishes. */
async function untilPublished(slug: string): Promise<void> {
  const { originUrl, operatorToken } = mesh.mesh.organisation(slug);
  for (;;) {
    const response = await fetch(`${originUrl}/v1/status`, {
      headers: { authorization: `Bearer ${operatorToken}` },
    });
    const { outbox } = statusReportSchema.parse(await response.json());
    if (outbox.waiting === 0) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function tell(slug: string, descriptor: Descriptor): Promise<void> {
  await mesh.mesh.giveStatements(slug, toStatements([descriptor]));
}

async function currentDescriptor(slug: string): Promise<Descriptor> {
  const descriptor = (await viewOf(mesh.mesh, slug)).descriptorOf(nodeOf(slug));
  if (!descriptor) throw new Error(`${slug} has no descriptor`);
  return descriptor;
}

test("a renewed descriptor told to one node is known to all of them", async () => {
  const renewed = await mesh.mesh.describe("ash", { name: "Ash, renewed" });
  const before = gossiped();
  await tell("birch", renewed);
  const milliseconds = await untilAll(
    mesh.mesh,
    members,
    (view) => view.live(nodeOf("ash"), Date.now())?.name === "Ash, renewed",
  );
  const after = gossiped();
  const rounds = (milliseconds / 1000 / GOSSIP_SECONDS).toFixed(1);
  const requests = after.requests - before.requests;
  const bytes = after.bytes - before.bytes;
  console.log(
    `8 nodes agreed after ${rounds} rounds (${milliseconds} ms, looking every 50 ms): ` +
      `${requests} requests, ${bytes} bytes, ${Math.round(bytes / 8)} a node`,
  );
  expect(renewed.descriptor.seq).toBeGreaterThan(0);
});

test("a stranger is refused; with the votes of two founders it is a member, and found from elsewhere", async () => {
  expect((await request(mesh.mesh, NEWCOMER, "ash", "/v1/node/members")).status).toBe(403);
  const knownMember = await currentDescriptor("birch");
  await mesh.mesh.giveStatements(NEWCOMER, [
    await vote(mesh.mesh, "ash", "admit", NEWCOMER),
    await vote(mesh.mesh, "birch", "admit", NEWCOMER),
    ...toStatements([knownMember, await mesh.mesh.describe(NEWCOMER)]),
  ]);
  members = [...FOUNDERS, NEWCOMER];
  await untilAll(
    mesh.mesh,
    members,
    (view) => view.members.length === 9 && view.live(nodeOf(NEWCOMER), Date.now()) !== undefined,
  );
  expect((await request(mesh.mesh, NEWCOMER, "ash", "/v1/node/members")).status).toBe(200);
  await mesh.mesh.startOrigin(NEWCOMER);
  await untilPublished(NEWCOMER);
  expect(await foundBy("ivy")).toContain(`Organisation ${NEWCOMER}`);
});

test("two founders' votes, told to one node, revoke a member everywhere: refused, and found no more", async () => {
  expect(await foundBy("elm")).toContain("Organisation cedar");
  await mesh.mesh.giveStatements("ash", [
    await vote(mesh.mesh, "ash", "revoke", "cedar"),
    await vote(mesh.mesh, "birch", "revoke", "cedar"),
  ]);
  // The revoked one's own node learns of it as long as others talk to it: it need not.
  members = members.filter((slug) => slug !== "cedar");
  await untilAll(mesh.mesh, members, (view) =>
    view.revoked.some(({ node }) => node === nodeOf("cedar")),
  );
  for (const slug of members) {
    expect((await request(mesh.mesh, "cedar", slug, "/v1/node/members")).status, slug).toBe(403);
    expect(await foundBy(slug), slug).not.toContain("Organisation cedar");
  }
});

test("one that leaves first hands its slots over and is still found, then is gone everywhere", async () => {
  const { identity } = mesh.mesh.organisation("fir");
  const leave = async (step: "hand-over" | "end"): Promise<void> => {
    const next = leavingDescriptor(await currentDescriptor("fir"), step, Date.now());
    await tell("fir", await signDescriptor(identity, mesh.mesh.mesh, next));
  };
  await leave("hand-over");
  await untilAll(mesh.mesh, members, (view) => !holdsSlots(view, "fir"));
  expect(await foundBy("ash")).toContain("Organisation fir");
  await leave("end");
  members = members.filter((slug) => slug !== "fir");
  await untilAll(mesh.mesh, members, (view) =>
    view.lapsed.some((member) => member.node === nodeOf("fir") && hasLeft(member)),
  );
  for (const slug of members) {
    expect((await request(mesh.mesh, "fir", slug, "/v1/node/members")).status, slug).toBe(403);
    expect(await foundBy(slug), slug).not.toContain("Organisation fir");
  }
});

test("one that tells two nodes two things is excluded everywhere, and everyone has the proof", async () => {
  const seq = Date.now();
  await tell("ash", await mesh.mesh.describe("gorse", { seq, name: "Gorse for ash" }));
  await tell("ivy", await mesh.mesh.describe("gorse", { seq, name: "Gorse for ivy" }));
  members = members.filter((slug) => slug !== "gorse");
  await untilAll(mesh.mesh, members, (view) =>
    view.excluded.some(({ node }) => node === nodeOf("gorse")),
  );
  for (const slug of members) {
    const [excluded] = (await viewOf(mesh.mesh, slug)).excluded;
    const names = [excluded?.proof.first, excluded?.proof.second].map((d) => d?.descriptor.name);
    expect(new Set(names), slug).toEqual(new Set(["Gorse for ash", "Gorse for ivy"]));
    expect(excluded && (await verifyEquivocation(mesh.mesh.mesh, excluded.proof)), slug).toBe(true);
    expect((await request(mesh.mesh, "gorse", slug, "/v1/node/members")).status, slug).toBe(403);
    expect(await foundBy(slug), slug).not.toContain("Organisation gorse");
  }
});
