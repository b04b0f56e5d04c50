import { describe, expect, it } from "vitest";
import { signStatement } from "../../../protocol/signed/statement.ts";
import {
  encodeVote,
  signVote,
  verifyVote,
  voteSchema,
  type Vote,
} from "../../../protocol/signed/vote.ts";
import { alice, bob, carol, mesh, NOW, otherMesh } from "../support/identities.ts";

const vote = await signVote(alice, mesh, bob.publicKey, "admit", NOW);

describe("votes", () => {
  it("P-56: have the documented layout", () => {
    const issuedAt = Buffer.alloc(8);
    issuedAt.writeBigUInt64BE(BigInt(NOW));
    for (const [verdict, byte] of [
      ["admit", 1],
      ["revoke", 2],
    ] as const) {
      const bytes = Buffer.concat([
        Buffer.from([1]),
        Buffer.from(bob.publicKey, "base64url"),
        Buffer.from(alice.publicKey, "base64url"),
        Buffer.from([byte]),
        issuedAt,
      ]);
      expect(Buffer.compare(encodeVote({ ...vote, verdict }), bytes)).toBe(0);
    }
  });

  it("P-56: parse(JSON.stringify(x)) = x, and verifies", async () => {
    const parsed = voteSchema.parse(JSON.parse(JSON.stringify(vote)));
    expect(parsed).toEqual(vote);
    expect(await verifyVote(mesh, parsed)).toBe(true);
  });

  it.each<[string, Partial<Vote>]>([
    ["subject", { subject: carol.publicKey }],
    ["by", { by: carol.publicKey }],
    ["verdict", { verdict: "revoke" }],
    ["issuedAt", { issuedAt: NOW + 1 }],
  ])("P-56: the signed field %s, changed alone, breaks verification", async (_, change) => {
    expect(await verifyVote(mesh, { ...vote, ...change })).toBe(false);
  });

  it("P-36: do not verify for another mesh, nor as another kind", async () => {
    expect(await verifyVote(otherMesh, vote)).toBe(false);
    const signature = await signStatement(alice, "descriptor", mesh, encodeVote(vote));
    expect(await verifyVote(mesh, { ...vote, signature })).toBe(false);
  });

  it.each([
    ["another version", { version: 2 }],
    ["an unknown verdict", { verdict: "abstain" }],
    ["a negative time", { issuedAt: -1 }],
    ["an unknown member", { colour: "red" }],
    ["no signature", { signature: undefined }],
  ])("P-56: %s is refused", (_, change) => {
    expect(voteSchema.safeParse({ ...vote, ...change }).success).toBe(false);
  });
});
