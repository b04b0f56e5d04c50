import { fc } from "./support/property.ts";
import { describe, expect, it } from "vitest";
import { checkMembers, createView, latestDescriptors } from "../../protocol/membership.ts";
import { signCharter } from "../../protocol/signed/charter.ts";
import type { Descriptor } from "../../protocol/signed/descriptor.ts";
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
} from "./support/identities.ts";
import { seededRandom, shuffled } from "./support/random.ts";

const signed = await signCharter(charter, founders);
const descriptors = await Promise.all(founders.map((identity) => descriptorOf(identity)));
const [ofAlice] = descriptors;
const renewed = await descriptorOf(alice, { seq: 5, capacity: 9 });
const twin = await descriptorOf(alice, { seq: 4, epoch: 8 });

/** A descriptor with one character of its signature changed. */
function tampered({ descriptor, signature }: Descriptor): Descriptor {
  return { descriptor, signature: (signature.startsWith("A") ? "B" : "A") + signature.slice(1) };
}

describe("admission", () => {
  it("P-45: a charter signed by all founders and their own descriptors are accepted", async () => {
    expect(await checkMembers(signed, descriptors, NOW)).toBeUndefined();
    expect(await checkMembers(signed, [], NOW)).toBeUndefined();
    expect(await checkMembers(signed, [...descriptors, renewed], NOW)).toBeUndefined();
  });

  it("P-45: a charter that a founder did not sign is refused", async () => {
    const bad = { ...signed, signatures: signed.signatures.toReversed() };
    expect(await checkMembers(bad, descriptors, NOW)).toEqual({ code: "bad-charter" });
  });

  it("P-45: a descriptor of a stranger is refused, however well signed", async () => {
    const stranger = await descriptorOf(mallory);
    expect(await checkMembers(signed, [...descriptors, stranger], NOW)).toEqual({
      code: "not-admitted",
      node: mallory.node,
    });
  });

  it("P-45: a descriptor is refused from the moment that its lease ends", async () => {
    const { expiresAt } = (ofAlice ?? renewed).descriptor;
    expect(await checkMembers(signed, descriptors, expiresAt - 1)).toBeUndefined();
    expect(await checkMembers(signed, descriptors, expiresAt)).toEqual({
      code: "expired",
      node: alice.node,
    });
  });

  it("P-45: a descriptor with a bad signature is refused, also beside a good one of the same node", async () => {
    expect(await checkMembers(signed, [...descriptors, tampered(renewed)], NOW)).toEqual({
      code: "bad-signature",
      node: alice.node,
    });
  });

  it("P-45: a descriptor under another mesh's charter is refused", async () => {
    const other = await signCharter({ ...charter, name: "Another mesh" }, founders);
    expect(await checkMembers(other, descriptors, NOW)).toMatchObject({ code: "bad-signature" });
  });
});

describe("the view", () => {
  it("P-46: its version and its placement do not depend on the order of descriptors", () => {
    const all = [...descriptors, renewed, twin];
    const view = createView(signed, all);
    fc.assert(
      fc.property(fc.integer(), fc.nat(65_535), (seed, slot) => {
        const other = createView(signed, shuffled(all, seededRandom(seed)));
        expect(other.version).toBe(view.version);
        expect(other.placement.replicasOf(slot)).toEqual(view.placement.replicasOf(slot));
      }),
    );
  });

  it("P-46: its version changes with every member, epoch and seq", async () => {
    const raised = await descriptorOf(alice, { epoch: 4 });
    const rest = descriptors.slice(1);
    const views = [descriptors, rest, [renewed, ...rest], [raised, ...rest]];
    const versions = views.map((list) => createView(signed, list).version);
    expect(new Set(versions).size).toBe(4);
  });

  it("P-46: the highest seq of a node wins, whichever comes first", () => {
    for (const list of [
      [...descriptors, renewed],
      [renewed, ...descriptors],
    ]) {
      expect(latestDescriptors(list)).toHaveLength(3);
      expect(createView(signed, list).live(alice.node, NOW)?.capacity).toBe(9);
    }
  });

  it("P-46: of two descriptors with one seq, every node takes the same", () => {
    const pair = [ofAlice ?? renewed, twin];
    expect(latestDescriptors(pair)).toEqual(latestDescriptors(pair.toReversed()));
    expect(latestDescriptors(pair)).toHaveLength(1);
  });

  it("P-46: a member is live until its lease ends; no one else is", () => {
    const view = createView(signed, descriptors);
    const { expiresAt } = (ofAlice ?? renewed).descriptor;
    expect(view.live(alice.node, expiresAt - 1)).toMatchObject({ node: alice.node, epoch: 3 });
    expect(view.live(alice.node, expiresAt)).toBeUndefined();
    expect(view.live(mallory.node, NOW)).toBeUndefined();
  });

  it("P-46: a lapse moves no slots: placement counts every member, R as the charter says", () => {
    const view = createView(signed, descriptors);
    expect(view.mesh).toBe(mesh);
    expect(view.placement.replicas).toBe(charter.replicas);
    const holders = new Set(
      Array.from({ length: 200 }, (_, i) => view.placement.replicasOf(i)).flat(),
    );
    expect(holders).toEqual(new Set([alice.node, bob.node, carol.node]));
  });
});
