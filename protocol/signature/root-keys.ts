/** Root keys: where in the DHT a signature belongs, one key a tree. */
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, fromBase64Url, utf8Bytes } from "../bytes.ts";
import { MISSING } from "../features/index.ts";
import type { RoutingPlan } from "./plan.ts";

const ROOT_KEY_PREFIX = utf8Bytes("outcome-mesh/root-key/v1\0");
const ROOT_KEY_BYTES = 16;
/** Slots are the first 16 bits of a root key: fine enough to spread over 10,000 nodes, few enough to list. */
export const SLOTS = 65_536;

/** The first `rootDepth` symbols of tree `t`'s path; undefined if one of them is missing. */
function rootPath(plan: RoutingPlan, signature: Uint8Array, tree: number): Uint8Array | undefined {
  const order = plan.orders[tree];
  if (!order) throw new RangeError(`the domain has no tree ${tree}`);
  const path = Uint8Array.from(order.subarray(0, plan.rootDepth), (at) => signature[at] ?? MISSING);
  return path.includes(MISSING) ? undefined : path;
}

/** The 128-bit DHT key of a signature in one tree; undefined where the path ends before `rootDepth`. */
export function rootKeyOf(
  plan: RoutingPlan,
  signature: Uint8Array,
  tree: number,
): Uint8Array | undefined {
  const path = rootPath(plan, signature, tree);
  if (!path) return undefined;
  const input = new ByteWriter()
    .raw(ROOT_KEY_PREFIX)
    .raw(fromBase64Url(plan.domainId))
    .u8(tree)
    .raw(path)
    .bytes();
  return sha256(input).subarray(0, ROOT_KEY_BYTES);
}

export function slotOf(rootKey: Uint8Array): number {
  return ((rootKey[0] ?? 0) << 8) | (rootKey[1] ?? 0);
}

/** Slots already computed, by plan, tree and path: a tree of root depth 1 has 255 of them, and 24 hashes an entry add up. */
const memo = new WeakMap<RoutingPlan, Map<number, number>>();
/** Bounds the memo of a domain with deep roots to a few MB. */
const MEMO_MAX = 100_000;

/** The slot of every tree in which the signature has a root key. */
export function slotsOf(plan: RoutingPlan, signature: Uint8Array): (number | undefined)[] {
  const slots = memo.get(plan) ?? new Map<number, number>();
  memo.set(plan, slots);
  return plan.orders.map((order, tree) => {
    let name = tree;
    for (let depth = 0; depth < plan.rootDepth; depth++) {
      const symbol = signature[order[depth] ?? 0] ?? MISSING;
      if (symbol === MISSING) return undefined;
      name = name * 256 + symbol;
    }
    const known = slots.get(name);
    if (known !== undefined) return known;
    const key = rootKeyOf(plan, signature, tree);
    if (!key) return undefined;
    if (slots.size >= MEMO_MAX) slots.clear();
    slots.set(name, slotOf(key));
    return slotOf(key);
  });
}

/** The trees in which the signature has a root key. */
export function treesOf(plan: RoutingPlan, signature: Uint8Array): number[] {
  return slotsOf(plan, signature).flatMap((slot, tree) => (slot === undefined ? [] : [tree]));
}
