import { describe, expect, it } from "vitest";
import { countStates, reportMembers } from "../../../protocol/membership/report.ts";
import type { Statement } from "../../../protocol/membership/statements.ts";
import { createView } from "../../../protocol/membership/view.ts";
import { meshIdOf, signCharter } from "../../../protocol/signed/charter.ts";
import { ENDED_LEASE_MS, signDescriptor } from "../../../protocol/signed/descriptor.ts";
import type { Identity } from "../../../protocol/signed/ed25519.ts";
import { signVote, type Verdict } from "../../../protocol/signed/vote.ts";
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

const signed = await signCharter(
  { ...charter, admission: { rule: "founders", threshold: 2 } },
  founders,
);
const mesh = meshIdOf(signed.charter);
const dave = await identityOf("dave");

async function described(
  identity: Identity,
  change: Parameters<typeof statementOf>[1] = {},
): Promise<Statement> {
  const descriptor = await signDescriptor(identity, mesh, statementOf(identity, change));
  return { type: "descriptor", descriptor };
}

async function voted(
  by: Identity,
  subject: Identity,
  verdict: Verdict,
  at = NOW,
): Promise<Statement> {
  return { type: "vote", vote: await signVote(by, mesh, subject.publicKey, verdict, at) };
}

function reportOf(identity: Identity, statements: readonly Statement[]) {
  const reports = reportMembers(createView(signed, statements, NOW));
  return reports.find(({ key }) => key === identity.publicKey);
}

describe("the report of members", () => {
  it("says of each founder whether it is live, draining, lapsed, gone or not heard of", async () => {
    expect(reportOf(alice, [])).toMatchObject({ state: "awaited", isFounder: true });
    expect(reportOf(alice, [await described(alice)])).toMatchObject({
      state: "live",
      described: { name: "A hospital", domains: 2, capacity: 2, epoch: 3, seq: 4 },
    });
    const draining = await described(alice, { capacity: 0 });
    expect(reportOf(alice, [draining])?.state).toBe("draining");
    const lapsed = await described(alice, { expiresAt: NOW });
    expect(reportOf(alice, [lapsed])?.state).toBe("lapsed");
    const left = await described(alice, { expiresAt: NOW - 1000 + ENDED_LEASE_MS });
    expect(reportOf(alice, [left])?.state).toBe("left");
  });

  it("shows a candidate with its votes until there are enough, then awaits it", async () => {
    const first = await voted(alice, mallory, "admit");
    expect(reportOf(mallory, [first])).toMatchObject({
      state: "candidate",
      isFounder: false,
      admittedBy: [alice.publicKey],
    });
    const second = await voted(bob, mallory, "admit");
    expect(reportOf(mallory, [first, second])?.state).toBe("awaited");
    expect(reportOf(mallory, [first, second, await described(mallory)])?.state).toBe("live");
  });

  it("counts of each voter the latest word", async () => {
    const statements = [
      await voted(alice, mallory, "admit", NOW),
      await voted(alice, mallory, "revoke", NOW + 1),
      await voted(bob, mallory, "admit", NOW + 1),
      await voted(bob, mallory, "revoke", NOW),
    ];
    expect(reportOf(mallory, statements)).toMatchObject({
      admittedBy: [bob.publicKey],
      revokedBy: [alice.publicKey],
    });
  });

  it("does not count votes of those who have none, nor one on oneself", async () => {
    const statements = [await voted(dave, mallory, "admit"), await voted(alice, alice, "revoke")];
    expect(reportOf(mallory, statements)).toBeUndefined();
    expect(reportOf(alice, statements)?.revokedBy).toEqual([]);
  });

  it("shows who was revoked, with the votes, whether it described itself or not", async () => {
    const against = [await voted(alice, carol, "revoke"), await voted(bob, carol, "revoke")];
    expect(reportOf(carol, against)).toMatchObject({ state: "revoked" });
    expect(reportOf(carol, [...against, await described(carol)])).toMatchObject({
      state: "revoked",
      revokedBy: [alice.publicKey, bob.publicKey].toSorted(),
      described: { name: "A hospital" },
    });
  });

  it("has live ones first, and counts the states", async () => {
    const statements = [await described(carol), await voted(alice, mallory, "admit")];
    const reports = reportMembers(createView(signed, statements, NOW));
    expect(reports.map(({ state }) => state)).toEqual(["live", "awaited", "awaited", "candidate"]);
    expect(countStates(reports)).toEqual({ live: 1, awaited: 2, candidate: 1 });
  });
});
