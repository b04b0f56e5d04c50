import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toStatements, type Statement } from "../../../protocol/membership/statements.ts";
import { createView, PLACED_MS } from "../../../protocol/membership/view.ts";
import { LEASE_MS } from "../../../protocol/signed/descriptor.ts";
import { signCharter } from "../../../protocol/signed/charter.ts";
import { findEquivocation } from "../../../protocol/signed/equivocation.ts";
import { signVote } from "../../../protocol/signed/vote.ts";
import {
  alice,
  bob,
  carol,
  charter,
  descriptorOf,
  founders,
  mallory,
  mesh,
  NOW,
} from "../support/identities.ts";
import { seededRandom, shuffled } from "../support/random.ts";

const signed = await signCharter(charter, founders);
const descriptors = await Promise.all(founders.map((identity) => descriptorOf(identity)));
const statements = toStatements(descriptors);
const [, ...others] = statements;
const { expiresAt } = descriptors[0]?.descriptor ?? { expiresAt: 0 };

async function withAlice(change: object): Promise<Statement[]> {
  return [...toStatements([await descriptorOf(alice, change)]), ...others];
}

function holdersOf(view: ReturnType<typeof createView>): Set<string> {
  return new Set(Array.from({ length: 200 }, (_, i) => view.placement.replicasOf(i)).flat());
}

describe("the view", () => {
  it("P-46: its version and its placement do not depend on the order of statements", () => {
    const view = createView(signed, statements, NOW);
    fc.assert(
      fc.property(fc.integer(), fc.nat(65_535), (seed, slot) => {
        const other = createView(signed, shuffled(statements, seededRandom(seed)), NOW);
        expect(other.version).toBe(view.version);
        expect(other.placement.replicasOf(slot)).toEqual(view.placement.replicasOf(slot));
      }),
    );
  });

  it("P-46: its version changes with every statement", async () => {
    const admission = await signVote(alice, mesh, mallory.publicKey, "admit", NOW);
    const lists = [
      statements,
      others,
      await withAlice({ seq: 5 }),
      await withAlice({ epoch: 4 }),
      [...statements, { type: "vote", vote: admission } as const],
    ];
    const versions = lists.map((list) => createView(signed, list, NOW).version);
    expect(new Set(versions).size).toBe(lists.length);
  });

  it("P-46: who has missed three renewals holds no slots, and is live until its lease ends", async () => {
    const lease = { issuedAt: NOW, expiresAt: NOW + LEASE_MS };
    const away = await descriptorOf(alice, lease);
    const renewed = await descriptorOf(bob, { issuedAt: NOW + 1, expiresAt: NOW + LEASE_MS });
    const both = toStatements([away, renewed]);
    const first = createView(signed, both, NOW);
    expect(first.validUntil).toBe(NOW + PLACED_MS);
    const before = createView(signed, both, NOW + PLACED_MS - 1, first);
    expect(before.placement).toBe(first.placement);
    const after = createView(signed, both, NOW + PLACED_MS, first);
    expect(holdersOf(after)).toEqual(new Set([bob.node]));
    expect(after.live(alice.node, NOW + PLACED_MS)?.key).toBe(alice.publicKey);
    expect(after.validUntil).toBe(NOW + PLACED_MS + 1);
  });

  it("P-46: placement is kept where only leases were renewed, and made anew where a capacity changed", async () => {
    const view = createView(signed, statements, NOW);
    const renewed = createView(signed, await withAlice({ seq: 5 }), NOW, view);
    expect(renewed.version).not.toBe(view.version);
    expect(renewed.placement).toBe(view.placement);
    const heavier = createView(signed, await withAlice({ seq: 5, capacity: 9 }), NOW, view);
    expect(heavier.placement.version).not.toBe(view.placement.version);
  });

  it("P-46: a member is live until its lease ends; no one else is", () => {
    const view = createView(signed, statements, NOW);
    expect(view.validUntil).toBe(expiresAt);
    expect(view.live(alice.node, expiresAt - 1)).toMatchObject({ node: alice.node, epoch: 3 });
    expect(view.live(alice.node, expiresAt)).toBeUndefined();
    expect(view.live(mallory.node, NOW)).toBeUndefined();
  });

  it("P-46: one whose lease is over holds no slots, and is listed as lapsed", async () => {
    const short = await withAlice({ expiresAt: NOW + 10 });
    const before = createView(signed, short, NOW + 9);
    expect(holdersOf(before)).toEqual(new Set(founders.map(({ node }) => node)));
    const after = createView(signed, short, NOW + 10);
    expect(holdersOf(after)).toEqual(new Set([bob.node, carol.node]));
    expect(after.members.map(({ node }) => node)).not.toContain(alice.node);
    expect(after.lapsed.map(({ node }) => node)).toEqual([alice.node]);
    expect(after.version).not.toBe(before.version);
  });

  it("P-55: one of capacity 0 holds no slots, and is live", async () => {
    const view = createView(signed, await withAlice({ capacity: 0 }), NOW);
    expect(holdersOf(view)).toEqual(new Set([bob.node, carol.node]));
    expect(view.live(alice.node, NOW)).toMatchObject({ capacity: 0 });
  });

  it("P-57: a revoked member is neither live nor placed, and is shown as revoked", async () => {
    const votes = await Promise.all(
      [bob, carol].map((voter) => signVote(voter, mesh, alice.publicKey, "revoke", NOW)),
    );
    const list = [...statements, ...votes.map((vote) => ({ type: "vote", vote }) as const)];
    const view = createView(signed, list, NOW);
    expect(view.live(alice.node, NOW)).toBeUndefined();
    expect(holdersOf(view)).toEqual(new Set([bob.node, carol.node]));
    expect(view.revoked.map(({ node }) => node)).toEqual([alice.node]);
  });

  it("P-58: one that equivocated is neither live nor placed, and is shown with the proof", async () => {
    const pair = [await descriptorOf(alice), await descriptorOf(alice, { name: "Another" })];
    const equivocation = findEquivocation(pair);
    if (!equivocation) throw new Error("these two are a contradiction");
    const view = createView(signed, [...others, { type: "equivocation", equivocation }], NOW);
    expect(view.live(alice.node, NOW)).toBeUndefined();
    expect(holdersOf(view)).toEqual(new Set([bob.node, carol.node]));
    expect(view.excluded).toMatchObject([{ node: alice.node, proof: equivocation }]);
  });

  it("P-34: has as many replicas as the charter says", () => {
    const view = createView(signed, statements, NOW);
    expect(view.mesh).toBe(mesh);
    expect(view.placement.replicas).toBe(charter.replicas);
  });
});
