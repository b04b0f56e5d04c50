import { describe, expect, it } from "vitest";
import { NO_PREVIOUS, commitTo, entryHash } from "../../../protocol/audit/entry.ts";
import { receiptFault, receiptNode, receiptSchema } from "../../../protocol/audit/receipt.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { answerDigest, type Answer } from "../../../protocol/signed/answer.ts";
import { receiptOf } from "../../support/receipts.ts";
import { alice, bob, domainIdFrom, mesh, NOW } from "../support/identities.ts";

const answer: Answer = {
  version: 1,
  node: bob.node,
  domain: domainIdFrom("domain"),
  query: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
  answeredAt: NOW,
  results: [],
  warnings: [],
};
const good = await receiptOf(answer, { identity: bob, mesh, asker: alice.node });

describe("P-113: a receipt", () => {
  it("holds by itself, over the wire too, and names its node", async () => {
    const received = receiptSchema.parse(JSON.parse(JSON.stringify(good)));
    expect(await receiptFault(received)).toBeUndefined();
    expect(receiptNode(received)).toBe(bob.node);
  });

  it("says what is wrong with it", async () => {
    const { checkpoint, opening } = good;
    const otherSize = { ...checkpoint.checkpoint, size: 2 };
    const unsigned = { ...good, checkpoint: { ...checkpoint, checkpoint: otherSize } };
    expect(await receiptFault(unsigned)).toBe("bad-signature");
    expect(await receiptFault({ ...good, entry: { ...good.entry, index: 1 } })).toBe(
      "not-included",
    );
    expect(await receiptFault({ ...good, proof: [NO_PREVIOUS] })).toBe("not-included");
    for (const change of [
      { key: NO_PREVIOUS },
      { query: "another" },
      { answer: toBase64Url(entryHash(good.entry)) },
    ]) {
      expect(await receiptFault({ ...good, opening: { ...opening, ...change } })).toBe(
        "bad-opening",
      );
    }
  });

  it("is of the answer without itself", () => {
    expect(answerDigest({ ...answer, receipt: good })).toBe(answerDigest(answer));
    expect(answerDigest({ ...answer, answeredAt: NOW + 1 })).not.toBe(answerDigest(answer));
  });
});

/** The platform's own HMAC is the reference. */
describe("P-113: a commitment", () => {
  it("is HMAC-SHA-256, and hides its value from who lacks the key", async () => {
    const key = new Uint8Array(32).fill(11);
    const imported = await crypto.subtle.importKey(
      "raw",
      key,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const mac = await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode("value"));
    expect(commitTo(toBase64Url(key), "value")).toBe(toBase64Url(new Uint8Array(mac)));
    expect(commitTo(NO_PREVIOUS, "value")).not.toBe(commitTo(toBase64Url(key), "value"));
  });
});
