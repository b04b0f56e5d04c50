/** How replicas compare what they hold, and how the operator has this node do so now. */
import { formerShards } from "../../durable-objects/shard-layouts.ts";
import { membershipStub, shardOf, shardStub } from "../../durable-objects/stubs.ts";
import {
  combineDigests,
  decodeDigest,
  decodeItems,
  decodeSlotDigests,
  decodeSlotKeys,
  decodeSlots,
  digestsRequestSchema,
  digestsResponseSchema,
  EMPTY_DIGEST,
  encodeItems,
  encodeSlotDigests,
  encodeSlots,
  entriesRequestSchema,
  entriesResponseSchema,
  equalDigests,
  itemsRequestSchema,
  itemsResponseSchema,
  nodeRepairSchema,
  Refusal,
  REPAIR_ITEMS_MAX,
  REQUEST_MAX_BYTES,
  toBase64Url,
  type Digest,
  type NodeId,
  type NodeRepair,
  type SlotItem,
} from "../../protocol/index.ts";
import { asMember, type MemberContext, type NodeContext } from "../node-context.ts";
import type { Routes } from "../route.ts";

export function mountRepair(routes: Routes): void {
  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/repair/digests",
      access: "member",
      summary: "Digests of slots: of those that both nodes hold, or of those named",
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: digestsResponseSchema },
    },
    digestsRequestSchema,
    async ({ node, sender, body }) => {
      const member = await asWhole(node);
      if (body.of === "slots") return Response.json(await namedDigests(member, body.slots));
      if (!sender) throw new Refusal("forbidden");
      const { from, to } = body;
      if (to <= from) throw badField("to", "must be after from");
      const digests = await sharedDigests(member, sender, from, to);
      const combined = decodeDigest(body.combined) ?? EMPTY_DIGEST;
      const isSame = equalDigests(combineDigests(digests), combined);
      return Response.json({
        digests: isSame ? "" : encodeSlotDigests(digests),
        isSame,
        unheld: "",
        incomplete: "",
      });
    },
  );

  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/repair/items",
      access: "member",
      summary: "Names and versions of the statements in slots",
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: itemsResponseSchema },
    },
    itemsRequestSchema,
    async ({ node, body }) => {
      const member = await asWhole(node);
      const after = body.after === undefined ? undefined : decodeSlotKeys(body.after)[0];
      const wanted = decodeSlots(body.slots).filter((slot) => !after || slot >= after.slot);
      const items: SlotItem[] = [];
      // In their order: a shard's slots are all before those of the next.
      for (const [shard, slots] of byShard(member, wanted)) {
        const left = REPAIR_ITEMS_MAX - items.length;
        const page = await shardStub(member.env, shard, member.shards).items(slots, after, left);
        items.push(...decodeItems(page.items));
        if (page.hasMore) return Response.json({ items: encodeItems(items), hasMore: true });
      }
      return Response.json({ items: encodeItems(items), hasMore: false });
    },
  );

  routes.addJson(
    {
      method: "post",
      path: "/v1/peer/repair/entries",
      access: "member",
      summary: "Signed statements by slot and key",
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: entriesResponseSchema },
    },
    entriesRequestSchema,
    async ({ node, body }) => {
      const { env, shards } = await asWhole(node);
      const wanted = Map.groupBy(decodeSlotKeys(body.items), ({ slot }) => shardOf(slot, shards));
      const found = await Promise.all(
        [...wanted].map(([shard, items]) =>
          shardStub(env, shard, shards).entries(items.map(({ key }) => key)),
        ),
      );
      const statements = found
        .flat()
        .flatMap((stored) => (stored ? [toBase64Url(stored.statement)] : []));
      return Response.json({ statements });
    },
  );

  routes.add(
    {
      method: "post",
      path: "/v1/node/repair",
      access: "own-node",
      summary: "Gossip, compare with the other replicas now, and mend what differs",
      response: { status: 200, schema: nodeRepairSchema },
    },
    async ({ node }) => {
      await membershipStub(node.env).gossipNow();
      return Response.json(await repairShards(node));
    },
  );
}

/** One round of every shard, now. */
export async function repairShards({ env, shards }: NodeContext): Promise<NodeRepair> {
  const reports = await Promise.all(
    Array.from({ length: shards }, (_, shard) => shardStub(env, shard, shards).repairNow()),
  );
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    fetched: sum(({ fetched }) => fetched),
    brought: sum(({ brought }) => brought),
    dropped: sum(({ dropped }) => dropped),
    failed: sum(({ failed }) => failed),
    slots: {
      pending: sum(({ pending }) => pending),
      handingOff: sum(({ handingOff }) => handingOff),
    },
    backlog: sum(({ backlog }) => backlog),
  };
}

/** Refuses while shards of a former layout hold a part: what the others have would be taken for all. */
async function asWhole(node: NodeContext): Promise<MemberContext> {
  const member = await asMember(node);
  const former = await formerShards(node.env, node.shards, node.now());
  if (former.length > 0) {
    throw new Refusal("not-ready", { detail: "this node is changing its number of shards" });
  }
  return member;
}

async function sharedDigests(
  { env, shards }: MemberContext,
  sharedWith: NodeId,
  from: number,
  to: number,
): Promise<[number, Digest][]> {
  const first = shardOf(from, shards);
  const count = shardOf(to - 1, shards) - first + 1;
  const parts = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      shardStub(env, first + i, shards).digests({ sharedWith }),
    ),
  );
  return parts
    .flatMap(({ digests }) => [...decodeSlotDigests(digests)])
    .filter(([slot]) => slot >= from && slot < to);
}

async function namedDigests(member: MemberContext, named: string) {
  const parts = await Promise.all(
    [...byShard(member, decodeSlots(named))].map(([shard, slots]) =>
      shardStub(member.env, shard, member.shards).digests({ slots }),
    ),
  );
  return {
    digests: encodeSlotDigests(parts.flatMap(({ digests }) => [...decodeSlotDigests(digests)])),
    isSame: false,
    unheld: encodeSlots(parts.flatMap(({ unheld }) => unheld)),
    incomplete: encodeSlots(parts.flatMap(({ incomplete }) => incomplete)),
  };
}

/** Distinct slots by shard, both in ascending order. */
function byShard({ shards }: MemberContext, slots: readonly number[]): Map<number, number[]> {
  const sorted = [...new Set(slots)].toSorted((a, b) => a - b);
  return Map.groupBy(sorted, (slot) => shardOf(slot, shards));
}

function badField(path: string, message: string): Refusal {
  return new Refusal("bad-request", { errors: [{ path, message }] });
}
