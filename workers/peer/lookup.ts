/** Looking up in this node's own shards: what a peer asks for, and what the own gateway asks first. */
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

/**
 * The best origins over all shards that hold the trees' slots, each once. Refuses with `misdirected` if this
 * node does not hold one of the slots in its view.
 */
export async function lookupOwnShards(
  member: MemberContext,
  lookup: OwnLookup,
): Promise<ShardAnswer> {
  const { view, identity, env, shards } = member;
  const { plan, signature, limit } = lookup;
  const slots = slotsOf(plan, signature);
  const treesByShard = new Map<number, number[]>();
  for (const [i, tree] of lookup.trees.entries()) {
    const slot = slots[tree];
    if (slot === undefined) {
      const message = `the signature has no root key in tree ${tree}`;
      throw new Refusal("bad-request", { errors: [{ path: `trees.${i}`, message }] });
    }
    if (!view.placement.replicasOf(slot).includes(identity.node)) {
      throw new Refusal("misdirected", {
        detail: `this node does not hold the slot of tree ${tree}`,
        statements: whoHolds(member, lookup.trees, slots),
      });
    }
    const shard = shardOf(slot, shards);
    treesByShard.set(shard, [...(treesByShard.get(shard) ?? []), tree]);
  }
  const answers = await Promise.all(
    [...treesByShard].map(([shard, trees]) =>
      shardStub(env, shard, shards).lookup({
        domain: plan.domainId,
        signature,
        trees,
        limit,
        now: member.now(),
      }),
    ),
  );
  const best = new Map<NodeId, ShardAnswer["origins"][number]>();
  for (const origin of answers.flatMap((answer) => answer.origins)) {
    const known = best.get(origin.node);
    if (!known || origin.estimate > known.estimate) best.set(origin.node, origin);
  }
  return {
    origins: [...best.values()].toSorted((a, b) => b.estimate - a.estimate).slice(0, limit),
    scanned: answers.reduce((sum, answer) => sum + answer.scanned, 0),
  };
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
