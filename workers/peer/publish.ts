/**
 * The door of this node's shards: every entry and tombstone is verified here, whoever brings it, before a
 * shard stores it. What is wrong with one costs only that one.
 */
import { knownDomain } from "../../durable-objects/domain-cache.ts";
import type { StoredEntry } from "../../durable-objects/routing-shard-store.ts";
import { shardOf, shardStub } from "../../durable-objects/stubs.ts";
import {
  decodeEntry,
  entryKeyOf,
  err,
  fromBase64Url,
  isTombstone,
  ok,
  slotsOf,
  verifyEntry,
  type Entry,
  type PublishResponse,
  type RefusalReason,
  type Result,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";

export type StatementKind = "entry" | "tombstone";

/** A verified statement with the trees that each shard of this node holds of it. */
interface Accepted {
  readonly index: number;
  readonly statement: Uint8Array;
  readonly entry: Entry;
  readonly treesByShard: ReadonlyMap<number, readonly number[]>;
}

/** Verifies and stores a batch of statements of one kind, each as base64url. */
export async function acceptStatements(
  member: MemberContext,
  kind: StatementKind,
  statements: readonly string[],
): Promise<PublishResponse> {
  const checked = await Promise.all(
    statements.map((text, index) => accept(member, kind, text, index)),
  );
  const refused = new Map<number, RefusalReason>();
  const byShard = new Map<number, Accepted[]>();
  for (const [index, result] of checked.entries()) {
    if (!result.ok) {
      refused.set(index, result.error);
      continue;
    }
    for (const shard of result.value.treesByShard.keys()) {
      const list = byShard.get(shard) ?? [];
      list.push(result.value);
      byShard.set(shard, list);
    }
  }
  await Promise.all(
    [...byShard].map(async ([shard, accepted]) => {
      const entries = accepted.map((item) => storedEntry(item, shard));
      const outcomes = await shardStub(member.env, shard, member.shards).store(entries);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome === "stale") refused.set(accepted[i]?.index ?? -1, "stale");
      }
    }),
  );
  return {
    stored: statements.length - refused.size,
    refused: [...refused]
      .map(([index, reason]) => ({ index, reason }))
      .toSorted((a, b) => a.index - b.index),
    membership: member.view.version,
  };
}

async function accept(
  member: MemberContext,
  kind: StatementKind,
  text: string,
  index: number,
): Promise<Result<Accepted, RefusalReason>> {
  const statement = readStatement(text);
  const decoded = statement && decodeEntry(statement);
  if (!decoded?.ok) return err("malformed");
  const entry = decoded.value;
  if (isTombstone(entry) !== (kind === "tombstone")) return err("wrong-kind");
  const publisher = member.view.live(entry.node, member.now());
  if (!publisher) return err("wrong-node");
  if (publisher.epoch !== entry.epoch) return err("wrong-epoch");
  const domain = await knownDomain(member.env, entry.domain);
  if (!domain) return err("unknown-domain");
  if (entry.signature.length !== domain.plan.symbols) return err("wrong-size");
  const treesByShard = ownTrees(member, slotsOf(domain.plan, entry.signature));
  if (treesByShard.size === 0) return err("misdirected");
  // Last, because it costs the most.
  if (!(await verifyEntry(statement, entry, member.mesh, publisher.key)))
    return err("bad-signature");
  return ok({ index, statement, entry, treesByShard });
}

function readStatement(text: string): Uint8Array<ArrayBuffer> {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array();
  }
}

/** The trees whose slot this node is a replica of, by shard. */
function ownTrees(
  { view, identity, shards }: MemberContext,
  slots: readonly (number | undefined)[],
): Map<number, number[]> {
  const byShard = new Map<number, number[]>();
  for (const [tree, slot] of slots.entries()) {
    if (slot === undefined || !view.placement.replicasOf(slot).includes(identity.node)) continue;
    const shard = shardOf(slot, shards);
    byShard.set(shard, [...(byShard.get(shard) ?? []), tree]);
  }
  return byShard;
}

function storedEntry({ statement, entry, treesByShard }: Accepted, shard: number): StoredEntry {
  return {
    key: entryKeyOf(entry.node, entry.domain, entry.signature),
    epoch: entry.epoch,
    seq: entry.seq,
    trees: Uint8Array.from(treesByShard.get(shard) ?? []),
    statement,
  };
}
