/**
 * What every node of a mesh would answer to a lookup, from one index. A tree's lookup compares only rows that share the
 * query's root key; all replicas of its slot hold all of these, in one order. So a node's shard finds in its own trees
 * what is found here.
 */
import { SLOTS, TreeIndex, slotsOf, type RoutingPlan } from "../../protocol/index.ts";
import { ENTRIES_PER_ORIGIN } from "./order.ts";

export interface MeshIndexOptions {
  readonly plan: RoutingPlan;
  /** Of each organisation the signatures of its records, S symbols each, one after another. */
  readonly organisations: readonly Uint8Array[];
  /** Of each organisation the group of each record: a lookup may pass over those of one group. */
  readonly groups?: readonly (readonly string[])[];
  /**
   * Where given, only what these signatures can find is indexed: for a mesh that is too large to index whole, or that
   * is opened for a few queries. They find the same.
   */
  readonly queries?: readonly Uint8Array[];
}

export interface FoundEntry {
  readonly signature: Uint8Array;
  /** Tells it from the mesh's other entries. */
  readonly row: number;
  readonly estimate: number;
}

export interface NodeAnswer {
  /** Best first, each with its best entries. */
  readonly origins: readonly {
    readonly organisation: number;
    readonly entries: readonly FoundEntry[];
  }[];
  /** Rows compared, by each of its shards that were asked. */
  readonly scanned: readonly number[];
}

export interface NodeLookup {
  readonly signature: Uint8Array;
  /** Trees in which the signature has a root key, in slots of the node. */
  readonly trees: readonly number[];
  readonly limit: number;
  /** A group whose records are passed over, as if they were not published. */
  readonly hidden?: string | undefined;
}

/** Shards of a node, as it has them by default. */
const SHARDS = 4;

/** Records that are found or passed over together: of one organisation and one group. */
interface Part {
  readonly organisation: number;
  readonly group: string | undefined;
}

export class MeshIndex {
  readonly #index: TreeIndex;
  readonly #signatures: readonly Uint8Array[];
  readonly #parts: readonly Part[];

  constructor(options: MeshIndexOptions) {
    const { plan, queries } = options;
    const wanted = queries && slotsByTree(plan, queries);
    const { parts, rows } = partition(options);
    const found = rows.flatMap(({ signature, part }) => {
      const trees = [...slotsOf(plan, signature).entries()].flatMap(([tree, slot]) =>
        slot !== undefined && wanted?.[tree]?.has(slot) !== false ? [tree] : [],
      );
      return trees.length > 0 ? [{ signature, origin: part, trees }] : [];
    });
    this.#parts = parts;
    this.#signatures = found.map(({ signature }) => signature);
    this.#index = new TreeIndex(plan);
    this.#index.insert(found);
  }

  /** The best of what the shards of one node find, each in its own trees. */
  lookup({ signature, trees, limit, hidden }: NodeLookup): NodeAnswer {
    const slots = slotsOf(this.#index.plan, signature);
    const best = new Map<number, FoundEntry[]>();
    const scanned: number[] = [];
    for (const shardTrees of Map.groupBy(trees, (tree) => shardOf(slots[tree] ?? 0)).values()) {
      const lookup = this.#index.lookup(signature, shardTrees, {
        // An organisation may have several parts.
        limit: Infinity,
        rowsPerOrigin: ENTRIES_PER_ORIGIN,
        isLive: (part) => hidden === undefined || this.#parts[part]?.group !== hidden,
      });
      scanned.push(lookup.scanned);
      for (const { origin, rows } of lookup.origins) {
        const entries = rows.flatMap(({ row, estimate }) => {
          const held = this.#signatures[row];
          return held ? [{ row, estimate, signature: held }] : [];
        });
        const organisation = this.#parts[origin]?.organisation ?? -1;
        best.set(organisation, bestEntries([...(best.get(organisation) ?? []), ...entries]));
      }
    }
    const origins = [...best]
      .map(([organisation, entries]) => ({ organisation, entries }))
      .toSorted((a, b) => (b.entries[0]?.estimate ?? 0) - (a.entries[0]?.estimate ?? 0))
      .slice(0, limit);
    return { origins, scanned };
  }
}

function partition({ plan, organisations, groups }: MeshIndexOptions): {
  readonly parts: readonly Part[];
  readonly rows: readonly { readonly signature: Uint8Array; readonly part: number }[];
} {
  const parts: Part[] = [];
  const rows = organisations.flatMap((packed, organisation) => {
    const numbers = new Map<string | undefined, number>();
    return Array.from({ length: packed.length / plan.symbols }, (_, i) => {
      const group = groups?.[organisation]?.[i];
      const part = numbers.get(group) ?? parts.push({ organisation, group }) - 1;
      numbers.set(group, part);
      return { signature: packed.subarray(i * plan.symbols, (i + 1) * plan.symbols), part };
    });
  });
  return { parts, rows };
}

/** Two shards may have found the same entry. */
function bestEntries(entries: readonly FoundEntry[]): FoundEntry[] {
  const distinct = new Map(entries.map((entry) => [entry.row, entry]));
  return [...distinct.values()]
    .toSorted((a, b) => b.estimate - a.estimate)
    .slice(0, ENTRIES_PER_ORIGIN);
}

/** By tree, the slots in which queries look. */
function slotsByTree(plan: RoutingPlan, queries: readonly Uint8Array[]): Set<number>[] {
  const slots = plan.orders.map(() => new Set<number>());
  for (const query of queries) {
    for (const [tree, slot] of slotsOf(plan, query).entries()) {
      if (slot !== undefined) slots[tree]?.add(slot);
    }
  }
  return slots;
}

function shardOf(slot: number): number {
  return Math.floor((slot * SHARDS) / SLOTS);
}
