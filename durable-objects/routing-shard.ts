/**
 * A shard of the DHT: a contiguous range of one node's slots. It stores signed entries and tombstones, answers lookups
 * with the origins whose entries are nearest, and keeps itself equal to the other replicas of its slots. It never
 * holds a profile, an intervention, a result or a record id. Only this node calls it: its Worker, and its other objects.
 */
import { DurableObject } from "cloudflare:workers";
import {
  encodeItems,
  encodeSlotDigests,
  type HoldingsState,
  type NodeId,
  type SlotKey,
} from "../protocol/index.ts";
import { configOf } from "./config.ts";
import type { Env } from "./env.ts";
import { RoutingShardStore, type StoredEntry } from "./routing-shard-store.ts";
import { formerShards } from "./shard-layouts.ts";
import { inheritedHoldings, moveAway } from "./shard/move.ts";
import { Repair, type RepairReport, type RoundScope } from "./shard/repair.ts";
import { digestsIn } from "./shard/round.ts";
import {
  Shard,
  type ShardAnswer,
  type ShardCounts,
  type ShardLookup,
  type StoreOutcome,
} from "./shard/shard.ts";
import { layoutsStub, placeOfShard, rangeOf, shardStub } from "./stubs.ts";

export type { ShardAnswer, ShardLookup, StoreOutcome } from "./shard/shard.ts";

/** What became of `repairNow`, and what is left to do. */
export interface ShardRepair extends RepairReport {
  readonly pending: number;
  readonly handingOff: number;
  readonly backlog: number;
}

export interface ShardStatus extends ShardCounts {
  /** Slots and peers that the next rounds have yet to deal with. */
  readonly backlog: number;
  /** Milliseconds since 1970; undefined before the first round since the object woke. */
  readonly lastRepairAt: number | undefined;
}

/** Some of a shard's digests; see `digestsResponseSchema`. */
export interface ShardDigests {
  readonly digests: string;
  readonly unheld: readonly number[];
  readonly incomplete: readonly number[];
}

/** A poke of all shards of all nodes must not have them all call each other in the same moment. */
const POKE_JITTER_MS = 1_000;
/** Between slices of one round, and between rounds while something is urgent: doubling, up to the regular pause. */
const URGENT_MS = 1_000;
const NEXT_SLICE_MS = 50;

export class RoutingShard extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage;
  readonly #place: { readonly shard: number; readonly shards: number };
  #opened: { readonly shard: Shard; readonly repair: Repair } | undefined;
  /** All was moved to another layout, and storage was given up. */
  #isGone = false;
  /** Shards of another layout have yet to move here what they hold. */
  #waitsForFormer = false;
  #urgentRounds = 0;
  /** When all is to be compared next, milliseconds since 1970; undefined: at the next alarm, whatever set it. */
  #fullAt: number | undefined;
  #isAwake = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = ctx.storage;
    this.#place = placeOfShard(ctx.id.name);
    const store = new RoutingShardStore(ctx.storage);
    // Memory is rebuilt before the first call, so that no lookup sees half of it.
    void ctx.blockConcurrencyWhile(async () => {
      const config = await configOf(env);
      const range = rangeOf(this.#place.shard, this.#place.shards);
      const isFrozen = this.#place.shards !== config.shards;
      const shard = await Shard.open(env, config, range, store, {
        isFrozen,
        inherited: async () => (isFrozen ? undefined : inheritedHoldings(env, config, range)),
      });
      this.#opened = { shard, repair: new Repair(shard) };
    });
  }

  /** Stores verified statements: all that are new, in one transaction. Says what became of each, in order. */
  async store(entries: readonly StoredEntry[], placement?: string): Promise<StoreOutcome[]> {
    await this.#wake();
    return this.#shard.store(entries, placement);
  }

  /** The origins with the entries nearest to the signature in the given trees. */
  async lookup(request: ShardLookup): Promise<ShardAnswer> {
    await this.#wake();
    return this.#shard.lookup(request);
  }

  /** How many entries can be found here. */
  async size(): Promise<number> {
    return this.#shard.contents.size;
  }

  /** The membership changed, or may have: a round of repair begins soon. */
  async poke(): Promise<void> {
    this.#urgentRounds = 0;
    // What was due by the alarm that this one replaces stays due.
    this.#fullAt ??= (await this.#storage.getAlarm()) ?? undefined;
    const { repairMs } = this.#shard.config;
    await this.#arm(Math.random() * Math.min(POKE_JITTER_MS, repairMs));
  }

  /** A round of repair, or as much of it as may be done at once; then the rest follows by itself. */
  async repairNow(): Promise<ShardRepair> {
    const { shard, repair } = this.#opening;
    const report = await this.#work("all");
    if (repair.isUrgent) await this.#arm(this.#pauseMs());
    const { pending, handingOff } = shard.holdings.counts;
    return { ...report, pending, handingOff, backlog: repair.backlog };
  }

  async status(): Promise<ShardStatus> {
    const { shard, repair } = this.#opening;
    const now = shard.config.now();
    const counts = shard.counts(await shard.follow(now), now);
    return { ...counts, backlog: repair.backlog, lastRepairAt: repair.lastAt };
  }

  /** Digests of `slots`, or else of all slots that this node and `sharedWith` are replicas of. */
  async digests(
    wanted: { readonly slots: readonly number[] } | { readonly sharedWith: NodeId },
  ): Promise<ShardDigests> {
    const { holdings, contents, config } = this.#shard;
    await this.#shard.follow(config.now());
    if ("sharedWith" in wanted) {
      const shared = digestsIn(contents.items, holdings.sharedWith(wanted.sharedWith));
      return { digests: encodeSlotDigests(shared), unheld: [], incomplete: [] };
    }
    const held = wanted.slots.filter((slot) => holdings.stateOf(slot) !== undefined);
    return {
      digests: encodeSlotDigests(digestsIn(contents.items, held)),
      unheld: wanted.slots.filter((slot) => holdings.stateOf(slot) === undefined),
      incomplete: held.filter((slot) => !holdings.isComplete(slot)),
    };
  }

  /** Up to `limit` items of `slots` after `after`, packed, by slot and key. */
  async items(
    slots: readonly number[],
    after: SlotKey | undefined,
    limit: number,
  ): Promise<{ readonly items: string; readonly count: number; readonly hasMore: boolean }> {
    const { contents, holdings } = this.#shard;
    const kept = new Set(slots.filter((slot) => holdings.stateOf(slot) !== undefined));
    const following = [...contents.items.itemsIn(kept)]
      .filter((item) => !after || comparePlaces(item, after) > 0)
      .toSorted(comparePlaces);
    const items = following.slice(0, limit);
    const hasMore = following.length > items.length;
    return { items: encodeItems(items), count: items.length, hasMore };
  }

  /** What is held under `keys`, as it was signed; nothing where it is not. */
  async entries(keys: readonly Uint8Array[]): Promise<(StoredEntry | undefined)[]> {
    return this.#isGone ? keys.map(() => undefined) : this.#shard.find(keys);
  }

  /** The state of its slots, for the shards of another layout. */
  async holdings(): Promise<HoldingsState> {
    await this.#wake();
    return this.#shard.holdings.state;
  }

  /** Drops statements that are held elsewhere, unless they are newer here. */
  async drop(items: readonly Pick<StoredEntry, "key" | "epoch" | "seq">[]): Promise<void> {
    if (!this.#isGone) this.#shard.drop(items);
  }

  override async alarm(): Promise<void> {
    this.#isAwake = true;
    try {
      await this.#work(Date.now() >= (this.#fullAt ?? 0) ? "all" : "changes");
    } catch (error) {
      // Thrown, it would end the alarms after some attempts; the next may go better.
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.error(JSON.stringify({ level: "error", during: "repair", message }));
    }
    if (!this.#isGone) await this.#arm(this.#pauseMs());
  }

  async #work(scope: RoundScope): Promise<RepairReport> {
    const { shard, repair } = this.#opening;
    const { env, config } = shard;
    const nothing = { fetched: 0, brought: 0, dropped: 0, failed: 0, isRoundOver: true };
    if (this.#isGone) return nothing;
    if (this.#place.shards !== config.shards) {
      const isEmpty = await moveAway(shard);
      if (isEmpty) {
        const { shard: number, shards: layout } = this.#place;
        await layoutsStub(env).forget({ layout, shard: number });
        this.#isGone = true;
        await this.#storage.deleteAlarm();
        await this.#storage.deleteAll();
      }
      return { ...nothing, isRoundOver: isEmpty };
    }
    const former = await formerShards(env, config.shards, config.now());
    // What is missing here is on its way from there: others need not be asked for it.
    this.#waitsForFormer = former.length > 0;
    if (this.#waitsForFormer) {
      await Promise.all(former.map((f) => shardStub(env, f.shard, f.layout).poke()));
      return { ...nothing, isRoundOver: false };
    }
    const report = await repair.run(scope);
    if (scope === "all" && report.isRoundOver) this.#fullAt = Date.now() + this.#regularMs();
    return report;
  }

  /** The pause until the next alarm. */
  #pauseMs(): number {
    const { shard, repair } = this.#opening;
    const { config } = shard;
    if (this.#place.shards !== config.shards) return NEXT_SLICE_MS;
    if (this.#waitsForFormer) return Math.min(config.repairMs, URGENT_MS);
    if (!repair.isUrgent) {
      this.#urgentRounds = 0;
      return this.#fullAt === undefined
        ? this.#regularMs()
        : Math.max(0, this.#fullAt - Date.now());
    }
    if (!repair.isBetweenRounds) return NEXT_SLICE_MS;
    const pause = Math.min(config.repairMs, URGENT_MS * 2 ** this.#urgentRounds);
    this.#urgentRounds += 1;
    return pause;
  }

  #regularMs(): number {
    return this.#shard.config.repairMs * (0.75 + Math.random() / 2);
  }

  /**
   * Sees to it that there is an alarm. Not in the constructor: where an alarm wakes the object there is none any more
   * by then, and setting another would cancel it.
   */
  async #wake(): Promise<void> {
    if (this.#isAwake) return;
    this.#isAwake = true;
    const isFormer = this.#place.shards !== this.#shard.config.shards;
    await this.#arm(isFormer ? NEXT_SLICE_MS : this.#regularMs());
  }

  /** The next alarm is in `ms` at the latest. */
  async #arm(ms: number): Promise<void> {
    const at = Date.now() + ms;
    const set = await this.#storage.getAlarm();
    if (set === null || set > at) await this.#storage.setAlarm(at);
  }

  get #shard(): Shard {
    return this.#opening.shard;
  }

  get #opening(): { readonly shard: Shard; readonly repair: Repair } {
    if (!this.#opened) throw new Error("the shard did not open");
    return this.#opened;
  }
}

/** By slot, then by key. */
function comparePlaces(a: SlotKey, b: SlotKey): number {
  if (a.slot !== b.slot) return a.slot - b.slot;
  const at = a.key.findIndex((byte, i) => byte !== b.key[i]);
  return at < 0 ? 0 : (a.key[at] ?? 0) - (b.key[at] ?? 0);
}
