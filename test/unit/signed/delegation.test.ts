import { describe, expect, it } from "vitest";
import {
  delegationSchema,
  signDelegation,
  verifyDelegation,
  type Delegation,
} from "../../../protocol/signed/delegation.ts";
import { alice, bob, carol, mallory, mesh, NOW, otherMesh } from "../support/identities.ts";

const delegation = await signDelegation(alice, mesh, carol.publicKey, NOW + 1000);

describe("delegations", () => {
  it("P-43: parse(JSON.stringify(x)) = x, and verifies", async () => {
    const parsed = delegationSchema.parse(JSON.parse(JSON.stringify(delegation)));
    expect(parsed).toEqual(delegation);
    expect(await verifyDelegation(mesh, alice.publicKey, parsed)).toBe(true);
  });

  it.each<[string, Partial<Delegation>]>([
    ["node", { node: bob.node }],
    ["delegate", { delegate: mallory.publicKey }],
    ["expiresAt", { expiresAt: NOW + 1001 }],
  ])("P-43: the signed field %s, changed alone, breaks verification", async (_, change) => {
    expect(await verifyDelegation(mesh, alice.publicKey, { ...delegation, ...change })).toBe(false);
  });

  it("P-36: does not verify for another mesh, nor under another key", async () => {
    expect(await verifyDelegation(otherMesh, alice.publicKey, delegation)).toBe(false);
    expect(await verifyDelegation(mesh, bob.publicKey, delegation)).toBe(false);
    expect(await verifyDelegation(mesh, carol.publicKey, delegation)).toBe(false);
  });

  it.each([
    { version: 2 },
    { node: "x" },
    { delegate: alice.publicKey.slice(1) },
    { expiresAt: -1 },
    { expiresAt: NOW + 0.5 },
    { signature: "" },
    { colour: "red" },
  ])("P-43: %j is refused", (change) => {
    expect(delegationSchema.safeParse({ ...delegation, ...change }).success).toBe(false);
  });
});
