/** What a hostile member publishes: only true statements of its own, where they belong, are ever stored. */
import { beforeAll, expect, test } from "vitest";
import {
  BATCH_MAX_ENTRIES,
  meshIdSchema,
  publishResponseSchema,
  slotsOf,
  type RefusalReason,
} from "../../protocol/index.ts";
import { expectProblem, expectStatus } from "../support/bad-input/http.ts";
import { signatureOfCase } from "../support/faults/workload.ts";
import {
  expectUnharmed,
  HONEST,
  sharedHostileMesh,
  type HostileMesh,
} from "../support/hostile/hostile-mesh.ts";

let mesh: HostileMesh;
/** The signature of a case that every honest organisation has a record of. */
let signature: Uint8Array;

beforeAll(async () => {
  mesh = await sharedHostileMesh();
  signature = signatureOfCase(mesh.faults, 0);
});

async function publish(
  entries: readonly string[],
  { path = "/v1/peer/publish", to = mesh.honest() } = {},
) {
  const answer = await mesh.post(path, { entries }, to);
  expectStatus(answer, 200);
  return publishResponseSchema.parse(JSON.parse(answer.text));
}

async function expectRefused(
  entry: Promise<string>,
  reason: RefusalReason,
  path?: string,
): Promise<void> {
  const { stored, refused } = await publish([await entry], path === undefined ? {} : { path });
  expect({ stored, refused }).toEqual({ stored: 0, refused: [{ index: 0, reason }] });
  await expectUnharmed(mesh);
}

test("an entry in another's name is refused", () =>
  expectRefused(mesh.entry({ node: mesh.honest().identity.node, signature }), "bad-signature"));

test("a tombstone for another's entry is refused, and the entry stays", () =>
  expectRefused(
    mesh.entry({ node: mesh.honest().identity.node, signature, count: 0, seq: 2 ** 53 - 1 }),
    "bad-signature",
    "/v1/peer/withdraw",
  ));

test("an entry of another mesh is refused", () =>
  expectRefused(mesh.entry({ signature }, meshIdSchema.parse("A".repeat(43))), "bad-signature"));

test("an entry of an epoch that is over, or has not come, is refused", () =>
  expectRefused(mesh.entry({ signature, epoch: 1 }), "wrong-epoch"));

test("an entry of a length that is not the domain's is refused", () =>
  expectRefused(mesh.entry({ signature: signature.slice(1) }), "wrong-size"));

test("an entry is stored by the nodes of its slot and by no other, whoever it is brought to", async () => {
  const { plan } = mesh.faults.domain;
  // One symbol, so that there is a root key in one tree alone.
  const lone = Array.from({ length: plan.symbols }, (_, position) =>
    Uint8Array.from({ length: plan.symbols }, (_symbol, i) => (i === position ? 7 : 0)),
  ).filter((symbols) => slotsOf(plan, symbols).filter((slot) => slot !== undefined).length === 1);
  expect(lone.length).toBeGreaterThan(3);
  const entries = await Promise.all(lone.map((symbols) => mesh.entry({ signature: symbols })));
  const holders = lone.map(() => 0);
  for (const { slug } of mesh.faults.local.organisations) {
    const { refused } = await publish(entries, { to: mesh.faults.local.organisation(slug) });
    expect(refused.every(({ reason }) => reason === "misdirected")).toBe(true);
    const elsewhere = new Set(refused.map(({ index }) => index));
    for (const i of holders.keys()) if (!elsewhere.has(i)) holders[i] = (holders[i] ?? 0) + 1;
  }
  expect(new Set(holders)).toEqual(new Set([3]));
  await expectUnharmed(mesh);
});

test("an older statement does not replace a newer one", async () => {
  // Of a case about which no other test has it publish anything.
  const other = signatureOfCase(mesh.faults, 2);
  const newer = await mesh.entry({ signature: other, seq: 10, count: 0 });
  const { refused } = await publish([newer], { path: "/v1/peer/withdraw" });
  expect(refused).toEqual([]);
  await expectRefused(mesh.entry({ signature: other, seq: 9 }), "stale");
});

test("the largest count there is gains nothing: the ranking is the origins' own", async () => {
  const [asker = ""] = HONEST;
  const before = await mesh.workload.query(asker, 1, { exhaustive: true });
  const entry = await mesh.entry({
    signature: signatureOfCase(mesh.faults, 1),
    count: 0xffff_ffff,
  });
  for (const { slug } of mesh.faults.local.organisations) {
    await publish([entry], { to: mesh.faults.local.organisation(slug) });
  }
  const after = await mesh.workload.query(asker, 1, { exhaustive: true });
  expect(after?.ranking).toEqual(before?.ranking);
  expect(after?.ranking.length).toBeGreaterThan(0);
  await expectUnharmed(mesh);
});

test("entries by the hundred around a query do not hide the honest ones", async () => {
  const near = Array.from({ length: BATCH_MAX_ENTRIES }, (_, i) =>
    mesh.entry({
      signature: signature.map((symbol, at) => (at === i % 96 ? 1 + (i % 255) : symbol)),
    }),
  );
  const entries = await Promise.all(near);
  for (const { slug } of mesh.faults.local.organisations) {
    await publish(entries, { to: mesh.faults.local.organisation(slug) });
  }
  expect(await mesh.workload.check(HONEST)).toEqual([]);
});

test("a batch of one more than there may be is refused as a whole", async () => {
  const entries = Array.from({ length: BATCH_MAX_ENTRIES + 1 }, () => "AAAA");
  expectProblem(await mesh.post("/v1/peer/publish", { entries }), 400, "bad-request");
  await expectUnharmed(mesh);
});
