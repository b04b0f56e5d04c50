/**
 * From one number of shards to another: a shard of the former layout moves what it holds into the current ones and then
 * is no more. A statement is stored in its new place before it leaves the old one, so whoever asks the old first and
 * then the new finds it at any moment.
 */
import type { HoldingsState, SlotRange } from "../../protocol/index.ts";
import { BATCH_MAX_ENTRIES } from "../../protocol/index.ts";
import type { Config } from "../config.ts";
import type { Env } from "../env.ts";
import type { StoredEntry } from "../routing-shard-store.ts";
import { layoutsStub, shardOf, shardStub } from "../stubs.ts";
import { decodeAll } from "./contents.ts";
import type { Shard } from "./shard.ts";

/** Batches that one alarm moves. */
const BATCHES_AT_ONCE = 8;

/** Moves a bounded part of what is in a shard of a former layout; true when there was nothing left. */
export async function moveAway(shard: Shard): Promise<boolean> {
  // All of them, also those that get no statement: they inherit the states of their slots while they can.
  await Promise.all(
    overlapping(shard.range, shard.config.shards).map((target) =>
      shardStub(shard.env, target, shard.config.shards).holdings(),
    ),
  );
  for (let batch = 0; batch < BATCHES_AT_ONCE; batch++) {
    const stored = shard.some(BATCH_MAX_ENTRIES);
    if (stored.length === 0) return true;
    const { env, config, contents } = shard;
    const byShard = new Map<number, StoredEntry[]>();
    for (const { stored: item, entry } of decodeAll(stored)) {
      const targets = contents.slotsOf(entry).map((slot) => shardOf(slot, config.shards));
      for (const target of new Set(targets)) {
        byShard.set(target, [...(byShard.get(target) ?? []), item]);
      }
    }
    await Promise.all(
      [...byShard].map(([target, items]) => shardStub(env, target, config.shards).store(items)),
    );
    // Only now, and not what was replaced meanwhile.
    shard.drop(stored);
  }
  return false;
}

/** Which of `shards` shards have a slot of `range`. */
function overlapping({ from, to }: SlotRange, shards: number): number[] {
  const first = shardOf(from, shards);
  return Array.from({ length: shardOf(to - 1, shards) - first + 1 }, (_, i) => first + i);
}

/** The state of the slots of `range` in this node's shards of other layouts; undefined where there are none. */
export async function inheritedHoldings(
  env: Env,
  { shards }: Config,
  range: SlotRange,
): Promise<HoldingsState | undefined> {
  const former = (await layoutsStub(env).use(shards)).filter(({ layout, shard }) =>
    overlapping(range, layout).includes(shard),
  );
  const states = await Promise.all(
    former.map(({ layout, shard }) => shardStub(env, shard, layout).holdings()),
  );
  const [first] = states;
  if (!first) return undefined;
  const within = (lists: readonly (readonly number[])[]): number[] => [
    ...new Set(lists.flat().filter((slot) => slot >= range.from && slot < range.to)),
  ];
  return {
    placement: first.placement,
    own: within(states.map(({ own }) => own)),
    pending: within(states.map(({ pending }) => pending)),
    handingOff: within(states.map(({ handingOff }) => handingOff)),
  };
}
