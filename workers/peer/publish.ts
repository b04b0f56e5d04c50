/**
 * Storing what is published: each statement is verified, then given to every shard that holds one of its slots. What
 * is wrong with one costs only that one.
 */
import {
  acceptStatement,
  type AcceptedStatement,
  type StatementKind,
} from "../../durable-objects/accept-statements.ts";
import type { StoredEntry } from "../../durable-objects/routing-shard-store.ts";
import { formerShards, type FormerShard } from "../../durable-objects/shard-layouts.ts";
import { shardOf, shardStub } from "../../durable-objects/stubs.ts";
import { fromBase64Url, type PublishResponse, type RefusalReason } from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";

export type { StatementKind } from "../../durable-objects/accept-statements.ts";

interface Indexed {
  readonly index: number;
  readonly statement: AcceptedStatement;
}

/** Verifies and stores a batch of statements of one kind, each as base64url. */
export async function acceptStatements(
  member: MemberContext,
  kind: StatementKind,
  statements: readonly string[],
): Promise<PublishResponse> {
  const { env, view, identity, shards } = member;
  const isOurs = (slot: number): boolean => view.placement.replicasOf(slot).includes(identity.node);
  const checked = await Promise.all(
    statements.map((text) =>
      acceptStatement(bytesOf(text), { env, view, now: member.now(), kind, isOurs }),
    ),
  );
  const refused = new Map<number, RefusalReason>();
  const accepted: Indexed[] = [];
  for (const [index, result] of checked.entries()) {
    if (result.ok) accepted.push({ index, statement: result.value });
    else refused.set(index, result.error);
  }
  const former = await formerShards(env, shards, member.now());
  await Promise.all(
    [...byShard(accepted, shards)].map(async ([shard, list]) => {
      const stub = shardStub(env, shard, shards);
      // What a former shard holds of these comes first: an older statement must not win over it.
      const moved = await heldByFormer(member, former, list);
      const entries = [...moved, ...list.map(({ statement }) => storedEntry(statement))];
      const outcomes = await stub.store(entries, view.placement.version);
      for (const [i, outcome] of outcomes.slice(moved.length).entries()) {
        const index = list[i]?.index ?? -1;
        if (outcome === "stale" || outcome === "misdirected") refused.set(index, outcome);
      }
    }),
  );
  await dropFromFormer(member, former, accepted);
  return {
    stored: statements.length - refused.size,
    refused: [...refused]
      .map(([index, reason]) => ({ index, reason }))
      .toSorted((a, b) => a.index - b.index),
    membership: view.version,
  };
}

/** The statements of each shard of a layout of `shards`. */
function byShard(list: readonly Indexed[], shards: number): Map<number, Indexed[]> {
  const grouped = new Map<number, Indexed[]>();
  for (const item of list) {
    for (const shard of new Set(item.statement.slots.map((slot) => shardOf(slot, shards)))) {
      const known = grouped.get(shard);
      if (known) known.push(item);
      else grouped.set(shard, [item]);
    }
  }
  return grouped;
}

function inFormer({ layout, shard }: FormerShard, list: readonly Indexed[]): readonly Indexed[] {
  return byShard(list, layout).get(shard) ?? [];
}

async function heldByFormer(
  { env }: MemberContext,
  former: readonly FormerShard[],
  list: readonly Indexed[],
): Promise<StoredEntry[]> {
  const held = await Promise.all(
    former.map(async (place) => {
      const keys = inFormer(place, list).map(({ statement }) => statement.key);
      if (keys.length === 0) return [];
      return shardStub(env, place.shard, place.layout).entries(keys);
    }),
  );
  return held.flat().filter((entry) => entry !== undefined);
}

/** What was stored has its place now: the former shards need not move it, and must not answer with what it replaced. */
async function dropFromFormer(
  { env }: MemberContext,
  former: readonly FormerShard[],
  list: readonly Indexed[],
): Promise<void> {
  await Promise.all(
    former.map(async (place) => {
      const items = inFormer(place, list).map(({ statement }) => storedEntry(statement));
      if (items.length > 0) await shardStub(env, place.shard, place.layout).drop(items);
    }),
  );
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array();
  }
}

function storedEntry({ key, epoch, seq, statement }: AcceptedStatement): StoredEntry {
  return { key, epoch, seq, statement };
}
