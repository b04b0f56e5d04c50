/**
 * Which statements are held, by slot, with each slot's digest. Only names and versions, packed: about 100 bytes
 * a statement. Memory only; storage is the truth and this is rebuilt from it.
 */
import { compareVersions, itemHash, type Digest, type Item } from "./digest.ts";

const KEY_BYTES = 16;
const FIRST_CAPACITY = 64;

export interface SlotItem extends Item {
  readonly slot: number;
}

/** A slot's digest, changed in place: each statement is in many slots. */
interface SlotSum {
  hi: number;
  lo: number;
  count: number;
}

export class ItemTable {
  #keys = new Uint8Array(FIRST_CAPACITY * KEY_BYTES);
  #epochs = new Uint32Array(FIRST_CAPACITY);
  #seqs = new Float64Array(FIRST_CAPACITY);
  /** Where the slots of each row begin in the pool; one more than there are rows. */
  #starts = new Uint32Array(FIRST_CAPACITY + 1);
  #pool = new Uint16Array(FIRST_CAPACITY);
  #rows = 0;
  readonly #rowOf = new Map<string, number>();
  readonly #sums = new Map<number, SlotSum>();

  /** Statements held. */
  get size(): number {
    return this.#rowOf.size;
  }

  /** What is held under `key`. */
  get(key: Uint8Array): Item | undefined {
    const row = this.#rowOf.get(textOfKey(key));
    return row === undefined ? undefined : this.#item(row);
  }

  /** Holds `item`, in place of what was held under its key. The same key always has the same slots. */
  set(item: Item, slots: Iterable<number>): void {
    const name = textOfKey(item.key);
    const held = this.#rowOf.get(name);
    if (held !== undefined) {
      this.#toggle(this.#item(held), this.#slotsOf(held), 0);
      this.#write(held, item);
      this.#toggle(item, this.#slotsOf(held), 0);
      return;
    }
    const distinct = [...new Set(slots)];
    const row = this.#rows++;
    this.#grow(distinct.length);
    this.#write(row, item);
    const start = this.#starts[row] ?? 0;
    this.#pool.set(distinct, start);
    this.#starts[row + 1] = start + distinct.length;
    this.#rowOf.set(name, row);
    this.#toggle(item, distinct, 1);
  }

  delete(key: Uint8Array): void {
    const name = textOfKey(key);
    const row = this.#rowOf.get(name);
    if (row === undefined) return;
    this.#toggle(this.#item(row), this.#slotsOf(row), -1);
    this.#rowOf.delete(name);
    if (this.#rows > 2 * this.#rowOf.size + FIRST_CAPACITY) this.#compact();
  }

  /** Undefined for a slot that holds nothing. */
  digestOf(slot: number): Digest | undefined {
    const sum = this.#sums.get(slot);
    return sum && { hi: sum.hi, lo: sum.lo };
  }

  countOf(slot: number): number {
    return this.#sums.get(slot)?.count ?? 0;
  }

  /** Slots that hold something. */
  occupied(): IterableIterator<number> {
    return this.#sums.keys();
  }

  /** Everything held, with its slots. */
  *items(): Generator<Item & { readonly slots: Uint16Array }> {
    for (const row of this.#rowOf.values()) {
      yield { ...this.#item(row), slots: this.#slotsOf(row) };
    }
  }

  /** Everything in `slots`: once for each of these that it is in. */
  *itemsIn(slots: ReadonlySet<number>): Generator<SlotItem> {
    for (const row of this.#rowOf.values()) {
      for (const slot of this.#slotsOf(row)) {
        if (slots.has(slot)) yield { ...this.#item(row), slot };
      }
    }
  }

  #item(row: number): Item {
    return {
      key: this.#keys.slice(row * KEY_BYTES, (row + 1) * KEY_BYTES),
      epoch: this.#epochs[row] ?? 0,
      seq: this.#seqs[row] ?? 0,
    };
  }

  #slotsOf(row: number): Uint16Array {
    return this.#pool.subarray(this.#starts[row], this.#starts[row + 1]);
  }

  #write(row: number, { key, epoch, seq }: Item): void {
    this.#keys.set(key.subarray(0, KEY_BYTES), row * KEY_BYTES);
    this.#epochs[row] = epoch;
    this.#seqs[row] = seq;
  }

  #toggle(item: Item, slots: Iterable<number>, change: -1 | 0 | 1): void {
    const hash = itemHash(item);
    for (const slot of slots) {
      let sum = this.#sums.get(slot);
      if (!sum) {
        sum = { hi: 0, lo: 0, count: 0 };
        this.#sums.set(slot, sum);
      }
      sum.hi = (sum.hi ^ hash.hi) >>> 0;
      sum.lo = (sum.lo ^ hash.lo) >>> 0;
      sum.count += change;
      // A row that changes its version leaves for a moment what it comes back to.
      if (sum.count === 0) this.#sums.delete(slot);
    }
  }

  #grow(slots: number): void {
    if (this.#rows > this.#epochs.length) {
      const capacity = 2 * this.#epochs.length;
      this.#keys = grown(this.#keys, new Uint8Array(capacity * KEY_BYTES));
      this.#epochs = grown(this.#epochs, new Uint32Array(capacity));
      this.#seqs = grown(this.#seqs, new Float64Array(capacity));
      this.#starts = grown(this.#starts, new Uint32Array(capacity + 1));
    }
    const needed = (this.#starts[this.#rows - 1] ?? 0) + slots;
    if (needed > this.#pool.length) {
      this.#pool = grown(this.#pool, new Uint16Array(Math.max(needed, 2 * this.#pool.length)));
    }
  }

  /** Leaves out the rows that were deleted. */
  #compact(): void {
    const kept = new ItemTable();
    for (const { slots, ...item } of this.items()) kept.set(item, slots);
    this.#keys = kept.#keys;
    this.#epochs = kept.#epochs;
    this.#seqs = kept.#seqs;
    this.#starts = kept.#starts;
    this.#pool = kept.#pool;
    this.#rows = kept.#rows;
    for (const [name, row] of kept.#rowOf) this.#rowOf.set(name, row);
  }
}

/** What of `theirs` is newer than what is held here, or not held; each once. */
export function newerItems(held: Pick<ItemTable, "get">, theirs: Iterable<Item>): Item[] {
  const newer = new Map<string, Item>();
  for (const item of theirs) {
    const own = held.get(item.key);
    if (!own || compareVersions(item, own) > 0) newer.set(textOfKey(item.key), item);
  }
  return [...newer.values()];
}

function textOfKey(key: Uint8Array): string {
  return String.fromCharCode(...key.subarray(0, KEY_BYTES));
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  old: T,
  larger: T,
): T {
  larger.set(old);
  return larger;
}
