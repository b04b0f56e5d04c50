import { describe, expect, it } from "vitest";
import type { PublicKey } from "../../../protocol/ids.ts";
import { admissionOf } from "../../../protocol/membership/admission.ts";
import type { CharterStatement } from "../../../protocol/signed/charter.ts";
import type { Verdict, Vote } from "../../../protocol/signed/vote.ts";
import { alice, bob, carol, charter, identityOf, mallory } from "../support/identities.ts";
import { fc } from "../support/property.ts";
import { seededRandom, shuffled } from "../support/random.ts";

const dave = await identityOf("dave");
const erin = await identityOf("erin");
const [A, B, C] = [alice.publicKey, bob.publicKey, carol.publicKey];
const [D, E, M] = [dave.publicKey, erin.publicKey, mallory.publicKey];
const everyone = [A, B, C, D, E, M];

const byFounders: CharterStatement = charter;
const byMembers: CharterStatement = { ...charter, admission: { rule: "members", threshold: 2 } };
const open: CharterStatement = { ...charter, admission: { rule: "open" } };

/** Votes as verified: what is not looked at is left as it may be. */
function vote(by: PublicKey, verdict: Verdict, subject: PublicKey, issuedAt = 1): Vote {
  return { version: 1, subject, by, verdict, issuedAt, signature: "" };
}

function membersOf(rule: CharterStatement, votes: readonly Vote[]): PublicKey[] {
  const admission = admissionOf(rule, votes);
  return everyone.filter((key) => admission.isAdmitted(key));
}

describe("admission", () => {
  it("P-56: the founders are members from the start, and no one else but where all may join", () => {
    expect(membersOf(byFounders, [])).toEqual([A, B, C]);
    expect(membersOf(byMembers, [])).toEqual([A, B, C]);
    expect(membersOf(open, [])).toEqual(everyone);
  });

  it("P-56: as many founders as the threshold admit, and one fewer do not", () => {
    expect(membersOf(byFounders, [vote(A, "admit", D)])).toEqual([A, B, C]);
    expect(membersOf(byFounders, [vote(A, "admit", D), vote(B, "admit", D)])).toEqual([A, B, C, D]);
  });

  it("P-56: the votes of one voter count once, and one's own for oneself not at all", () => {
    expect(membersOf(byFounders, [vote(A, "admit", D, 1), vote(A, "admit", D, 2)])).toHaveLength(3);
    const joined = [vote(A, "admit", D), vote(B, "admit", D)];
    expect(membersOf(byMembers, [...joined, vote(E, "admit", E), vote(A, "admit", E)])).toEqual([
      A,
      B,
      C,
      D,
    ]);
  });

  it("P-56: with rule founders a new member has no vote; with rule members it has", () => {
    const votes = [
      vote(A, "admit", D),
      vote(B, "admit", D),
      vote(D, "admit", E),
      vote(C, "admit", E),
    ];
    expect(membersOf(byFounders, votes)).toEqual([A, B, C, D]);
    expect(membersOf(byMembers, votes)).toEqual([A, B, C, D, E]);
  });

  it("P-56: strangers who vote for each other stay strangers", () => {
    const votes = [D, E, M].flatMap((by) => [D, E, M].map((subject) => vote(by, "admit", subject)));
    expect(membersOf(byMembers, votes)).toEqual([A, B, C]);
  });

  it("P-57: the threshold revokes, one fewer does not, and one's own vote does not count", () => {
    expect(membersOf(byFounders, [vote(A, "revoke", C)])).toEqual([A, B, C]);
    expect(membersOf(byFounders, [vote(A, "revoke", C), vote(C, "revoke", C)])).toHaveLength(3);
    expect(membersOf(byFounders, [vote(A, "revoke", C), vote(B, "revoke", C)])).toEqual([A, B]);
  });

  it("P-57: where all may join, a majority of the founders revokes", () => {
    expect(membersOf(open, [vote(A, "revoke", M)])).toContain(M);
    expect(membersOf(open, [vote(D, "revoke", M), vote(E, "revoke", M)])).toContain(M);
    expect(membersOf(open, [vote(A, "revoke", M), vote(B, "revoke", M)])).not.toContain(M);
  });

  it("P-57: a voter's latest word counts, and at the same time that to revoke", () => {
    const against = [vote(A, "revoke", C, 5), vote(B, "revoke", C, 5)];
    expect(membersOf(byFounders, [...against, vote(B, "admit", C, 6)])).toContain(C);
    expect(membersOf(byFounders, [...against, vote(B, "admit", C, 5)])).not.toContain(C);
    expect(membersOf(byFounders, [...against, vote(B, "admit", C, 4)])).not.toContain(C);
  });

  it("P-57: one voter can not undo an admission", () => {
    const votes = [vote(A, "admit", D, 1), vote(B, "admit", D, 1), vote(A, "revoke", D, 2)];
    expect(membersOf(byFounders, votes)).toContain(D);
    expect(membersOf(byFounders, [...votes, vote(B, "revoke", D, 2)])).not.toContain(D);
  });

  it("P-57: whom the revoked admitted with too few others is out with them, until others vouch", () => {
    const votes = [
      vote(A, "admit", D),
      vote(B, "admit", D),
      vote(A, "revoke", B),
      vote(C, "revoke", B),
    ];
    expect(membersOf(byFounders, votes)).toEqual([A, C]);
    expect(membersOf(byFounders, [...votes, vote(C, "admit", D)])).toEqual([A, C, D]);
  });

  const anyVotes = fc.array(
    fc.record({
      by: fc.constantFrom(...everyone),
      subject: fc.constantFrom(...everyone),
      verdict: fc.constantFrom("admit" as const, "revoke" as const),
      issuedAt: fc.nat(3),
    }),
    { maxLength: 60 },
  );

  it.each([
    ["founders", byFounders],
    ["members", byMembers],
    ["open", open],
  ])("P-56: rule %s depends on the set of votes alone, not on their order", (_, rule) => {
    fc.assert(
      fc.property(anyVotes, fc.integer(), (list, seed) => {
        const votes = list.map((item) => vote(item.by, item.verdict, item.subject, item.issuedAt));
        const other = shuffled([...votes, ...votes], seededRandom(seed));
        expect(membersOf(rule, other)).toEqual(membersOf(rule, votes));
      }),
    );
  });

  it.each([
    ["founders", byFounders],
    ["members", byMembers],
  ])(
    "P-56: with rule %s one malicious voter below the threshold of two changes nothing, whatever it signs",
    (_, rule) => {
      fc.assert(
        fc.property(anyVotes, (list) => {
          const honest = [vote(A, "admit", D), vote(B, "admit", D)];
          const lies = list.map((item) => vote(C, item.verdict, item.subject, item.issuedAt));
          expect(membersOf(rule, [...honest, ...lies])).toEqual(membersOf(rule, honest));
        }),
      );
    },
  );
});
