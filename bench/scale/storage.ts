/** What organisations store for the mesh: entries at all replicas of all their slots, in bytes as a shard has them. */
import { DatabaseSync } from "node:sqlite";
import { sha256 } from "@noble/hashes/sha2.js";
import { z } from "zod";
import {
  slotsOf,
  utf8Bytes,
  type CompiledDomain,
  type NodeId,
  type Placement,
} from "../../protocol/index.ts";
import { NOW } from "../suite/exchange.ts";
import { PROFILE_MAX, type Population } from "./population.ts";
import { SignatureWriter } from "./signatures.ts";

/** Records whose places are looked at: the mean over organisations is then known to a few parts in a thousand. */
const SAMPLE = 5000;

export interface Storage {
  /** Entries that an organisation's node holds, on average. */
  readonly entries: number;
  /** At the node that holds most. */
  readonly entriesMost: number;
  /** Of all entries, the share in the slot that has most of one tree. */
  readonly hottestSlot: number;
}

export function measureStorage(
  compiled: CompiledDomain,
  population: Population,
  placement: Placement,
  organisations: number,
): Storage {
  const { plan } = compiled;
  const writer = new SignatureWriter(compiled);
  const profile = new Uint16Array(PROFILE_MAX);
  const signature = new Uint8Array(plan.symbols);
  const byNode = new Map<NodeId, number>();
  const bySlot = new Map<number, number>();
  const sample = Math.min(SAMPLE, population.records);
  for (let i = 0; i < sample; i++) {
    const size = population.profile(Math.floor((i * population.records) / sample), profile);
    writer.write(profile, size, signature);
    const slots = new Set(slotsOf(plan, signature).filter((slot) => slot !== undefined));
    for (const slot of slots) bySlot.set(slot, (bySlot.get(slot) ?? 0) + 1);
    const nodes = new Set([...slots].flatMap((slot) => placement.replicasOf(slot)));
    for (const node of nodes) byNode.set(node, (byNode.get(node) ?? 0) + 1);
  }
  const counts = [...byNode.values()];
  const scale = population.records / sample;
  return {
    entries: (scale * counts.reduce((a, b) => a + b, 0)) / organisations,
    entriesMost: scale * Math.max(...counts),
    hottestSlot: Math.max(...bySlot.values()) / sample,
  };
}

/** Rows that a row's size is measured over. */
const ROWS = 5000;

/** Bytes that SQLite takes for an entry of so many bytes, in a shard's table and in the order in which keys come. */
export function rowBytes(entryBytes: number): number {
  const database = new DatabaseSync(":memory:");
  // As durable-objects/routing-shard-store.ts has it.
  database.exec(
    "CREATE TABLE entries (entry_key BLOB PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, statement BLOB NOT NULL) WITHOUT ROWID",
  );
  const insert = database.prepare("INSERT INTO entries VALUES (?, 1, ?, ?)");
  for (let i = 0; i < ROWS; i++) {
    const key = sha256(utf8Bytes(`row ${i}`)).subarray(0, 16);
    insert.run(key, NOW + i, new Uint8Array(entryBytes).fill(i));
  }
  const { bytes } = z
    .object({ bytes: z.number() })
    .parse(
      database
        .prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size")
        .get(),
    );
  database.close();
  return bytes / ROWS;
}
