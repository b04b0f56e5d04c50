import { describe, expect, it } from "vitest";
import { CLOCK_SKEW_S, REQUEST_MAX_AGE_S } from "../../../protocol/http/message-signature.ts";
import { ReplayGuard } from "../../../protocol/http/replay-guard.ts";
import { alice, bob, NOW } from "../support/identities.ts";

const sender = { node: alice.node, nonce: "n1" };

describe("the replay guard", () => {
  it("P-48: admits a nonce once", () => {
    const guard = new ReplayGuard();
    expect(guard.admit(sender, NOW)).toBe(true);
    expect(guard.admit(sender, NOW)).toBe(false);
    expect(guard.admit(sender, NOW + 1000)).toBe(false);
  });

  it("P-48: keeps senders apart, and nonces", () => {
    const guard = new ReplayGuard();
    guard.admit(sender, NOW);
    expect(guard.admit({ ...sender, node: bob.node }, NOW)).toBe(true);
    expect(guard.admit({ ...sender, nonce: "n2" }, NOW)).toBe(true);
  });

  it("P-48: remembers for as long as the request could be accepted again", () => {
    const guard = new ReplayGuard();
    // Created a minute ahead of this clock, so first acceptable now; last acceptable at its greatest age.
    const createdAt = NOW + CLOCK_SKEW_S * 1000;
    const lastAt = createdAt + (REQUEST_MAX_AGE_S + CLOCK_SKEW_S) * 1000;
    guard.admit(sender, NOW);
    guard.admit({ ...sender, nonce: "n2" }, lastAt - 1);
    expect(guard.admit(sender, lastAt - 1)).toBe(false);
    expect(guard.admit(sender, lastAt + 1000)).toBe(true);
  });
});
