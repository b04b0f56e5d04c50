/** How fast records of a store are ranked, what an index of them takes, and how it starts. */
import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { openStore, type Store } from "../../origin/index.ts";
import { openRankingIndex } from "../../origin/ranking/index.ts";
import { readSnapshot } from "../../origin/ranking/snapshot.ts";
import { encodeProfile, similarity, type EncodedProfile } from "../../protocol/index.ts";
import { createBarePass } from "./bare-pass.ts";
import type { Population } from "./population.ts";
import { recordOf } from "./record.ts";

const K = 10;
const QUERIES = 200;
const WARM_UP_QUERIES = 20;
/** The bare pass and the objects are slow, and vary little. */
const COMPARED_QUERIES = 25;
/** Records that are kept as objects: the loop over them is linear, so its time is stated for all by proportion. */
const OBJECTS_MAX = 10_000;
const BATCH_RECORDS = 1_000;
/** Sums in another order: what two passes may differ by. */
const TOLERANCE = 1e-9;

export interface RankingReport {
  readonly domain: string;
  readonly source: string;
  readonly records: number;
  readonly queriesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bareMs: number;
  /** Medians of the same queries, which took turns: what else the machine does strikes few of them. */
  readonly ratioToBare: number;
  readonly ratioToObjects: number;
  readonly bytesPerRecord: number;
  /** Resident memory of a process that opened the index from its snapshot. */
  readonly rssBytes: number;
  readonly snapshotBytes: number;
  readonly rebuildMs: number;
  readonly writeSnapshotMs: number;
  readonly startMs: number;
}

export async function measureRanking(
  population: Population,
  records: number,
  directory: string,
  onProgress: (step: string, done: number, total: number) => void,
): Promise<RankingReport> {
  const { compiled, name } = population;
  const label = `${name}, ${records} records`;
  const database = join(directory, `${name}-${records}.sqlite`);
  const snapshot = `${database}.index`;
  const store = openStore(database, [compiled]);
  try {
    fill(store, population, records, (done) => onProgress(`${label}: stored`, done, records));
    onProgress(`${label}: built`, 0, 1);
    const rebuilt = await startIndex(population, database, snapshot);
    onProgress(`${label}: started from its snapshot`, 0, 1);
    const started = await startIndex(population, database, snapshot);
    if (started.size !== records) throw new Error(`the index has ${started.size} records`);
    const queries = Array.from({ length: WARM_UP_QUERIES + QUERIES }, () =>
      encoded(population, population.next()),
    );
    const speed = await measureQueries(population, store, snapshot, queries, (done) =>
      onProgress(`${label}: queries`, done, QUERIES),
    );
    return {
      domain: name,
      source: population.source,
      records,
      ...speed,
      bytesPerRecord: (started.rss - started.before) / records,
      rssBytes: started.rss,
      snapshotBytes: (await stat(snapshot)).size,
      rebuildMs: rebuilt.openMs,
      writeSnapshotMs: rebuilt.closeMs,
      startMs: started.openMs,
    };
  } finally {
    store.close();
  }
}

/** Without signatures, which ranking does not read and which would take most of the time. */
function fill(
  store: Store,
  population: Population,
  records: number,
  onProgress: (done: number) => void,
): void {
  const signature = new Uint8Array(population.compiled.plan.symbols).fill(1);
  for (let start = 0; start < records; start += BATCH_RECORDS) {
    const count = Math.min(BATCH_RECORDS, records - start);
    const batch = Array.from({ length: count }, (_, i) => ({
      record: recordOf(population, start + i),
      signature,
    }));
    store.put(population.compiled.id, batch);
    onProgress(start + count);
  }
}

async function measureQueries(
  population: Population,
  store: Store,
  snapshot: string,
  queries: readonly EncodedProfile[],
  onProgress: (done: number) => void,
) {
  const { compiled } = population;
  const saved = await readSnapshot(snapshot);
  if (!saved) throw new Error("there is no snapshot");
  const bare = createBarePass(compiled, saved.sections);
  const index = await openRankingIndex({ store, compiled });
  const objects = storedProfiles(population, store);
  const times: number[] = [];
  const compared = {
    index: new Array<number>(),
    bare: new Array<number>(),
    objects: new Array<number>(),
  };
  for (const [i, query] of queries.entries()) {
    const isWarmingUp = i < WARM_UP_QUERIES;
    const start = performance.now();
    const ranked = index.rank(query, K);
    const elapsed = performance.now() - start;
    if (!isWarmingUp) times.push(elapsed);
    // All are warm by then, and take turns.
    const isCompared = i >= WARM_UP_QUERIES && i < WARM_UP_QUERIES + COMPARED_QUERIES;
    if (!isCompared && i >= 5) continue;
    const bareStart = performance.now();
    const scores = bare(query, K);
    const bareEnd = performance.now();
    rankObjects(objects, population, query);
    const objectsEnd = performance.now();
    requireSame(scores, ranked);
    if (!isCompared) continue;
    compared.index.push(elapsed);
    compared.bare.push(bareEnd - bareStart);
    compared.objects.push(((objectsEnd - bareEnd) * index.size) / objects.length);
    onProgress(i - WARM_UP_QUERIES);
  }
  await index.close();
  const sorted = times.toSorted((a, b) => a - b);
  const mean = times.reduce((a, b) => a + b, 0) / times.length;
  return {
    queriesPerSecond: 1000 / mean,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    bareMs: median(compared.bare),
    ratioToBare: median(compared.index) / median(compared.bare),
    ratioToObjects: median(compared.index) / median(compared.objects),
  };
}

function storedProfiles(population: Population, store: Store): EncodedProfile[] {
  return store
    .changedAfter(population.compiled.id, { seq: -1, number: 0 }, OBJECTS_MAX)
    .map(({ profile }) => encoded(population, profile));
}

/** The definition: every profile's similarity, sorted. */
function rankObjects(
  profiles: readonly EncodedProfile[],
  { compiled }: Population,
  query: EncodedProfile,
): unknown {
  return profiles
    .map((profile) => similarity(compiled, query, profile))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, K);
}

function requireSame(scores: Float64Array, ranked: readonly { readonly score: number }[]): void {
  for (const [i, { score }] of ranked.entries()) {
    if (Math.abs(score - (scores[i] ?? 0)) > TOLERANCE) {
      throw new Error(`the index gives ${score} where the bare pass gives ${scores[i]}`);
    }
  }
}

function encoded({ compiled }: Population, profile: Record<string, unknown>): EncodedProfile {
  const checked = encodeProfile(compiled, profile);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value.values;
}

function median(times: readonly number[]): number {
  return quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

const startedSchema = z.object({
  size: z.int(),
  openMs: z.number(),
  closeMs: z.number(),
  before: z.int(),
  rss: z.int(),
});

/** In a process of its own, so that its memory is that of the index. */
async function startIndex(
  { compiled, ontology }: Population,
  database: string,
  snapshot: string,
): Promise<z.infer<typeof startedSchema>> {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "start-index.ts"),
      database,
      snapshot,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdin.end(
    JSON.stringify({ domain: compiled.domain, ...(ontology && { ontology: toBase64(ontology) }) }),
  );
  return startedSchema.parse(JSON.parse(await text(child.stdout)));
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
