import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fromBase64Url } from "../../../protocol/bytes.ts";
import { rootKeyOf, slotOf, SLOTS, slotsOf } from "../../../protocol/signature/root-keys.ts";
import { signatureOf } from "../../../protocol/signature/signature.ts";
import { compileSample, encodeSample, sampleDocument, sampleProfile } from "../support/domains.ts";
import { chiSquare, chiSquareBound, seededRandom, SLOW } from "../support/random.ts";

const compiled = compileSample();
const { plan } = compiled;
const signature = signatureOf(compiled, encodeSample(compiled, sampleProfile));

describe("root keys", () => {
  it("P-28: are the first 16 bytes of SHA-256 of prefix, domain id, tree and the path's start", () => {
    for (const [tree, order] of plan.orders.entries()) {
      const digest = createHash("sha256")
        .update("outcome-mesh/root-key/v1\0")
        .update(fromBase64Url(plan.domainId))
        .update(Uint8Array.of(tree, signature[order[0] ?? 0] ?? 0, signature[order[1] ?? 0] ?? 0))
        .digest();
      expect([...(rootKeyOf(plan, signature, tree) ?? [])]).toEqual([...digest.subarray(0, 16)]);
    }
  });

  it("P-28: depend on the first `rootDepth` symbols of the path and on no other", () => {
    for (const [tree, order] of plan.orders.entries()) {
      const key = rootKeyOf(plan, signature, tree);
      for (const [depth, at] of order.entries()) {
        const changed = signature.slice();
        changed[at] = ((changed[at] ?? 0) % 255) + 1;
        const isSame =
          Buffer.compare(key ?? signature, rootKeyOf(plan, changed, tree) ?? changed) === 0;
        expect(isSame).toBe(depth >= plan.rootDepth);
      }
    }
  });

  it("P-28: there is none where a symbol is missing among the first `rootDepth`, and only there", () => {
    for (const [tree, order] of plan.orders.entries()) {
      for (const [depth, at] of order.entries()) {
        const lacking = signature.slice();
        lacking[at] = 0;
        expect(rootKeyOf(plan, lacking, tree) === undefined).toBe(depth < plan.rootDepth);
      }
    }
  });

  it("P-28: a tree that the domain does not have is a bug of the caller", () => {
    expect(() => rootKeyOf(plan, signature, plan.trees)).toThrow(RangeError);
  });

  it("P-28: signatures of one profile under two domains share no root key", () => {
    const other = compileSample({ ...sampleDocument(), description: "other" });
    const keys = [compiled, other].flatMap((domain) => {
      const own = signatureOf(domain, encodeSample(domain, sampleProfile));
      return domain.plan.orders.map((_, t) => rootKeyOf(domain.plan, own, t)?.join());
    });
    expect(new Set(keys).size).toBe(2 * plan.trees);
  });
});

describe("slots", SLOW, () => {
  it("P-29: are the first 16 bits of the root key", () => {
    expect(slotOf(Uint8Array.of(0x12, 0x34, 0xff))).toBe(0x1234);
    expect(slotOf(new Uint8Array(16).fill(0xff))).toBe(SLOTS - 1);
    expect(slotOf(new Uint8Array(16))).toBe(0);
  });

  it("P-29: there is one a tree, and none where there is no root key", () => {
    const lacking = signature.slice();
    lacking[plan.orders[3]?.[1] ?? 0] = 0;
    const slots = slotsOf(plan, lacking);
    expect(slots).toHaveLength(plan.trees);
    for (const [tree, slot] of slots.entries()) {
      const key = rootKeyOf(plan, lacking, tree);
      expect(slot).toBe(key && slotOf(key));
    }
    expect(slots[3]).toBeUndefined();
  });

  it("P-29: random signatures spread evenly over the slots (chi-square over 256 ranges)", () => {
    const random = seededRandom(29);
    const counts = Array<number>(256).fill(0);
    for (let i = 0; i < 8000; i++) {
      const drawn = Uint8Array.from({ length: 128 }, () => 1 + Math.floor(255 * random()));
      for (const slot of slotsOf(plan, drawn)) {
        const range = (slot ?? 0) >> 8;
        counts[range] = (counts[range] ?? 0) + 1;
      }
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareBound(255));
  });
});
