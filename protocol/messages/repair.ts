/**
 * What replicas say to each other to find out in what they differ. Lists are long and uniform, so they are packed:
 * big-endian fields one after another, as base64url.
 */
import { z } from "zod";
import { ByteWriter, fromBase64Url, toBase64Url } from "../bytes.ts";
import type { Digest } from "../repair/digest.ts";
import type { SlotItem } from "../repair/item-table.ts";
import { SLOTS } from "../signature/root-keys.ts";
import { BATCH_MAX_ENTRIES } from "./limits.ts";
import { entryBytesSchema } from "./peer.ts";

const SLOT_BYTES = 2;
const SLOT_DIGEST_BYTES = 10;
/** slot 2, entry key 16. */
const SLOT_KEY_BYTES = 18;
/** slot 2, entry key 16, epoch 4, seq 8. */
const SLOT_ITEM_BYTES = 30;

/** Slots whose items are listed in one request. */
export const REPAIR_SLOTS_MAX = 1024;
/** Items of one response: 655 kB. */
export const REPAIR_ITEMS_MAX = 16_384;
/** Any response about repair: the digests of all slots are 874 kB. */
export const REPAIR_RESPONSE_MAX_BYTES = 1_048_576;

/** Packed records of `bytes` each, `max` at most. */
function packed(bytes: number, max: number) {
  return z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/, "must be base64url without padding")
    .max(Math.ceil((bytes * max * 4) / 3))
    .refine((text) => isPacked(text, bytes), `must be records of ${bytes} bytes`);
}

function isPacked(text: string, bytes: number): boolean {
  try {
    return fromBase64Url(text).length % bytes === 0;
  } catch {
    return false;
  }
}

/** The largest set of slots: a flag, the first slot, and a bit for each of 65,536. */
const SLOT_SET_MAX_BYTES = 3 + SLOTS / 8;

/** A set of slots, as `encodeSlots` gives it. */
const slotSet = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/, "must be base64url without padding")
  .max(Math.ceil((SLOT_SET_MAX_BYTES * 4) / 3))
  .refine(isSlotSet, "must be a set of slots");

function isSlotSet(text: string): boolean {
  try {
    decodeSlots(text);
    return true;
  } catch {
    return false;
  }
}

const slotBound = z.int().min(0).max(SLOTS);

/**
 * `combined`: of what the asker has in the slots of which both are replicas; where the responder's is the same, that is
 * all. `slots`: asks for these, whether the responder is their replica or keeps them until they are handed off.
 */
export const digestsRequestSchema = z.discriminatedUnion("of", [
  z.strictObject({
    of: z.literal("shared"),
    from: slotBound,
    to: slotBound,
    combined: packed(8, 1),
  }),
  z.strictObject({ of: z.literal("slots"), slots: slotSet }),
]);
export type DigestsRequest = z.infer<typeof digestsRequestSchema>;

export const digestsResponseSchema = z.strictObject({
  /** Of the slots that hold something; none where the combined digests are equal. */
  digests: packed(SLOT_DIGEST_BYTES, SLOTS),
  isSame: z.boolean(),
  /** Of the slots asked for, those that are not kept here. */
  unheld: slotSet,
  /** Of the slots asked for, those that may lack something here. */
  incomplete: slotSet,
});
export type DigestsResponse = z.infer<typeof digestsResponseSchema>;

export const itemsRequestSchema = z.strictObject({
  slots: slotSet.refine(
    (text) => !isSlotSet(text) || decodeSlots(text).length <= REPAIR_SLOTS_MAX,
    `must be ${REPAIR_SLOTS_MAX} slots at most`,
  ),
  /** Goes on after this item, by slot and key. */
  after: packed(SLOT_KEY_BYTES, 1).optional(),
});
export type ItemsRequest = z.infer<typeof itemsRequestSchema>;

export const itemsResponseSchema = z.strictObject({
  /** By slot, then by key. */
  items: packed(SLOT_ITEM_BYTES, REPAIR_ITEMS_MAX),
  /** Ask again, after the last of these. */
  hasMore: z.boolean(),
});
export type ItemsResponse = z.infer<typeof itemsResponseSchema>;

export const entriesRequestSchema = z.strictObject({
  /** Slot and key of each. */
  items: packed(SLOT_KEY_BYTES, BATCH_MAX_ENTRIES),
});
export const entriesResponseSchema = z.strictObject({
  /** Those that are held, as they were signed. */
  statements: z.array(entryBytesSchema).max(BATCH_MAX_ENTRIES),
});

export interface SlotKey {
  readonly slot: number;
  readonly key: Uint8Array;
}

const AS_LIST = 0;
const AS_BITS = 1;

/** A set of slots in its shorter form: a list of u16, or a bit for each slot from the first on. */
export function encodeSlots(slots: Iterable<number>): string {
  const list = Uint16Array.from(new Set(slots)).toSorted();
  const [first] = list;
  if (first === undefined) return "";
  const bits = (list.at(-1) ?? 0) - first + 1;
  if (SLOT_BYTES * list.length <= SLOT_BYTES + bits / 8) {
    const view = new DataView(new ArrayBuffer(1 + SLOT_BYTES * list.length));
    view.setUint8(0, AS_LIST);
    for (const [i, slot] of list.entries()) view.setUint16(1 + SLOT_BYTES * i, slot);
    return textOf(view);
  }
  const bytes = new Uint8Array(3 + Math.ceil(bits / 8));
  bytes.set([AS_BITS, first >> 8, first & 0xff]);
  for (const slot of list) {
    const at = slot - first;
    bytes[3 + (at >> 3)] = (bytes[3 + (at >> 3)] ?? 0) | (0x80 >> (at & 7));
  }
  return toBase64Url(bytes);
}

/** In ascending order, each once. Throws on what is no set of slots. */
export function decodeSlots(text: string): number[] {
  const bytes = fromBase64Url(text);
  if (bytes.length === 0) return [];
  const view = new DataView(bytes.buffer);
  if (bytes[0] === AS_LIST && bytes.length % SLOT_BYTES === 1) {
    const list = Array.from({ length: (bytes.length - 1) / SLOT_BYTES }, (_, i) =>
      view.getUint16(1 + SLOT_BYTES * i),
    );
    return [...new Set(list)].toSorted((a, b) => a - b);
  }
  if (bytes[0] !== AS_BITS || bytes.length < 3) throw new RangeError("no set of slots");
  const first = view.getUint16(1);
  const slots: number[] = [];
  for (let at = 0; at < 8 * (bytes.length - 3); at++) {
    const isIn = ((bytes[3 + (at >> 3)] ?? 0) & (0x80 >> (at & 7))) !== 0;
    if (isIn) slots.push(first + at);
  }
  if ((slots.at(-1) ?? 0) >= SLOTS) throw new RangeError("a slot beyond the last");
  return slots;
}

export function encodeDigest({ hi, lo }: Digest): string {
  return toBase64Url(new ByteWriter().u32(hi).u32(lo).bytes());
}

export function decodeDigest(text: string): Digest | undefined {
  return records(text, 8, (view, at) => ({
    hi: view.getUint32(at),
    lo: view.getUint32(at + 4),
  }))[0];
}

export function encodeSlotDigests(digests: Iterable<readonly [number, Digest]>): string {
  const list = [...digests];
  const bytes = new DataView(new ArrayBuffer(SLOT_DIGEST_BYTES * list.length));
  for (const [i, [slot, { hi, lo }]] of list.entries()) {
    const at = SLOT_DIGEST_BYTES * i;
    bytes.setUint16(at, slot);
    bytes.setUint32(at + 2, hi);
    bytes.setUint32(at + 6, lo);
  }
  return textOf(bytes);
}

export function decodeSlotDigests(text: string): Map<number, Digest> {
  return new Map(
    records(text, SLOT_DIGEST_BYTES, (view, at): [number, Digest] => [
      view.getUint16(at),
      { hi: view.getUint32(at + 2), lo: view.getUint32(at + 6) },
    ]),
  );
}

export function encodeSlotKeys(keys: readonly SlotKey[]): string {
  const bytes = new Uint8Array(SLOT_KEY_BYTES * keys.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { slot, key }] of keys.entries()) {
    view.setUint16(SLOT_KEY_BYTES * i, slot);
    bytes.set(key, SLOT_KEY_BYTES * i + SLOT_BYTES);
  }
  return toBase64Url(bytes);
}

export function decodeSlotKeys(text: string): SlotKey[] {
  return records(text, SLOT_KEY_BYTES, (view, at) => ({
    slot: view.getUint16(at),
    key: keyAt(view, at + SLOT_BYTES),
  }));
}

export function encodeItems(items: readonly SlotItem[]): string {
  const bytes = new Uint8Array(SLOT_ITEM_BYTES * items.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { slot, key, epoch, seq }] of items.entries()) {
    const at = SLOT_ITEM_BYTES * i;
    view.setUint16(at, slot);
    bytes.set(key, at + SLOT_BYTES);
    view.setUint32(at + 18, epoch);
    view.setUint32(at + 22, Math.floor(seq / 2 ** 32));
    view.setUint32(at + 26, seq >>> 0);
  }
  return toBase64Url(bytes);
}

export function decodeItems(text: string): SlotItem[] {
  return records(text, SLOT_ITEM_BYTES, (view, at) => ({
    slot: view.getUint16(at),
    key: keyAt(view, at + SLOT_BYTES),
    epoch: view.getUint32(at + 18),
    seq: view.getUint32(at + 22) * 2 ** 32 + view.getUint32(at + 26),
  }));
}

function keyAt(view: DataView, at: number): Uint8Array {
  return new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + 16));
}

function textOf(view: DataView): string {
  return toBase64Url(new Uint8Array(view.buffer));
}

function records<T>(text: string, bytes: number, read: (view: DataView, at: number) => T): T[] {
  const packedBytes = fromBase64Url(text);
  const view = new DataView(packedBytes.buffer);
  return Array.from({ length: Math.floor(packedBytes.length / bytes) }, (_, i) =>
    read(view, bytes * i),
  );
}

/** What a round of repair that the operator asked for did, and what it left to do. */
export const nodeRepairSchema = z.object({
  /** Statements that came from other nodes, were brought to them, and were dropped here. */
  fetched: z.int(),
  brought: z.int(),
  dropped: z.int(),
  /** Calls of peers that did not do their part; each shard counts its own. */
  failed: z.int(),
  slots: z.object({ pending: z.int(), handingOff: z.int() }),
  /** Slots and peers that are yet to be dealt with. 0: all is where it should be. */
  backlog: z.int(),
});
export type NodeRepair = z.infer<typeof nodeRepairSchema>;
