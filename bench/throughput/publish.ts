/**
 * Part `publish`: entries a second that one organisation stores, in batches as origins send them, beside what it could
 * if it did nothing but verify their signatures.
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Pool } from "undici";
import { z } from "zod";
import { seededRandom, type Random } from "../../examples/random.ts";
import { BATCH_MAX_ENTRIES } from "../../protocol/index.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { fillNode, publishBody, signEntries } from "./entries.ts";
import { sendAll, type LoadResult } from "./load.ts";
import { drawConditions, type Condition } from "./people.ts";
import { startProbeNode, type ProbeNode } from "./probe-node.ts";
import { signed } from "./requests.ts";
import { figureOf, figuresSchema, measureRounds, ratioOf } from "./rounds.ts";
import { goalTable, ratio } from "./tables.ts";

export interface PublishSizes {
  /** Entries that are there before. */
  readonly before: readonly number[];
  readonly batches: number;
  readonly verifications: number;
  readonly rounds: number;
}
export const PUBLISH_SIZES: PublishSizes = {
  before: [1_000, 100_000],
  batches: 4,
  verifications: 4_000,
  rounds: 9,
};

/** As many as an origin has under way to one node, and one more, so that the node never waits. */
const AT_ONCE = 2;
const GOAL = 0.5;
const PUBLISH = "publish";
const WORKERD = "verify in workerd";
const NODE = "verify in Node";
/** As long as what is signed of an entry of 128 symbols. */
const SIGNED_BYTES = 262;

const cellSchema = z.object({ before: z.number(), figures: figuresSchema });
type PublishCell = z.infer<typeof cellSchema>;

export async function measurePublishing(
  context: BenchContext,
  sizes: PublishSizes = PUBLISH_SIZES,
): Promise<PartReport> {
  const { seed, cells } = context;
  const measured: PublishCell[] = [];
  for (const before of sizes.before) {
    const key = { bench: "throughput", part: "publish", seed, sizes, before };
    measured.push(await cells.get(key, cellSchema, () => measureNode(context, sizes, before)));
  }
  return report(measured, sizes);
}

async function measureNode(
  { seed, progress }: BenchContext,
  sizes: PublishSizes,
  before: number,
): Promise<PublishCell> {
  const node = await startProbeNode({ seed, shards: 1, holds: "all" });
  const random = seededRandom(`${seed}/publish/${before}`);
  const conditions = drawConditions(seededRandom(seed));
  const pool = new Pool(node.url, { connections: AT_ONCE, pipelining: 1 });
  try {
    await fillNode(node, random, conditions, before, (stored) =>
      progress.report(`storing ${before} entries`, stored, before),
    );
    const figures = await measureRounds(
      [
        { name: PUBLISH, run: () => publish(node, pool, random, conditions, sizes.batches) },
        { name: WORKERD, run: () => verifyInWorkerd(node, sizes.verifications) },
        { name: NODE, run: async () => verifyInNode(sizes.verifications) },
      ],
      sizes.rounds,
      (done) => progress.report(`publishing beside ${before} entries`, done, sizes.rounds),
    );
    return { before, figures };
  } finally {
    await pool.close();
    await node.stop();
  }
}

async function publish(
  node: ProbeNode,
  pool: Pool,
  random: Random,
  conditions: readonly Condition[],
  batches: number,
): Promise<LoadResult> {
  const entries = await signEntries(node, random, conditions, batches * BATCH_MAX_ENTRIES);
  const requests = await Promise.all(
    Array.from({ length: batches }, (_, i) => {
      const batch = entries.slice(i * BATCH_MAX_ENTRIES, (i + 1) * BATCH_MAX_ENTRIES);
      return signed(node, random, "/v1/peer/publish", publishBody(batch));
    }),
  );
  const result = await sendAll(pool, requests, AT_ONCE);
  return { ...result, perSecond: result.perSecond * BATCH_MAX_ENTRIES };
}

async function verifyInWorkerd(node: ProbeNode, count: number): Promise<LoadResult> {
  const startedAt = performance.now();
  const right = await node.probe(`/bench/verify?count=${count}`, new Uint8Array());
  if (right !== count) throw new Error("a signature did not verify");
  return resultOf(count, performance.now() - startedAt);
}

/** On one core, by the same algorithm and length. */
function verifyInNode(count: number): LoadResult {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const message = new Uint8Array(SIGNED_BYTES).fill(7);
  const signature = sign(undefined, message, privateKey);
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) {
    if (!verify(undefined, message, publicKey, signature)) throw new Error("did not verify");
  }
  return resultOf(count, performance.now() - startedAt);
}

function resultOf(count: number, milliseconds: number): LoadResult {
  return { perSecond: (1000 * count) / milliseconds, milliseconds: [milliseconds] };
}

function report(cells: readonly PublishCell[], sizes: PublishSizes): PartReport {
  const added = (sizes.rounds + 1) * sizes.batches * BATCH_MAX_ENTRIES;
  const rows = cells.map(({ before, figures }) => ({
    before,
    publish: figureOf(figures, PUBLISH),
    workerd: figureOf(figures, WORKERD).perSecond,
    node: figureOf(figures, NODE).perSecond,
    byWorkerd: ratioOf(figures, PUBLISH, WORKERD),
    byNode: ratioOf(figures, PUBLISH, NODE),
  }));
  return {
    figures: { cells, rows },
    tables: [
      {
        title: "Entries published a second to one organisation",
        headers: [
          "entries before",
          "published",
          `ms a batch of ${BATCH_MAX_ENTRIES}: p50`,
          "p99",
          "verified in workerd",
          "ratio",
          "verified in Node",
          "ratio",
        ],
        rows: rows.map((row) => [
          String(row.before),
          row.publish.perSecond.toFixed(0),
          row.publish.p50.toFixed(0),
          row.publish.p99.toFixed(0),
          row.workerd.toFixed(0),
          ratio(row.byWorkerd),
          row.node.toFixed(0),
          ratio(row.byNode),
        ]),
        notes: [`While it is measured, ${added} entries more come to be there.`],
      },
      goalTable(
        rows.map(({ before, byWorkerd }) => ({
          goal: `publish, ${before} entries before, at least ${GOAL} of what workerd verifies`,
          measured: ratio(byWorkerd),
          isMet: byWorkerd.median >= GOAL,
        })),
      ),
    ],
    plots: [],
  };
}
