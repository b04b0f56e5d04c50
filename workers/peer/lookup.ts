/** Looking up in this node's own shards: what a peer asks for, and what the own gateway asks first. */
import { formerShards } from "../../durable-objects/shard-layouts.ts";
import { shardOf, shardStub } from "../../durable-objects/stubs.ts";
import type { ShardAnswer } from "../../durable-objects/routing-shard.ts";
import {
  PROVING_STATEMENTS_MAX,
  provingStatements,
  Refusal,
  slotsOf,
  type NodeId,
  type RoutingPlan,
  type Statement,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";

export interface OwnLookup {
  readonly plan: RoutingPlan;
  readonly signature: Uint8Array;
  readonly trees: readonly number[];
  readonly limit: number;
}

export interface OwnAnswer extends Pick<ShardAnswer, "origins" | "scanned"> {
  /** Trees asked for in slots of which this node may not have all entries: they are in the answer as far as it has. */
  readonly pending: readonly number[];
}

/**
 * The best origins over all shards that hold the trees' slots, each once. Refuses with `misdirected` if this
 * node neither is a replica of one of the slots in its view, nor has it still to hand off.
 */
export async function lookupOwnShards(
  member: MemberContext,
  lookup: OwnLookup,
): Promise<OwnAnswer> {
  const { env, shards } = member;
  const slots = slotsOf(lookup.plan, lookup.signature);
  for (const [i, tree] of lookup.trees.entries()) {
    if (slots[tree] === undefined) {
      const message = `the signature has no root key in tree ${tree}`;
      throw new Refusal("bad-request", { errors: [{ path: `trees.${i}`, message }] });
    }
  }
  const ask = async (layout: number, shard: number): Promise<ShardAnswer | undefined> => {
    const trees = lookup.trees.filter((tree) => shardOf(slots[tree] ?? 0, layout) === shard);
    if (trees.length === 0) return undefined;
    return shardStub(env, shard, layout).lookup({
      domain: lookup.plan.domainId,
      signature: lookup.signature,
      trees,
      limit: lookup.limit,
      now: member.now(),
      placement: member.view.placement.version,
    });
  };
  // First the former shards: what they move while they are asked is in its new place when that is asked.
  const former = await formerShards(env, shards, member.now());
  const old = await Promise.all(former.map(({ layout, shard }) => ask(layout, shard)));
  const wanted = new Set(lookup.trees.map((tree) => shardOf(slots[tree] ?? 0, shards)));
  const current = await Promise.all([...wanted].map((shard) => ask(shards, shard)));
  const ours = current.filter((answer) => answer !== undefined);
  const unheld = ours.flatMap((answer) => answer.unheld);
  const [first] = unheld;
  if (first !== undefined) {
    throw new Refusal("misdirected", {
      detail: `this node does not hold the slot of tree ${first}`,
      statements: whoHolds(member, unheld, slots),
    });
  }
  const answers = [...old.filter((answer) => answer !== undefined), ...ours];
  return {
    origins: bestOf(answers, lookup.limit),
    scanned: answers.reduce((sum, answer) => sum + answer.scanned, 0),
    pending: ours.flatMap((answer) => answer.pending).toSorted((a, b) => a - b),
  };
}

/** Each origin once, with its best entry. */
function bestOf(answers: readonly ShardAnswer[], limit: number): ShardAnswer["origins"] {
  const best = new Map<NodeId, ShardAnswer["origins"][number]>();
  for (const origin of answers.flatMap((answer) => answer.origins)) {
    const known = best.get(origin.node);
    if (!known || origin.estimate > known.estimate) best.set(origin.node, origin);
  }
  return [...best.values()].toSorted((a, b) => b.estimate - a.estimate).slice(0, limit);
}

/**
 * What an asker that believes otherwise does not know: who holds, in this node's view, the slots asked for that it
 * does not hold itself, and that these are members. This node's own descriptor too: it may take no slots any more.
 */
function whoHolds(
  { view, identity }: MemberContext,
  trees: readonly number[],
  slots: readonly (number | undefined)[],
): Statement[] {
  const elsewhere = trees.flatMap((tree) => {
    const slot = slots[tree];
    const holders = slot === undefined ? [] : view.placement.replicasOf(slot);
    return holders.includes(identity.node) ? [] : holders;
  });
  return provingStatements(view, [identity.node, ...elsewhere], PROVING_STATEMENTS_MAX);
}
