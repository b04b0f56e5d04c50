import { describe, expect, it } from "vitest";
import { combineDigests, itemHash, type Item } from "../../../protocol/repair/digest.ts";
import { ItemTable, newerItems } from "../../../protocol/repair/item-table.ts";
import { fc } from "../support/property.ts";
import { bytesFrom } from "../support/random.ts";

const KEYS = 12;
const keyOf = (i: number): Uint8Array => bytesFrom(`key ${i}`).slice(0, 16);
/** Slots follow from the key, as they do for entries: some in one slot, some in four, with repetitions. */
const slotsOf = (i: number): number[] =>
  Array.from({ length: 1 + (i % 5) }, (_, t) => (i + t * t) % 7);

const step = fc.record({
  key: fc.nat(KEYS - 1),
  epoch: fc.nat(2),
  seq: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  isRemoval: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Applies the steps as a shard does: what is not newer changes nothing. */
function tableOf(steps: readonly Step[]): ItemTable {
  const table = new ItemTable();
  for (const { key, epoch, seq, isRemoval } of steps) {
    const item = { key: keyOf(key), epoch, seq };
    if (isRemoval) table.delete(item.key);
    else if (newerItems(table, [item]).length > 0) table.set(item, slotsOf(key));
  }
  return table;
}

const contents = (table: ItemTable): string[] =>
  [...table.items()]
    .map(({ key, epoch, seq, slots }) => `${key.join()} ${epoch} ${seq} ${slots.join()}`)
    .toSorted();

const contentsOf = (table: ItemTable, slot: number): string[] =>
  [...table.itemsIn(new Set([slot]))]
    .map(({ key, epoch, seq }) => `${key.join()} ${epoch} ${seq}`)
    .toSorted();

describe("the table of items", () => {
  it("P-65: a slot's digests are equal if and only if its contents are, whatever led to them", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), (a, b) => {
        const [one, other] = [tableOf(a), tableOf(b)];
        for (let slot = 0; slot < 7; slot++) {
          const isSame = contentsOf(one, slot).join() === contentsOf(other, slot).join();
          expect(JSON.stringify(one.digestOf(slot)) === JSON.stringify(other.digestOf(slot))).toBe(
            isSame,
          );
          expect(one.countOf(slot)).toBe(contentsOf(one, slot).length);
        }
      }),
    );
  });

  it("holds the same after any order of the same items, and after many were removed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const additions = steps.filter(({ isRemoval }) => !isRemoval);
        const table = tableOf(additions);
        expect(contents(tableOf(additions.toReversed()))).toEqual(contents(table));
        const model = new Map<number, string>();
        const mixed = tableOf(steps);
        for (const { key, isRemoval, epoch, seq } of steps) {
          const held = model.get(key)?.split(" ").map(Number) ?? [-1, 0];
          const [e = -1, s = 0] = held;
          if (isRemoval) model.delete(key);
          else if (epoch > e || (epoch === e && seq > s)) model.set(key, `${epoch} ${seq}`);
        }
        expect(mixed.size).toBe(model.size);
        for (const [key, version] of model) {
          const item = mixed.get(keyOf(key));
          expect(`${item?.epoch} ${item?.seq}`).toBe(version);
        }
      }),
    );
  });

  it("forgets a slot that holds nothing any more", () => {
    const table = new ItemTable();
    table.set({ key: keyOf(0), epoch: 0, seq: 1 }, [5, 5, 9]);
    expect([...table.occupied()]).toEqual([5, 9]);
    table.delete(keyOf(0));
    expect([...table.occupied()]).toEqual([]);
    expect(table.digestOf(5)).toBeUndefined();
  });
});

describe("P-65: an item's hash", () => {
  it("differs if the key, the epoch or the seq does, also beyond 32 bits", () => {
    const base: Item = { key: keyOf(1), epoch: 1, seq: 2 };
    const others: Item[] = [
      { ...base, key: keyOf(2) },
      { ...base, epoch: 2 },
      { ...base, seq: 3 },
      { ...base, seq: 2 + 2 ** 32 },
      { ...base, epoch: 2, seq: 1 },
    ];
    const hashes = [base, ...others].map((item) => JSON.stringify(itemHash(item)));
    expect(new Set(hashes).size).toBe(6);
  });

  it("combines so that two slots that exchange their digests are noticed", () => {
    const [a, b] = [
      itemHash({ key: keyOf(1), epoch: 0, seq: 1 }),
      itemHash({ key: keyOf(2), epoch: 0, seq: 1 }),
    ];
    expect(
      combineDigests([
        [1, a],
        [2, b],
      ]),
    ).not.toEqual(
      combineDigests([
        [1, b],
        [2, a],
      ]),
    );
    expect(
      combineDigests([
        [2, b],
        [1, a],
      ]),
    ).toEqual(
      combineDigests([
        [1, a],
        [2, b],
      ]),
    );
  });
});
