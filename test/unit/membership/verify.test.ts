import { describe, expect, it } from "vitest";
import { publicKeySchema } from "../../../protocol/ids.ts";
import { MembershipState, FORGET_MS } from "../../../protocol/membership/state.ts";
import { toStatements, type Statement } from "../../../protocol/membership/statements.ts";
import { verifyStatements } from "../../../protocol/membership/verify.ts";
import { meshIdOf, signCharter, verifyCharter } from "../../../protocol/signed/charter.ts";
import type { Identity } from "../../../protocol/signed/ed25519.ts";
import { findEquivocation } from "../../../protocol/signed/equivocation.ts";
import { signVote, type Verdict } from "../../../protocol/signed/vote.ts";
import {
  alice,
  bob,
  carol,
  charter,
  descriptorOf,
  founders,
  identityOf,
  mallory,
  mesh,
  NOW,
  otherMesh,
} from "../support/identities.ts";

const signed = await signCharter(charter, founders);
const dave = await identityOf("dave");

async function vote(by: Identity, verdict: Verdict, subject: Identity): Promise<Statement> {
  return { type: "vote", vote: await signVote(by, mesh, subject.publicKey, verdict, NOW) };
}

async function describing(identity: Identity, change: object = {}): Promise<Statement> {
  return { type: "descriptor", descriptor: await descriptorOf(identity, change) };
}

/** The statement with one character of its signature changed. */
function tampered(statement: Statement): Statement {
  if (statement.type !== "descriptor") throw new Error("a descriptor was meant");
  const { descriptor, signature } = statement.descriptor;
  const changed = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
  return { type: "descriptor", descriptor: { descriptor, signature: changed } };
}

async function proofOf(identity: Identity): Promise<Statement> {
  const pair = [
    await descriptorOf(identity, { name: "one" }),
    await descriptorOf(identity, { name: "other" }),
  ];
  const equivocation = findEquivocation(pair);
  if (!equivocation) throw new Error("no contradiction");
  return { type: "equivocation", equivocation };
}

function dated(issuedAt: number): Promise<Statement> {
  return describing(alice, { issuedAt, expiresAt: issuedAt + 1000 });
}

/** Codes of what is refused, and how many are good. */
async function verdictOn(
  statements: readonly Statement[],
  state = new MembershipState(signed),
  now = NOW,
): Promise<{ good: number; refused: string[] }> {
  const { good, refused } = await verifyStatements(state, statements, now);
  return { good: good.length, refused: refused.map(({ code }) => code) };
}

describe("statements from anywhere", () => {
  it("P-45: a charter that a founder did not sign does not count", async () => {
    expect(await verifyCharter(signed)).toBe(true);
    const bad = { ...signed, signatures: signed.signatures.toReversed() };
    expect(await verifyCharter(bad)).toBe(false);
  });

  it("P-45: founders' descriptors and votes are taken in", async () => {
    const list = [await describing(alice), await vote(bob, "admit", dave)];
    expect(await verdictOn(list)).toEqual({ good: 2, refused: [] });
  });

  it("P-45: a bad one is left out and costs no other", async () => {
    const list = [
      await describing(alice),
      tampered(await describing(bob)),
      await describing(carol),
    ];
    expect(await verdictOn(list)).toEqual({ good: 2, refused: ["bad-signature"] });
  });

  it("P-45: a stranger's descriptor is refused, unless the votes that admit it come with it, in whatever order", async () => {
    const descriptor = await describing(dave);
    const votes = [await vote(alice, "admit", dave), await vote(bob, "admit", dave)];
    expect(await verdictOn([descriptor])).toEqual({ good: 0, refused: ["not-admitted"] });
    expect(await verdictOn([descriptor, ...votes.slice(1)])).toMatchObject({ good: 1 });
    expect(await verdictOn([descriptor, ...votes])).toEqual({ good: 3, refused: [] });
  });

  it("P-45: votes of those who have none are refused, by rule founders and by rule members", async () => {
    const list = [
      await vote(mallory, "admit", dave),
      await vote(dave, "admit", mallory),
      await vote(dave, "revoke", alice),
    ];
    expect(await verdictOn(list)).toEqual({ good: 0, refused: Array(3).fill("no-voter") });
    const byMembers = { ...charter, admission: { rule: "members", threshold: 2 } } as const;
    const state = new MembershipState(await signCharter(byMembers, founders));
    expect(await verdictOn(list, state)).toEqual({ good: 0, refused: Array(3).fill("no-voter") });
  });

  it("P-45: by rule members, votes of new members count that come with those that admit them", async () => {
    const byMembers = { ...charter, admission: { rule: "members", threshold: 2 } } as const;
    const id = meshIdOf(byMembers);
    const state = new MembershipState(await signCharter(byMembers, founders));
    const admitting = (by: Identity, subject: Identity) =>
      signVote(by, id, subject.publicKey, "admit", NOW);
    const votes = [
      await admitting(dave, mallory),
      await admitting(carol, mallory),
      await admitting(alice, dave),
      await admitting(bob, dave),
    ];
    const list = votes.map((given): Statement => ({ type: "vote", vote: given }));
    const { good, refused } = await verifyStatements(state, list, NOW);
    expect([good.length, refused.length]).toEqual([4, 0]);
  });

  it("P-45: what is dated ahead is refused, from 60 s and a millisecond on", async () => {
    const [early, tooEarly] = [NOW + 60_000, NOW + 60_001];
    expect(await verdictOn([await dated(early)])).toMatchObject({ good: 1 });
    expect(await verdictOn([await dated(tooEarly)])).toMatchObject({ refused: ["not-yet"] });
    const ahead = await signVote(alice, mesh, dave.publicKey, "admit", tooEarly);
    const list: Statement[] = [{ type: "vote", vote: ahead }];
    expect(await verdictOn(list)).toMatchObject({ refused: ["not-yet"] });
  });

  it("P-45: a lapsed descriptor is taken in until everyone forgets it", async () => {
    const list = [await describing(alice, { expiresAt: NOW })];
    const state = new MembershipState(signed);
    expect(await verdictOn(list, state, NOW + FORGET_MS - 1)).toMatchObject({ good: 1 });
    expect(await verdictOn(list, state, NOW + FORGET_MS)).toMatchObject({ refused: ["expired"] });
  });

  it("P-45: what is held already, or in a newer form, is neither good nor refused", async () => {
    const state = new MembershipState(signed, [await describing(alice, { seq: 5 })]);
    const list = [await describing(alice, { seq: 5 }), await describing(alice, { seq: 4 })];
    expect(await verdictOn(list, state)).toEqual({ good: 0, refused: [] });
  });

  it("P-36: a statement for another mesh is refused", async () => {
    const given = await signVote(alice, otherMesh, dave.publicKey, "admit", NOW);
    expect(await verdictOn([{ type: "vote", vote: given }])).toMatchObject({
      refused: ["bad-signature"],
    });
  });

  it("P-58: a proof of equivocation needs both signatures; one of a node that is no member is refused", async () => {
    const proof = await proofOf(alice);
    expect(await verdictOn([proof])).toMatchObject({ good: 1 });
    if (proof.type !== "equivocation") throw new Error("a proof was meant");
    const { first, second } = proof.equivocation;
    const invented = { ...second, descriptor: { ...second.descriptor, name: "invented" } };
    expect(
      await verdictOn([{ type: "equivocation", equivocation: { first, second: invented } }]),
    ).toMatchObject({ refused: ["bad-signature"] });
    expect(await verdictOn([await proofOf(mallory)])).toMatchObject({ refused: ["not-admitted"] });
  });

  it("P-37: a newcomer whose key is not sound is refused, whatever its signature", async () => {
    // Of small order: some verifiers accept this signature for any message.
    const weak = publicKeySchema.parse(
      Buffer.from(
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "hex",
      ).toString("base64url"),
    );
    const signature = Buffer.concat([
      Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex"),
      Buffer.alloc(32),
    ]).toString("base64url");
    const votes = await Promise.all(
      [alice, bob].map(async (by): Promise<Statement> => {
        return { type: "vote", vote: await signVote(by, mesh, weak, "admit", NOW) };
      }),
    );
    const { descriptor } = await descriptorOf(dave);
    const list = Array.from({ length: 30 }, (_, seq) => ({
      descriptor: { ...descriptor, key: weak, seq },
      signature,
    }));
    const answer = await verdictOn([...votes, ...toStatements(list)]);
    expect(answer).toEqual({ good: 2, refused: Array(30).fill("bad-signature") });
  });
});
