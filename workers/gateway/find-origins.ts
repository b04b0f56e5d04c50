/**
 * From a signature to the origins worth asking: the fewest nodes that cover the signature's slots are asked
 * at once; what one does not answer goes to another replica; the entries that come back are verified.
 */
import pLimit from "p-limit";
import {
  CONNECTIONS_MAX,
  coverSlots,
  slotsOf,
  toBase64Url,
  type FoundOrigin,
  type NodeId,
  type RouteResponse,
  type RoutingPlan,
} from "../../protocol/index.ts";
import { lookupOwnShards } from "../peer/lookup.ts";
import type { MemberContext } from "../node-context.ts";
import { FoundEntries } from "./found-entries.ts";
import { askPeer } from "./peer-client.ts";

export interface FindOrigins {
  readonly plan: RoutingPlan;
  readonly signature: Uint8Array;
  /** How many origins each node asked returns at most. */
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

export interface Routing extends Pick<RouteResponse, "coverage" | "cost"> {
  /** Best first. */
  readonly origins: readonly FoundOrigin[];
}

export async function findOrigins(node: MemberContext, find: FindOrigins): Promise<Routing> {
  const { plan, signature, deadline } = find;
  const startedAt = node.now();
  const treesOf = new Map<number, number[]>();
  for (const [tree, slot] of slotsOf(plan, signature).entries()) {
    if (slot !== undefined) treesOf.set(slot, [...(treesOf.get(slot) ?? []), tree]);
  }
  const found = new FoundEntries(node, plan, signature);
  const cost = { lookupRequests: 0, bytesSent: 0, bytesReceived: 0, rowsScanned: 0 };
  const failed = new Set<NodeId>();
  let slotsAnswered = 0;
  const limit = pLimit(CONNECTIONS_MAX);

  /** Half of what is left, so that another replica can still be asked in the other half. */
  const patience = (): number => (deadline - node.now()) / 2;

  const askNode = async (target: NodeId, slots: readonly number[]): Promise<boolean> => {
    const trees = slots.flatMap((slot) => treesOf.get(slot) ?? []);
    if (target === node.identity.node) {
      const own = await lookupOwnShards(node, { plan, signature, trees, limit: find.limit });
      for (const origin of own.origins) found.add(origin.node, origin.statement);
      cost.rowsScanned += own.scanned;
      return true;
    }
    const peer = node.view.live(target, node.now());
    if (!peer || patience() <= 0) return false;
    const lookup = {
      domain: plan.domainId,
      signature: toBase64Url(signature),
      trees,
      limit: find.limit,
      membership: node.view.version,
    };
    cost.lookupRequests += 1;
    const { result, bytesSent, bytesReceived } = await askPeer(node, peer, lookup, patience());
    cost.bytesSent += bytesSent;
    cost.bytesReceived += bytesReceived;
    if (!result.ok) return false;
    cost.rowsScanned += result.value.scanned;
    for (const origin of result.value.origins) {
      for (const entry of origin.entries) found.addEncoded(origin.node, entry);
    }
    return true;
  };

  const askSlots = async (slots: Iterable<number>): Promise<void> => {
    const cover = coverSlots(slots, (slot) => node.view.placement.replicasOf(slot), {
      preferred: node.identity.node,
      excluded: failed,
      random: Math.random,
    });
    await Promise.all(
      [...cover.assignments].map(async ([target, assigned]) => {
        if (await limit(() => askNode(target, assigned))) slotsAnswered += assigned.length;
        else {
          failed.add(target);
          await askSlots(assigned);
        }
      }),
    );
  };

  await askSlots(treesOf.keys());
  return {
    origins: await found.proven(),
    coverage: { slotsAsked: treesOf.size, slotsAnswered },
    cost: { ...cost, milliseconds: node.now() - startedAt },
  };
}
