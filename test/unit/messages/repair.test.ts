import { describe, expect, it } from "vitest";
import {
  decodeDigest,
  decodeItems,
  decodeSlotDigests,
  decodeSlotKeys,
  decodeSlots,
  digestsRequestSchema,
  encodeDigest,
  encodeItems,
  encodeSlotDigests,
  encodeSlotKeys,
  encodeSlots,
  entriesRequestSchema,
  itemsRequestSchema,
  itemsResponseSchema,
  REPAIR_ITEMS_MAX,
  REPAIR_SLOTS_MAX,
} from "../../../protocol/messages/repair.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { fc } from "../support/property.ts";

const slot = fc.nat(65_535);
const word = fc.nat(0xffff_ffff);
const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
const item = fc.record({ slot, key, epoch: word, seq: fc.maxSafeNat() });

describe("P-69: messages of repair", () => {
  it("carry any set of slots, dense or not, in ascending order", () => {
    const dense = fc
      .tuple(slot, fc.nat(3000))
      .map(([from, count]) =>
        Array.from({ length: count }, (_, i) => from + i).filter((s) => s < 65_536 && s % 7 !== 0),
      );
    fc.assert(
      fc.property(fc.oneof(fc.array(slot, { maxLength: 300 }), dense), (slots) => {
        const sorted = [...new Set(slots)].toSorted((a, b) => a - b);
        expect(decodeSlots(encodeSlots(slots))).toEqual(sorted);
      }),
    );
    const all = Array.from({ length: 65_536 }, (_, i) => i);
    expect(decodeSlots(encodeSlots(all))).toEqual(all);
    expect(digestsRequestSchema.safeParse({ of: "slots", slots: encodeSlots(all) }).success).toBe(
      true,
    );
    expect(encodeSlots(all).length).toBeLessThan(11_000);
    expect(encodeSlots([])).toBe("");
    expect(decodeSlots("")).toEqual([]);
  });

  it("carry digests, items and their names as they are", () => {
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 50 }),
        fc.array(fc.tuple(slot, word, word)),
        (items, sums) => {
          expect(decodeItems(encodeItems(items))).toEqual(items);
          expect(decodeSlotKeys(encodeSlotKeys(items))).toEqual(
            items.map((i) => ({ slot: i.slot, key: i.key })),
          );
          const digests = new Map(sums.map(([s, hi, lo]) => [s, { hi, lo }]));
          expect(decodeSlotDigests(encodeSlotDigests(digests))).toEqual(digests);
          for (const digest of digests.values()) {
            expect(decodeDigest(encodeDigest(digest))).toEqual(digest);
          }
        },
      ),
    );
  });

  it("are refused with records that are cut off, or slots that are none", () => {
    const cut = toBase64Url(new Uint8Array(29));
    expect(itemsResponseSchema.safeParse({ items: cut, hasMore: false }).success).toBe(false);
    expect(entriesRequestSchema.safeParse({ items: toBase64Url(new Uint8Array(17)) }).success).toBe(
      false,
    );
    for (const bytes of [[2], [0, 1], [1, 0], [1, 0xff, 0xff, 0xff]]) {
      const slots = toBase64Url(Uint8Array.from(bytes));
      expect(digestsRequestSchema.safeParse({ of: "slots", slots }).success).toBe(false);
    }
  });

  it("are refused one record beyond their limits", () => {
    expect(isItemsRequest(REPAIR_SLOTS_MAX)).toBe(true);
    expect(isItemsRequest(REPAIR_SLOTS_MAX + 1)).toBe(false);
    expect(isItemsResponse(REPAIR_ITEMS_MAX)).toBe(true);
    expect(isItemsResponse(REPAIR_ITEMS_MAX + 1)).toBe(false);
    expect(isEntriesRequest(500)).toBe(true);
    expect(isEntriesRequest(501)).toBe(false);
  });
});

function isItemsRequest(count: number): boolean {
  const slots = encodeSlots(Array.from({ length: count }, (_, i) => 3 * i));
  return itemsRequestSchema.safeParse({ slots }).success;
}

function isItemsResponse(count: number): boolean {
  const items = toBase64Url(new Uint8Array(30 * count));
  return itemsResponseSchema.safeParse({ items, hasMore: true }).success;
}

function isEntriesRequest(count: number): boolean {
  return entriesRequestSchema.safeParse({ items: toBase64Url(new Uint8Array(18 * count)) }).success;
}
