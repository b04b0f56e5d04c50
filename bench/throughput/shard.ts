/**
 * Part `shard`: lookups a second of one organisation, with 10^3 and 10^5 entries in one shard, and with 10^6 over as
 * many shards as their memory demands, beside calls that do nothing.
 */
import { Pool } from "undici";
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { fillNode } from "./entries.ts";
import { sendAll, type PreparedRequest } from "./load.ts";
import { shardsFor } from "./memory.ts";
import { drawConditions } from "./people.ts";
import { startProbeNode } from "./probe-node.ts";
import { bareEmpty, bareLookup, drawLookup, signedDigest, signedLookup } from "./requests.ts";
import { figuresSchema, measureRounds, ratioOf, type Figure, type Measured } from "./rounds.ts";
import { goalTable, perSecond, ratio, type Goal } from "./tables.ts";

export interface ShardSizes {
  /** Entries of the one shard of a node that holds every slot. */
  readonly one: readonly number[];
  /** Entries of the node with several shards; none where 0. */
  readonly many: number;
  /** Requests of each kind in a round. */
  readonly requests: number;
  readonly rounds: number;
}
export const SHARD_SIZES: ShardSizes = {
  one: [1_000, 100_000],
  many: 1_000_000,
  requests: 400,
  rounds: 9,
};

/** Requests under way at once. */
const AT_ONCE = 8;
/** Trees that one request asks for: of a node of a mesh of hundreds, and of one that holds all. */
const TREES = [1, 24] as const;
/** Of the published goal. */
const GOAL = 0.5;

const cellSchema = z.object({
  entries: z.number(),
  shards: z.number(),
  fillSeconds: z.number(),
  wakeSeconds: z.number(),
  bytesPerEntry: z.number(),
  figures: figuresSchema,
});
type ShardCell = z.infer<typeof cellSchema>;

export async function measureShards(
  context: BenchContext,
  sizes: ShardSizes = SHARD_SIZES,
): Promise<PartReport> {
  const { seed, cells } = context;
  const measured: ShardCell[] = [];
  for (const entries of sizes.one) {
    const key = { bench: "throughput", part: "shard", seed, sizes, entries };
    measured.push(
      await cells.get(key, cellSchema, () =>
        measureNode(context, sizes, { entries, shards: 1, holds: "all" }),
      ),
    );
  }
  const perEntry = measured.at(-1)?.bytesPerEntry ?? NaN;
  if (sizes.many > 0) {
    const key = { bench: "throughput", part: "shard", seed, sizes, entries: sizes.many };
    measured.push(
      await cells.get(key, cellSchema, () =>
        measureNode(context, sizes, {
          entries: sizes.many,
          shards: shardsFor(sizes.many, perEntry),
          holds: "few",
        }),
      ),
    );
  }
  return report(measured);
}

async function measureNode(
  { seed, progress }: BenchContext,
  { requests, rounds }: ShardSizes,
  { entries, shards, holds }: { entries: number; shards: number; holds: "all" | "few" },
): Promise<ShardCell> {
  const node = await startProbeNode({ seed, shards, holds });
  const random = seededRandom(`${seed}/shard/${entries}`);
  const conditions = drawConditions(seededRandom(seed));
  const pool = new Pool(node.url, { connections: AT_ONCE, pipelining: 1 });
  try {
    const before = await node.heapBytes();
    const startedAt = Date.now();
    await fillNode(node, random, conditions, entries, (stored) =>
      progress.report(`storing ${entries} entries`, stored, entries),
    );
    const fillSeconds = (Date.now() - startedAt) / 1000;
    const bytesPerEntry = ((await node.heapBytes()) - before) / entries;
    await node.restart();
    const wokenAt = Date.now();
    const draw = (trees: number) =>
      Array.from({ length: requests }, () => drawLookup(node, random, conditions, trees));
    // Whichever shards there are, the first lookups wake them.
    for (const lookup of draw(Math.max(...TREES)).slice(0, 8 * shards)) {
      await sendAll(pool, [bareLookup(node, lookup)], 1);
    }
    const wakeSeconds = (Date.now() - wokenAt) / 1000;
    const send = (list: readonly PreparedRequest[]) => sendAll(pool, list, AT_ONCE);
    const things: Measured[] = (holds === "all" ? TREES : [TREES[0]]).flatMap((trees) => [
      {
        name: `empty call, request of ${trees}`,
        run: () => send(draw(trees).map((lookup) => bareEmpty(bareLookup(node, lookup)))),
      },
      {
        name: `lookup call, ${trees}`,
        run: () => send(draw(trees).map((lookup) => bareLookup(node, lookup))),
      },
      {
        name: `signed lookup, ${trees}`,
        run: async () =>
          send(await Promise.all(draw(trees).map((lookup) => signedLookup(node, random, lookup)))),
      },
    ]);
    things.push({
      name: "signed empty call",
      run: async () =>
        send(await Promise.all(draw(1).map((lookup) => signedDigest(node, random, lookup)))),
    });
    const figures = await measureRounds(things, rounds, (done) =>
      progress.report(`lookups among ${entries} entries`, done, rounds),
    );
    return { entries, shards, fillSeconds, wakeSeconds, bytesPerEntry, figures };
  } finally {
    await pool.close();
    await node.stop();
  }
}

function report(cells: readonly ShardCell[]): PartReport {
  const rows = cells.flatMap((cell) =>
    TREES.flatMap((trees) => {
      const has = cell.figures.some(({ name }) => name === `lookup call, ${trees}`);
      return has ? [rowOf(cell, trees)] : [];
    }),
  );
  return {
    figures: { cells, rows },
    tables: [
      {
        title: "Lookups a second of one organisation",
        headers: [
          "entries",
          "shards",
          "trees asked",
          "empty call",
          "lookup call",
          "ratio",
          "signed empty call",
          "signed lookup",
          "ratio",
          "signed lookup by empty call",
        ],
        rows: rows.map((row) => [
          String(row.entries),
          String(row.shards),
          String(row.trees),
          perSecond(row.empty),
          perSecond(row.bare),
          ratio(row.bareRatio),
          perSecond(row.signedEmpty),
          perSecond(row.signed),
          ratio(row.signedRatio),
          ratio(row.signedByEmpty),
        ]),
        notes: [
          `Each: requests a second with p50 and p99 in milliseconds, ${AT_ONCE} under way at once. Ratios: the median over rounds, with the least and the most.`,
        ],
      },
      {
        title: "What a shard takes",
        headers: ["entries", "shards", "bytes of memory an entry", "seconds to wake"],
        rows: cells.map((cell) => [
          String(cell.entries),
          String(cell.shards),
          cell.bytesPerEntry.toFixed(0),
          cell.wakeSeconds.toFixed(1),
        ]),
      },
      goalTable(
        rows
          .filter(({ entries, shards }) => shards === 1 && entries >= 100_000)
          .map(({ trees, bareRatio }): Goal => ({
            goal: `lookup call at 10^5 entries a shard, ${trees} of 24 trees, at least ${GOAL} of an empty call`,
            measured: ratio(bareRatio),
            isMet: bareRatio.median >= GOAL,
          })),
      ),
    ],
    plots: [],
  };
}

function rowOf({ entries, shards, figures }: ShardCell, trees: number) {
  const find = (name: string): Figure | undefined => figures.find((figure) => figure.name === name);
  const names = {
    empty: `empty call, request of ${trees}`,
    bare: `lookup call, ${trees}`,
    signed: `signed lookup, ${trees}`,
    signedEmpty: "signed empty call",
  };
  return {
    entries,
    shards,
    trees,
    empty: find(names.empty),
    bare: find(names.bare),
    signed: find(names.signed),
    signedEmpty: find(names.signedEmpty),
    bareRatio: ratioOf(figures, names.bare, names.empty),
    signedRatio: ratioOf(figures, names.signed, names.signedEmpty),
    signedByEmpty: ratioOf(figures, names.signed, names.empty),
  };
}
