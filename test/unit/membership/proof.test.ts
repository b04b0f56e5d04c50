import { describe, expect, it } from "vitest";
import { provingStatements } from "../../../protocol/membership/proof.ts";
import { MembershipState } from "../../../protocol/membership/state.ts";
import type { Statement } from "../../../protocol/membership/statements.ts";
import { verifyStatements } from "../../../protocol/membership/verify.ts";
import { createView, type MembershipView } from "../../../protocol/membership/view.ts";
import { meshIdOf, signCharter } from "../../../protocol/signed/charter.ts";
import { signDescriptor } from "../../../protocol/signed/descriptor.ts";
import type { Identity } from "../../../protocol/signed/ed25519.ts";
import { signVote } from "../../../protocol/signed/vote.ts";
import {
  alice,
  bob,
  carol,
  charter,
  founders,
  identityOf,
  mallory,
  NOW,
  statementOf,
} from "../support/identities.ts";

const byMembers = { ...charter, admission: { rule: "members", threshold: 2 } } as const;
const signed = await signCharter(byMembers, founders);
const mesh = meshIdOf(byMembers);
const dave = await identityOf("dave");
const erin = await identityOf("erin");

async function admitting(by: Identity, subject: Identity, issuedAt = NOW): Promise<Statement> {
  return { type: "vote", vote: await signVote(by, mesh, subject.publicKey, "admit", issuedAt) };
}

const everything: Statement[] = [
  ...(await Promise.all(
    [alice, bob, dave, erin].map(async (identity): Promise<Statement> => {
      const descriptor = await signDescriptor(identity, mesh, statementOf(identity));
      return { type: "descriptor", descriptor };
    }),
  )),
  // Erin was admitted by Dave; Erin's vote for Dave says that it was earlier.
  await admitting(erin, dave, NOW - 900),
  await admitting(alice, dave),
  await admitting(bob, dave),
  await admitting(carol, erin),
  await admitting(dave, erin),
  await admitting(alice, mallory),
];
const view: MembershipView = createView(signed, everything, NOW);

/** Who is live for one that knows the charter and `statements` alone. */
async function shown(statements: readonly Statement[]): Promise<string[]> {
  const state = new MembershipState(signed);
  const { good, refused } = await verifyStatements(state, statements, NOW);
  expect(refused).toEqual([]);
  state.merge(good);
  return createView(signed, state.statements(), NOW).members.map(({ node }) => node);
}

describe("proofs of membership", () => {
  it("P-62: a founder's is its descriptor; a member's has the votes that admit it and its voters", async () => {
    const ofAlice = provingStatements(view, [alice.node], 64);
    expect(ofAlice.map(({ type }) => type)).toEqual(["descriptor"]);
    expect(await shown(ofAlice)).toEqual([alice.node]);
    const ofErin = provingStatements(view, [erin.node], 64);
    expect(ofErin).toHaveLength(5);
    expect(await shown(ofErin)).toEqual([erin.node]);
  });

  it("P-62: nothing is said twice, and those who are no members are left out", async () => {
    const proof = provingStatements(view, [erin.node, dave.node, erin.node, mallory.node], 64);
    expect(proof).toHaveLength(6);
    expect(await shown(proof)).toEqual([dave.node, erin.node].toSorted());
  });

  it("P-62: a proof that does not fit is left out whole", async () => {
    const proof = provingStatements(view, [alice.node, erin.node, bob.node], 5);
    expect(await shown(proof)).toEqual([alice.node, bob.node].toSorted());
  });
});
