import { env, evictDurableObject, reset } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { membershipStub } from "../../durable-objects/stubs.ts";
import { openIdentity, secretKeyFrom, toStatements } from "../../protocol/index.ts";
import { describe as describeNode, makeMesh, type MeshFixture } from "./mesh-fixture.ts";

let fixture: MeshFixture;

beforeEach(async () => {
  await reset();
  fixture = await makeMesh();
});

function accept(members = fixture.members, mesh = fixture.mesh) {
  return membershipStub(env).accept(mesh, members, Date.now());
}

async function seqs(): Promise<number[]> {
  const members = await membershipStub(env).members();
  const seqsHeld = (members?.statements ?? []).flatMap((held) =>
    held.type === "descriptor" ? [held.descriptor.descriptor.seq] : [],
  );
  return seqsHeld.toSorted((a, b) => a - b);
}

test("knows nothing until it is given members, and keeps them when evicted", async () => {
  expect(await membershipStub(env).members()).toBeUndefined();
  expect(await accept()).toBeUndefined();
  await evictDurableObject(membershipStub(env));
  expect((await membershipStub(env).members())?.statements).toHaveLength(2);
});

test("keeps the descriptor with the highest seq of each node", async () => {
  await accept();
  const [first] = fixture.identities;
  const newer = await describeNode(first, fixture.mesh, { seq: 7, name: "newer" });
  const older = await describeNode(first, fixture.mesh, { seq: 3, name: "older" });
  await accept({ ...fixture.members, statements: toStatements([newer]) });
  await accept({ ...fixture.members, statements: toStatements([older]) });
  expect(await seqs()).toEqual([1, 7]);
});

test("refuses a charter of another mesh", async () => {
  const other = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  const charter = {
    ...fixture.members.charter,
    charter: { ...fixture.members.charter.charter, founders: [other.publicKey] },
  };
  expect(await accept({ ...fixture.members, charter })).toEqual({ code: "wrong-mesh" });
});

test("refuses a charter that a founder did not sign", async () => {
  const [one = "", two = ""] = fixture.members.charter.signatures;
  const charter = { ...fixture.members.charter, signatures: [two, one] };
  expect(await accept({ ...fixture.members, charter })).toEqual({ code: "bad-charter" });
});

test("refuses all if one descriptor is not signed, dated ahead, or of no member", async () => {
  const [first, second] = fixture.identities;
  const stranger = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  const good = await describeNode(first, fixture.mesh, { seq: 2 });
  const unsigned = {
    ...(await describeNode(second, fixture.mesh, { seq: 2 })),
    signature: good.signature,
  };
  const strange = await describeNode(stranger, fixture.mesh);
  const inAnHour = Date.now() + 60 * 60 * 1000;
  const early = await describeNode(second, fixture.mesh, {
    seq: 2,
    issuedAt: inAnHour,
    expiresAt: inAnHour + 1,
  });
  for (const [bad, code] of [
    [unsigned, "bad-signature"],
    [strange, "not-admitted"],
    [early, "not-yet"],
  ] as const) {
    const error = await accept({ ...fixture.members, statements: toStatements([good, bad]) });
    expect(error).toMatchObject({ code });
  }
  expect(await seqs()).toEqual([]);
});
