import { describe, expect, it } from "vitest";
import { CLOCK_SKEW_S } from "../../../protocol/http/message-signature.ts";
import { publicKeySchema } from "../../../protocol/ids.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import type { Statement } from "../../../protocol/membership/statements.ts";
import { meshIdOf, signCharter } from "../../../protocol/signed/charter.ts";
import type { Identity } from "../../../protocol/signed/ed25519.ts";
import {
  checkInvitation,
  INVITATION_MAX_MS,
  INVITATION_STATEMENTS_MAX,
  invitationSchema,
  signInvitation,
  type Invitation,
  type InvitationStatement,
} from "../../../protocol/signed/invitation.ts";
import { signVote } from "../../../protocol/signed/vote.ts";
import { alice, bob, carol, charter, founders, mallory, mesh, NOW } from "../support/identities.ts";

const signed = await signCharter(
  { ...charter, admission: { rule: "members", threshold: 2 } },
  founders,
);
const membersMesh = meshIdOf(signed.charter);

async function admit(by: Identity, subject: Identity): Promise<Statement> {
  const vote = await signVote(by, membersMesh, subject.publicKey, "admit", NOW - 1000);
  return { type: "vote", vote };
}

function statementBy(
  inviter: Identity,
  change: Partial<InvitationStatement> = {},
): InvitationStatement {
  return {
    version: 1,
    charter: signed,
    by: inviter.publicKey,
    statements: [],
    peers: ["https://mesh.example"],
    issuedAt: NOW,
    expiresAt: NOW + 1000,
    ...change,
  };
}

const good = await signInvitation(alice, statementBy(alice));
const otherCharter = await signCharter(charter, founders);
const bobsVote = await admit(bob, mallory);

async function codeOf(invitation: Invitation, now = NOW): Promise<string> {
  const checked = await checkInvitation(invitation, now);
  return checked.ok ? "ok" : checked.error;
}

function parses(change: Partial<InvitationStatement>): boolean {
  const changed = { ...good, invitation: { ...good.invitation, ...change } };
  return invitationSchema.safeParse(changed).success;
}

describe("invitations", () => {
  it("P-91: parse(JSON.stringify(x)) = x, and holds", async () => {
    const parsed = invitationSchema.parse(JSON.parse(JSON.stringify(good)));
    expect(parsed).toEqual(good);
    expect(await codeOf(parsed)).toBe("ok");
  });

  it("P-91: tell the mesh, and who is a member by the votes in it", async () => {
    const votes = [await admit(alice, mallory), await admit(bob, mallory)];
    const invitation = await signInvitation(
      alice,
      statementBy(alice, { subject: mallory.publicKey, statements: votes }),
    );
    const checked = await checkInvitation(invitation, NOW);
    if (!checked.ok) throw new Error(checked.error);
    expect(checked.value.mesh).toBe(membersMesh);
    expect(checked.value.admission.isAdmitted(mallory.publicKey)).toBe(true);
    expect((await checkInvitation(good, NOW)).ok).toBe(true);
  });

  it.each<[string, Partial<InvitationStatement>]>([
    ["by", { by: bob.publicKey }],
    ["subject", { subject: mallory.publicKey }],
    ["statements", { statements: [bobsVote] }],
    ["peers", { peers: ["https://elsewhere.example"] }],
    ["issuedAt", { issuedAt: NOW - 1 }],
    ["expiresAt", { expiresAt: NOW + 1001 }],
    ["charter", { charter: otherCharter }],
  ])("P-91: the signed field %s, changed alone, breaks it", async (_, change) => {
    const changed = { ...good, invitation: { ...good.invitation, ...change } };
    expect(await codeOf(changed)).toBe("bad-signature");
  });

  it("P-91: hold from a minute before they are issued, for clocks differ, until they end", async () => {
    const skew = CLOCK_SKEW_S * 1000;
    expect(await codeOf(good, NOW - skew - 1)).toBe("not-yet");
    expect(await codeOf(good, NOW - skew)).toBe("ok");
    expect(await codeOf(good, NOW + 999)).toBe("ok");
    expect(await codeOf(good, NOW + 1000)).toBe("expired");
  });

  it("P-91: hold only from a member, as what is in them proves", async () => {
    const alone = await signInvitation(mallory, statementBy(mallory));
    expect(await codeOf(alone)).toBe("not-a-member");
    const half = statementBy(mallory, { statements: [await admit(alice, mallory)] });
    expect(await codeOf(await signInvitation(mallory, half))).toBe("not-a-member");
    const votes = [await admit(alice, mallory), await admit(carol, mallory)];
    const whole = statementBy(mallory, { statements: votes });
    expect(await codeOf(await signInvitation(mallory, whole))).toBe("ok");
  });

  it("P-91: do not hold with a charter that a founder did not sign", async () => {
    const [first = "", ...rest] = signed.signatures;
    const charterOf = { ...signed, signatures: [...rest, first] };
    const invitation = await signInvitation(alice, statementBy(alice, { charter: charterOf }));
    expect(await codeOf(invitation)).toBe("bad-charter");
  });

  it("P-91: do not hold with a vote that no voter signed", async () => {
    const vote = await signVote(alice, mesh, mallory.publicKey, "admit", NOW - 1000);
    const statements: Statement[] = [{ type: "vote", vote }];
    const invitation = await signInvitation(alice, statementBy(alice, { statements }));
    expect(await codeOf(invitation)).toBe("bad-statement");
  });

  it("P-37: do not hold under a key that is not sound", async () => {
    const by = publicKeySchema.parse(toBase64Url(new Uint8Array(32)));
    const unsound = { ...good, invitation: { ...good.invitation, by } };
    expect(await codeOf(unsound)).toBe("bad-signature");
  });

  it("P-91: carry a bounded number of statements and addresses, for a bounded time", async () => {
    const statement = await admit(alice, mallory);
    const statements = Array.from({ length: INVITATION_STATEMENTS_MAX }, () => statement);
    expect(parses({ statements })).toBe(true);
    expect(parses({ statements: [...statements, statement] })).toBe(false);
    const peers = Array.from({ length: 16 }, () => "https://mesh.example");
    expect(parses({ peers })).toBe(true);
    expect(parses({ peers: [...peers, "https://mesh.example"] })).toBe(false);
    expect(parses({ peers: [] })).toBe(false);
    expect(parses({ peers: ["http://mesh.example"] })).toBe(false);
    expect(parses({ expiresAt: NOW + INVITATION_MAX_MS })).toBe(true);
    expect(parses({ expiresAt: NOW + INVITATION_MAX_MS + 1 })).toBe(false);
    expect(parses({ expiresAt: NOW })).toBe(false);
  });
});
