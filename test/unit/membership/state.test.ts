import { beforeAll, describe, expect, it } from "vitest";
import type { PublicKey } from "../../../protocol/ids.ts";
import { MembershipState, FORGET_MS } from "../../../protocol/membership/state.ts";
import {
  statementHash,
  toStatements,
  type Statement,
} from "../../../protocol/membership/statements.ts";
import { createView } from "../../../protocol/membership/view.ts";
import { signCharter } from "../../../protocol/signed/charter.ts";
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
} from "../support/identities.ts";
import { fc } from "../support/property.ts";
import { seededRandom, shuffled } from "../support/random.ts";

const signed = await signCharter(charter, founders);
const dave = await identityOf("dave");
const everyone = [alice, bob, carol, dave, mallory];

async function vote(
  by: (typeof everyone)[number],
  subject: PublicKey,
  verdict: Verdict,
  issuedAt = NOW,
): Promise<Statement> {
  return { type: "vote", vote: await signVote(by, mesh, subject, verdict, issuedAt) };
}

async function describing(
  identity: (typeof everyone)[number],
  change: object = {},
): Promise<Statement> {
  const [statement] = toStatements([await descriptorOf(identity, change)]);
  if (!statement) throw new Error("no statement");
  return statement;
}

function proofOf(a: Statement, b: Statement): Statement {
  const pair = [a, b].flatMap((held) => (held.type === "descriptor" ? [held.descriptor] : []));
  const equivocation = findEquivocation(pair);
  if (!equivocation) throw new Error("no contradiction");
  return { type: "equivocation", equivocation };
}

/** Statements of every kind, with several about most things. */
let pool: Statement[] = [];
beforeAll(async () => {
  for (const identity of everyone) {
    for (const seq of [1, 2, 3]) pool.push(await describing(identity, { seq, epoch: seq }));
    for (const subject of everyone) {
      pool.push(await vote(identity, subject.publicKey, "admit", NOW + 1));
      pool.push(await vote(identity, subject.publicKey, "admit", NOW + 3));
      pool.push(await vote(identity, subject.publicKey, "revoke", NOW + 2));
    }
  }
  const contradicting = [
    await describing(carol, { seq: 9, name: "one" }),
    await describing(carol, { seq: 9, name: "other" }),
    await describing(carol, { seq: 9, name: "a third" }),
  ] as const;
  pool.push(...contradicting, proofOf(contradicting[0], contradicting[2]));
});

describe("merging", () => {
  it("P-46: gives the same, in whatever order and however often statements come", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (choice, order) => {
        const random = seededRandom(choice);
        const some = pool.filter(() => random() < 0.4);
        const one = new MembershipState(signed, some);
        const other = new MembershipState(signed);
        const again = shuffled([...some, ...some.slice(0, 20)], seededRandom(order));
        for (const statement of again) other.merge([statement]);
        expect(other.digest()).toBe(one.digest());
        expect(other.size).toBe(one.size);
        const view = createView(signed, one.statements(), NOW);
        expect(createView(signed, other.statements(), NOW).version).toBe(view.version);
      }),
    );
  });

  it("P-46: says what changed, and changes nothing by a replay", () => {
    const state = new MembershipState(signed);
    const changed = state.merge(pool);
    expect(changed.map(statementHash).toSorted()).toEqual(
      state.statements().map(statementHash).toSorted(),
    );
    const digest = state.digest();
    expect(state.merge(pool)).toEqual([]);
    expect(pool.filter((statement) => state.isNews(statement))).toEqual([]);
    expect(state.digest()).toBe(digest);
  });

  it("P-46: the highest seq wins, and a replay of an older one loses", async () => {
    const [older, newer] = [
      await describing(alice, { seq: 5 }),
      await describing(alice, { seq: 6 }),
    ];
    const state = new MembershipState(signed, [newer]);
    expect(state.isNews(older)).toBe(false);
    expect(state.merge([older])).toEqual([]);
    expect(state.descriptorOf(alice.publicKey)?.descriptor.seq).toBe(6);
  });

  it("P-46: a lapsed descriptor with a higher seq wins: a node that left stays away", async () => {
    const left = await describing(alice, { seq: 9, issuedAt: NOW, expiresAt: NOW + 1 });
    const state = new MembershipState(signed, [await describing(alice), left]);
    const view = createView(signed, state.statements(), NOW + 1);
    expect(view.lapsed.map(({ node }) => node)).toEqual([alice.node]);
  });

  it("P-58: two descriptors with one seq exclude their node for good, and are kept as the proof", async () => {
    const one = await describing(alice, { seq: 5, name: "one" });
    const other = await describing(alice, { seq: 5, name: "other" });
    const state = new MembershipState(signed, [one]);
    const changed = state.merge([other]);
    expect(changed).toEqual([proofOf(one, other)]);
    expect(state.isExcluded(alice.publicKey)).toBe(true);
    expect(state.descriptorOf(alice.publicKey)).toBeUndefined();
    expect(state.merge([await describing(alice, { seq: 6 })])).toEqual([]);
    // Whoever is given the proof alone excludes it too.
    const elsewhere = new MembershipState(signed, [await describing(alice, { seq: 7 })]);
    elsewhere.merge(changed);
    expect(elsewhere.isExcluded(alice.publicKey)).toBe(true);
    expect(elsewhere.digest()).toBe(state.digest());
  });

  it("P-46: forgets a descriptor that is long over, but not the own one, nor any vote", async () => {
    const own = await describing(alice, { expiresAt: NOW });
    const state = new MembershipState(signed, [
      own,
      await describing(bob, { expiresAt: NOW }),
      await describing(carol, { expiresAt: NOW + 1 }),
      await vote(alice, dave.publicKey, "admit"),
    ]);
    expect(state.forget(NOW + FORGET_MS - 1, alice.publicKey)).toEqual([]);
    expect(state.forget(NOW + FORGET_MS, alice.publicKey)).toEqual([`descriptor/${bob.publicKey}`]);
    expect(state.size).toBe(3);
    expect(state.digest()).toBe(new MembershipState(signed, state.statements()).digest());
  });
});
