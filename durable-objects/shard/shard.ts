/**
 * What a routing shard is: its statements in storage and in memory, and the state of each slot of its range. All that
 * changes these does so here, in one step without waiting.
 */
import {
  compareVersions,
  fromBase64Url,
  SLOTS,
  slotsOf,
  Holdings,
  type DomainId,
  type HoldingsState,
  type MembershipView,
  type NodeId,
  type SlotItem,
  type SlotRange,
} from "../../protocol/index.ts";
import type { Config } from "../config.ts";
import { knownDomain } from "../domain-cache.ts";
import type { Env } from "../env.ts";
import { membershipView } from "../membership-view.ts";
import { textOf, type RoutingShardStore, type StoredEntry } from "../routing-shard-store.ts";
import { decodeAll, ShardContents, type DecodedEntry, type Origin } from "./contents.ts";

/** `misdirected`: none of its slots is kept here. */
export type StoreOutcome = "new" | "same" | "stale" | "misdirected";

export interface ShardLookup {
  readonly domain: DomainId;
  readonly signature: Uint8Array;
  readonly trees: readonly number[];
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Version of the asker's placement: one that the shard does not know makes it look. */
  readonly placement?: string;
}

export interface ShardAnswer {
  /** Best first: each origin with its best entry's statement and estimate. */
  readonly origins: readonly {
    readonly node: NodeId;
    readonly estimate: number;
    readonly statement: Uint8Array;
  }[];
  readonly scanned: number;
  /** Trees asked for in slots that may lack something here. */
  readonly pending: readonly number[];
  /** Trees asked for in slots that are not kept here. */
  readonly unheld: readonly number[];
}

export interface ShardCounts {
  readonly entries: { readonly live: number; readonly tombstones: number; readonly lapsed: number };
  readonly slots: { readonly held: number; readonly pending: number; readonly handingOff: number };
}

/** How old the view may be that a version is missing from. */
const LOOK_AGAIN_MS = 1_000;

export class Shard {
  readonly env: Env;
  readonly config: Config;
  readonly range: SlotRange;
  readonly holdings: Holdings;
  readonly contents: ShardContents;
  readonly #store: RoutingShardStore;
  /** Of a former layout: its slots stay as they are until all was moved. */
  readonly #isFrozen: boolean;
  /** Slots were let go of, or a sweep found more than it may drop at once. */
  #hasUnkept = true;

  private constructor(
    env: Env,
    config: Config,
    range: SlotRange,
    store: RoutingShardStore,
    { state, isFrozen }: { readonly state: HoldingsState | undefined; readonly isFrozen: boolean },
  ) {
    this.env = env;
    this.config = config;
    this.range = range;
    this.#store = store;
    this.#isFrozen = isFrozen;
    this.holdings = new Holdings(config.identity.node, range, state);
    this.contents = new ShardContents(
      range,
      (slot) => this.holdings.stateOf(slot) !== undefined,
      () => store.all(),
    );
  }

  /**
   * Reads storage. `inherited` gives the state of slots that this node's shards of another layout hold, for a shard
   * that is new.
   */
  static async open(
    env: Env,
    config: Config,
    range: SlotRange,
    store: RoutingShardStore,
    origin: {
      readonly isFrozen: boolean;
      readonly inherited: () => Promise<HoldingsState | undefined>;
    },
  ): Promise<Shard> {
    const stored = store.holdings();
    const inherited = stored ? undefined : await origin.inherited();
    const { isFrozen } = origin;
    const shard = new Shard(env, config, range, store, { state: stored ?? inherited, isFrozen });
    const entries = decodeAll(store.all());
    await shard.#openDomains(entries);
    shard.contents.add(entries);
    if (inherited) {
      const view = await membershipView(env, config.now());
      // What is in these slots is on its way.
      if (view) shard.holdings.adopt(view.placement, () => true);
      shard.keepHoldings(false);
    } else if (!stored && entries.length > 0) {
      // Written before slots had states: what was there was held.
      const own = [...shard.contents.items.occupied()];
      store.putHoldings({ placement: "", own, pending: [], handingOff: [] });
      return Shard.open(env, config, range, store, origin);
    }
    return shard;
  }

  /**
   * The view, and the slots as its placement has them. Where `placement` is another than the view's, the view is
   * read again: the caller may know more.
   */
  async follow(
    now: number,
    { placement, maxAgeMs }: { readonly placement?: string; readonly maxAgeMs?: number } = {},
  ): Promise<MembershipView | undefined> {
    let view = await membershipView(this.env, now, maxAgeMs);
    if (view && placement !== undefined && view.placement.version !== placement) {
      view = await membershipView(this.env, now, LOOK_AGAIN_MS);
    }
    if (view && !this.#isFrozen) this.#adopt(view);
    return view;
  }

  /** Stores verified statements: all that are new, in one transaction. Says what became of each, in order. */
  async store(entries: readonly StoredEntry[], placement?: string): Promise<StoreOutcome[]> {
    const decoded = decodeAll(entries);
    await this.#openDomains(decoded);
    await this.follow(this.config.now(), placement === undefined ? {} : { placement });
    // From here on without waiting, so that memory follows storage in the same order.
    const stored: DecodedEntry[] = [];
    const outcomes = this.#store.transaction(() =>
      decoded.map((item): StoreOutcome => {
        if (!this.#isKept(item)) return "misdirected";
        const { outcome, replaced } = this.#store.put(item.stored);
        if (outcome === "new") stored.push({ ...item, replaced });
        return outcome;
      }),
    );
    this.contents.add(stored);
    return outcomes;
  }

  /** The origins with the entries nearest to the signature in the given trees. */
  async lookup(request: ShardLookup): Promise<ShardAnswer> {
    const { domain, signature, trees, limit, now } = request;
    const known = await knownDomain(this.env, domain);
    const view = await this.follow(now, request);
    if (!view || !known) return { origins: [], scanned: 0, pending: [], unheld: trees };
    const slots = slotsOf(known.plan, signature);
    const slotOf = (tree: number): number => slots[tree] ?? SLOTS;
    const kept = trees.filter((tree) => this.holdings.stateOf(slotOf(tree)) !== undefined);
    const { found, scanned } = this.contents.lookup(domain, signature, kept, {
      limit,
      isLive: (origin) => isCurrent(origin, view, now),
    });
    return {
      origins: found,
      scanned,
      // Who hands a slot off is not told of what is published meanwhile.
      pending: kept.filter((tree) => {
        const slot = slotOf(tree);
        return !this.holdings.isComplete(slot) || this.holdings.stateOf(slot) === "handing-off";
      }),
      unheld: trees.filter((tree) => !kept.includes(tree)),
    };
  }

  /** What is held of `items`, in their order. */
  find(keys: readonly Uint8Array[]): (StoredEntry | undefined)[] {
    return this.#store.find(keys);
  }

  some(limit: number): StoredEntry[] {
    return this.#store.some(limit);
  }

  /** Drops what is held of `items`, unless it is newer. */
  drop(items: readonly Pick<SlotItem, "key" | "epoch" | "seq">[]): void {
    const held = this.#store.find(items.map(({ key }) => key));
    this.#delete(
      held.flatMap((stored, i) => {
        const item = items[i];
        return stored && item && compareVersions(stored, item) <= 0 ? [stored] : [];
      }),
    );
  }

  /** Keeps the state of the slots, and begins to drop what was in those that were let go of. */
  keepHoldings(hasReleased: boolean): void {
    this.#hasUnkept ||= hasReleased;
    this.#store.putHoldings(this.holdings.state);
  }

  /** Drops up to `limit` statements that nobody asks this shard for any more; returns how many, and if there are more. */
  sweep(view: MembershipView, now: number, limit: number): { dropped: number; hasMore: boolean } {
    const dead = [...this.contents.origins].filter(({ node, epoch }) => {
      const member = view.live(node, now);
      return !member || member.epoch > epoch;
    });
    const doomed = new Map<string, StoredEntry>();
    for (const { node, epoch } of dead) {
      if (doomed.size >= limit) break;
      const found = this.#store.ofOrigin(fromBase64Url(node), epoch, limit - doomed.size);
      for (const stored of found) doomed.set(textOf(stored.key), stored);
    }
    if (this.#hasUnkept && doomed.size < limit) {
      const unkept: Uint8Array[] = [];
      for (const { key, slots } of this.contents.items.items()) {
        if (unkept.length >= limit - doomed.size) break;
        if (slots.every((slot) => this.holdings.stateOf(slot) === undefined)) unkept.push(key);
      }
      this.#hasUnkept = unkept.length >= limit - doomed.size;
      for (const stored of this.#store.find(unkept)) {
        if (stored) doomed.set(textOf(stored.key), stored);
      }
    }
    this.#delete([...doomed.values()]);
    return { dropped: doomed.size, hasMore: doomed.size >= limit };
  }

  counts(view: MembershipView | undefined, now: number): ShardCounts {
    const counts = { live: 0, tombstones: 0, lapsed: 0 };
    for (const origin of this.contents.origins) {
      if (view && isCurrent(origin, view, now)) {
        counts.live += origin.entries;
        counts.tombstones += origin.tombstones;
      } else counts.lapsed += origin.entries + origin.tombstones;
    }
    return { entries: counts, slots: this.holdings.counts };
  }

  #adopt(view: MembershipView): void {
    const { version } = this.holdings;
    if (view.placement.version === version) {
      this.holdings.adopt(view.placement, () => true);
      return;
    }
    const { items } = this.contents;
    const { gained, lost } = this.holdings.adopt(view.placement, (slot) => items.countOf(slot) > 0);
    this.keepHoldings(lost.length > 0);
    const gainedSlots = new Set(gained.filter((slot) => items.countOf(slot) > 0));
    if (gainedSlots.size === 0) return;
    const keys = new Map([...items.itemsIn(gainedSlots)].map(({ key }) => [textOf(key), key]));
    const stored = this.#store.find([...keys.values()]).filter((entry) => entry !== undefined);
    this.contents.reindex(decodeAll(stored));
  }

  #isKept({ entry }: DecodedEntry): boolean {
    return this.contents.slotsOf(entry).some((slot) => this.holdings.stateOf(slot) !== undefined);
  }

  #delete(stored: readonly StoredEntry[]): void {
    if (stored.length === 0) return;
    this.#store.transaction(() => this.#store.delete(stored.map(({ key }) => key)));
    this.contents.remove(decodeAll(stored));
  }

  /** Makes room for the domains of `entries`. */
  async #openDomains(entries: readonly DecodedEntry[]): Promise<void> {
    for (const domain of new Set(entries.map(({ entry }) => entry.domain))) {
      if (this.contents.knows(domain)) continue;
      const known = await knownDomain(this.env, domain);
      if (!known) throw new Error(`entries of the unknown domain ${domain}`);
      this.contents.open(domain, known.plan);
    }
  }
}

/** An entry lives while its node's lease holds and its epoch is the node's. */
function isCurrent({ node, epoch }: Origin, view: MembershipView, now: number): boolean {
  return view.live(node, now)?.epoch === epoch;
}
