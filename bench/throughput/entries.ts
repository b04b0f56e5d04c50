/** Real entries: drawn people's signatures, signed by the mesh's members. */
import type { Random } from "../../examples/random.ts";
import {
  entryKeyOf,
  SLOTS,
  slotsOf,
  signEntry,
  utf8Bytes,
  BATCH_MAX_ENTRIES,
  type EntryBytes,
} from "../../protocol/index.ts";
import { compiledDomain, drawSignature, type Condition } from "./people.ts";
import type { ProbeNode } from "./probe-node.ts";

const KEY_BYTES = 16;

export interface SignedEntry {
  readonly key: Uint8Array;
  readonly statement: EntryBytes;
  readonly signature: Uint8Array;
}

/** As many entries as wanted of those that the node holds, each of a member drawn. */
export async function signEntries(
  node: Pick<ProbeNode, "members" | "mesh" | "holds">,
  random: Random,
  conditions: readonly Condition[],
  count: number,
): Promise<SignedEntry[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const identity = random.pick(node.members);
      const signature = drawHeld(node, random, conditions);
      const entry = {
        node: identity.node,
        domain: compiledDomain.id,
        epoch: 0,
        seq: 1,
        count: 1,
        signature,
      };
      const statement = await signEntry(identity, node.mesh, entry);
      return { key: entryKeyOf(entry.node, entry.domain, signature), statement, signature };
    }),
  );
}

/** A drawn person's signature with a slot that the node holds. */
export function drawHeld(
  node: Pick<ProbeNode, "holds">,
  random: Random,
  conditions: readonly Condition[],
): Uint8Array<ArrayBuffer> {
  for (;;) {
    const signature = drawSignature(random, conditions);
    if (treesHeld(node, signature).length > 0) return signature;
  }
}

/** The trees in which a signature's slot is one of the node's, with that slot. */
export function treesHeld(
  node: Pick<ProbeNode, "holds">,
  signature: Uint8Array,
): { readonly tree: number; readonly slot: number }[] {
  return slotsOf(compiledDomain.plan, signature).flatMap((slot, tree) =>
    slot !== undefined && node.holds(slot) ? [{ tree, slot }] : [],
  );
}

/**
 * Stores `count` entries in the node's shards: through `RoutingShard.store`, to which the product hands what it has
 * verified; that these verify is not checked again. `onFilled` hears how many there are so far.
 */
export async function fillNode(
  node: ProbeNode,
  random: Random,
  conditions: readonly Condition[],
  count: number,
  onFilled: (stored: number) => void,
): Promise<void> {
  for (let done = 0; done < count;) {
    const size = Math.min(BATCH_MAX_ENTRIES * node.shards, count - done);
    const entries = await signEntries(node, random, conditions, size);
    const byShard = new Map<string, SignedEntry[]>();
    for (const entry of entries) {
      const held = treesHeld(node, entry.signature);
      for (const shard of new Set(held.map(({ slot }) => shardName(slot, node.shards)))) {
        const list = byShard.get(shard) ?? [];
        list.push(entry);
        byShard.set(shard, list);
      }
    }
    await Promise.all(
      [...byShard].map(([shard, list]) => node.probe(`/bench/fill?shard=${shard}`, packed(list))),
    );
    done += size;
    onFilled(done);
  }
}

/** As `durable-objects/stubs.ts` names it. */
export function shardName(slot: number, shards: number): string {
  return `shard-${Math.floor((slot * shards) / SLOTS)}-of-${shards}`;
}

function packed(entries: readonly SignedEntry[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    entries.reduce((sum, { statement }) => sum + 2 + KEY_BYTES + statement.length, 0),
  );
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const { key, statement } of entries) {
    view.setUint16(at, statement.length);
    whole.set(key, at + 2);
    whole.set(statement, at + 2 + KEY_BYTES);
    at += 2 + KEY_BYTES + statement.length;
  }
  return whole;
}

/** A publish request's body. */
export function publishBody(entries: readonly SignedEntry[]): Uint8Array<ArrayBuffer> {
  const texts = entries.map(({ statement }) => Buffer.from(statement).toString("base64url"));
  return utf8Bytes(JSON.stringify({ entries: texts }));
}
