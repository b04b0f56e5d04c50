import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { publicKeySchema } from "../../../protocol/ids.ts";
import {
  charterDraftSchema,
  checkDraft,
  completeDraft,
  draftCharter,
  mergeDrafts,
  signDraft,
  type CharterDraft,
} from "../../../protocol/signed/charter-draft.ts";
import { charterSchema, verifyCharter } from "../../../protocol/signed/charter.ts";
import { alice, bob, carol, charter, mallory } from "../support/identities.ts";

async function signedBy(...identities: (typeof alice)[]): Promise<CharterDraft> {
  let draft = draftCharter(charter);
  for (const identity of identities) draft = (await signDraft(draft, identity)) ?? draft;
  return draft;
}

describe("a charter's draft", () => {
  it("becomes the charter when the last founder signs, in whatever order they do", async () => {
    const complete = completeDraft(await signedBy(carol, alice, bob));
    if (!complete.ok) throw new Error("it is not complete");
    expect(charterSchema.parse(complete.value)).toEqual(complete.value);
    expect(await verifyCharter(complete.value)).toBe(true);
  });

  it("names who has yet to sign", async () => {
    const complete = completeDraft(await signedBy(bob));
    expect(complete).toEqual({ ok: false, error: [alice.publicKey, carol.publicKey] });
  });

  it("is not signed by one who is no founder", async () => {
    expect(await signDraft(draftCharter(charter), mallory)).toBeUndefined();
  });

  it("takes signatures that founders made at the same time together", async () => {
    const merged = mergeDrafts(await signedBy(alice, bob), await signedBy(carol));
    expect(merged).toEqual(await signedBy(alice, bob, carol));
  });

  it("is not mixed with that of another charter", async () => {
    const other = draftCharter({ ...charter, name: "Another mesh" });
    expect(mergeDrafts(await signedBy(alice), other)).toBeUndefined();
  });

  it("shows a signature that was made for something else", async () => {
    const draft = await signedBy(alice, bob);
    expect(await checkDraft(draft)).toBeUndefined();
    const changed = { ...draft, charter: { ...charter, name: "Another mesh" } };
    expect(await checkDraft(changed)).toEqual({ code: "bad-signature", founder: alice.publicKey });
  });

  it("shows a founder's key that is not sound, signed or not", async () => {
    const zero = publicKeySchema.parse(toBase64Url(new Uint8Array(32)));
    const draft = draftCharter({ ...charter, founders: [alice.publicKey, zero] });
    expect(await checkDraft(draft)).toEqual({ code: "unsound-key", founder: zero });
  });

  it("is refused with more or fewer places than founders", () => {
    const draft = draftCharter(charter);
    expect(charterDraftSchema.safeParse(draft).success).toBe(true);
    for (const signatures of [draft.signatures.slice(1), [...draft.signatures, null]]) {
      expect(charterDraftSchema.safeParse({ ...draft, signatures }).success).toBe(false);
    }
  });
});
