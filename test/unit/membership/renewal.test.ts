import { describe, expect, it } from "vitest";
import {
  leavingDescriptor,
  renewedDescriptor,
  RENEW_MS,
} from "../../../protocol/membership/renewal.ts";
import {
  hasLeft,
  LEASE_MS,
  type Descriptor,
  type DescriptorStatement,
} from "../../../protocol/signed/descriptor.ts";
import { alice, descriptorOf, domainIdFrom, NOW } from "../support/identities.ts";

const description = { name: "A hospital", meshUrl: "https://mesh.example", capacity: 3 };
const domains = [domainIdFrom("domain 1")];
const key = alice.publicKey;

/** As if signed: who signs is not looked at. */
function held(descriptor: DescriptorStatement | undefined): Descriptor {
  if (!descriptor) throw new Error("there is no descriptor");
  return { descriptor, signature: "" };
}

const first = renewedDescriptor(key, undefined, description, { domains }, NOW);

describe("a node's next descriptor", () => {
  it("P-55: at first says what the operator and the origin say", () => {
    expect(first).toEqual({
      version: 1,
      key,
      ...description,
      domains,
      epoch: 0,
      seq: NOW,
      issuedAt: NOW,
      expiresAt: NOW + LEASE_MS,
    });
  });

  it("P-55: comes after an hour, and before that only where something changed", () => {
    const at = (now: number, change: object = {}, held_ = held(first), of = domains) =>
      renewedDescriptor(key, held_, { ...description, ...change }, { domains: of }, now);
    expect(at(NOW + RENEW_MS - 1)).toBeUndefined();
    expect(at(NOW + RENEW_MS)).toMatchObject({ seq: NOW + RENEW_MS, epoch: 0 });
    expect(at(NOW + 1, { capacity: 4 })).toMatchObject({ capacity: 4, seq: NOW + 1 });
    expect(at(NOW + 1, { originUrl: "https://o.example" })).toMatchObject({ seq: NOW + 1 });
    expect(at(NOW + 1, {}, held(first), [])).toMatchObject({ domains: [] });
  });

  it("P-55: never has a seq that was used, though the clock was set back", () => {
    const changed = { ...description, capacity: 9 };
    const next = renewedDescriptor(key, held(first), changed, { domains }, NOW - 5_000);
    expect(next?.seq).toBe(NOW + 1);
  });

  it("P-55: raises the epoch once the lease had ended", () => {
    const before = renewedDescriptor(
      key,
      held(first),
      description,
      { domains },
      NOW + LEASE_MS - 1,
    );
    expect(before?.epoch).toBe(0);
    const after = renewedDescriptor(key, held(first), description, { domains }, NOW + LEASE_MS);
    expect(after?.epoch).toBe(1);
  });

  it("P-55: keeps the domains that are published where the origin has not said any", () => {
    const next = renewedDescriptor(key, held(first), description, {}, NOW + RENEW_MS);
    expect(next?.domains).toEqual(domains);
  });

  it("P-55: stays at capacity 0 while the node hands over, and does not come once it has left", async () => {
    const before = await descriptorOf(alice);
    const draining = held(leavingDescriptor(before, "hand-over", NOW));
    expect(draining.descriptor).toMatchObject({ capacity: 0, expiresAt: NOW + LEASE_MS });
    expect(hasLeft(draining.descriptor)).toBe(false);
    const renewed = renewedDescriptor(key, draining, description, { domains }, NOW + RENEW_MS);
    expect(renewed).toMatchObject({ capacity: 0 });

    const left = held(leavingDescriptor(draining, "end", NOW + 1));
    expect(left.descriptor).toMatchObject({ seq: NOW + 1, expiresAt: NOW + 2 });
    expect(hasLeft(left.descriptor)).toBe(true);
    const ever = renewedDescriptor(key, left, description, { domains }, NOW + 9 * LEASE_MS);
    expect(ever).toBeUndefined();
  });
});
