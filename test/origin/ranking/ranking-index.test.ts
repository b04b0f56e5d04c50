import { readFile, stat, writeFile } from "node:fs/promises";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openStore, type Store } from "../../../origin/index.ts";
import { prepareRecord } from "../../../origin/prepare-record.ts";
import { openRankingIndex, type RankingIndex } from "../../../origin/ranking/index.ts";
import { writeSnapshot } from "../../../origin/ranking/snapshot.ts";
import { REMOVALS_KEPT_MS } from "../../../origin/store/index.ts";
import { encodeProfile, type OutcomeRecord, type Profile } from "../../../protocol/index.ts";
import {
  compile,
  domainDocument,
  temporaryDirectory,
  ward,
  wardRecord,
} from "../../support/origin-domain.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const item of open.splice(0).toReversed()) await item.close();
});

function openAt(path: string, now?: () => number): Store {
  const store = openStore(path, [ward], now ? { now } : {});
  open.push(store);
  return store;
}

async function newFiles(): Promise<{ database: string; snapshot: string }> {
  const directory = await temporaryDirectory();
  return { database: join(directory, "origin.sqlite"), snapshot: join(directory, "ward.index") };
}

async function openIndex(store: Store, snapshot?: string): Promise<RankingIndex> {
  const index = await openRankingIndex({
    store,
    compiled: ward,
    ...(snapshot !== undefined && { snapshot }),
  });
  open.push(index);
  return index;
}

function put(store: Store, ...records: OutcomeRecord[]): void {
  store.put(
    ward.id,
    records.map((record) => {
      const prepared = prepareRecord(ward, record);
      if (!prepared.ok) throw new Error(JSON.stringify(prepared.error));
      return prepared.value;
    }),
  );
}

const aged = (id: string, age: number): OutcomeRecord =>
  wardRecord(id, { profile: { age, sex: "female" }, group: `group ${age % 3}` });

const many = (count: number, from = 0): OutcomeRecord[] =>
  Array.from({ length: count }, (_, i) => aged(`r${from + i}`, (from + i) % 120));

/** Everything that the index says of all its records. */
function all(index: RankingIndex, profile: Profile = { age: 50, sex: "female" }) {
  const query = encodeProfile(ward, profile);
  if (!query.ok) throw new Error(JSON.stringify(query.error));
  return index.rank(query.value.values, 100_000);
}

/** What an index that is built from the store alone says. */
async function rebuilt(store: Store) {
  return all(await openIndex(store));
}

/** Events of the log, by name. */
function watchLog(): () => string[] {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  return () =>
    write.mock.calls.map(([line]) => {
      const entry: unknown = JSON.parse(String(line));
      return entry !== null && typeof entry === "object" && "why" in entry ? String(entry.why) : "";
    });
}

describe("an index of a store", () => {
  test("follows what another process loads, updates and removes", async () => {
    const { database } = await newFiles();
    const store = openAt(database);
    put(store, aged("a", 40), aged("b", 40));
    const index = await openIndex(store);
    const numbers = async () => {
      await index.refresh();
      return all(index).map(({ number }) => number);
    };
    expect((await numbers()).toSorted((a, b) => a - b)).toEqual([1, 2]);
    const loader = openAt(database);
    put(loader, aged("c", 50), aged("a", 55));
    expect(await numbers()).toEqual([3, 1, 2]);
    loader.remove(ward.id, "b");
    put(loader, aged("b", 51));
    loader.remove(ward.id, "c");
    expect(await numbers()).toEqual([4, 1]);
    expect(all(index)).toEqual(await rebuilt(store));
  });

  test("has what was committed before a refresh was asked for, also while another is under way", async () => {
    const { database } = await newFiles();
    const store = openAt(database);
    const index = await openIndex(store);
    put(store, ...many(1000));
    const first = index.refresh();
    put(store, aged("late", 50));
    const second = index.refresh();
    await Promise.all([first, second]);
    expect(index.size).toBe(1001);
  });

  test("follows the store without being asked, and writes its snapshot when much has changed", async () => {
    const { database, snapshot } = await newFiles();
    const store = openAt(database);
    const index = await openIndex(store, snapshot);
    index.follow();
    put(store, ...many(999));
    await vi.waitFor(() => expect(index.size).toBe(999), 20_000);
    expect(existsSync(snapshot)).toBe(false);
    put(store, ...many(1, 999));
    await vi.waitFor(() => expect(existsSync(snapshot)).toBe(true), 20_000);
  }, 60_000);

  test("lets other work go on while it takes over what was loaded", async () => {
    const { database } = await newFiles();
    const store = openAt(database);
    const index = await openIndex(store);
    put(store, ...many(2000));
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await index.refresh();
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(7);
  });

  test("is built anew where it has not heard of the store for longer than removals are remembered", async () => {
    const { database } = await newFiles();
    let time = 1_000;
    const store = openAt(database, () => time);
    put(store, aged("a", 1), aged("b", 2), aged("c", 3));
    const index = await openIndex(store);
    const loader = openAt(database, () => time);
    time += 1;
    loader.remove(ward.id, "a");
    time += REMOVALS_KEPT_MS + 2;
    loader.remove(ward.id, "b");
    await index.refresh();
    expect(all(index).map(({ number }) => number)).toEqual([3]);
  });
});

/** A store of 700 records, and an index that was closed and so written. */
async function written() {
  const files = await newFiles();
  const store = openAt(files.database);
  put(store, ...many(700));
  const index = await openIndex(store, files.snapshot);
  await index.close();
  return { ...files, store };
}

describe("a snapshot", () => {
  test("is read instead of the records, and brought up to date with what changed since", async () => {
    const { store, snapshot } = await written();
    put(store, ...many(30, 690), aged("r5", 99));
    store.remove(ward.id, "r7");
    const read = vi.spyOn(store, "changedAfter");
    const index = await openIndex(store, snapshot);
    expect(read.mock.results.flatMap(({ value }) => value)).toHaveLength(21);
    read.mockRestore();
    expect(index.size).toBe(719);
    expect(all(index)).toEqual(await rebuilt(store));
  });

  test("is for its owner alone, and leaves nothing else beside it", async () => {
    const { snapshot } = await written();
    expect((await stat(snapshot)).mode & 0o077).toBe(0);
    expect(existsSync(`${snapshot}.part`)).toBe(false);
  });

  test("is not written again where nothing changed", async () => {
    const { store, snapshot } = await written();
    const before = await stat(snapshot);
    const index = await openIndex(store, snapshot);
    await index.close();
    expect((await stat(snapshot)).ino).toBe(before.ino);
  });

  test("with any byte changed, or cut off anywhere, is ignored with a line in the log", async () => {
    const { store, snapshot } = await written();
    const good = await readFile(snapshot);
    const expected = await rebuilt(store);
    const logged = watchLog();
    const damaged = Array.from({ length: 25 }, (_, i) => {
      const bytes = Buffer.from(good);
      const at = Math.floor((i / 25) ** 2 * good.length);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      return bytes;
    });
    const cut = [0, 5, 15, 16, 100, good.length - 1].map((length) => good.subarray(0, length));
    for (const bytes of [...damaged, ...cut, Buffer.concat([good, Buffer.alloc(8)])]) {
      await writeFile(snapshot, bytes);
      const before = logged().length;
      const index = await openIndex(store, snapshot);
      expect(logged().length).toBe(before + 1);
      expect(all(index)).toEqual(expected);
    }
  }, 60_000);

  test("of another domain, or of a store that has gone another way since, is ignored", async () => {
    const { store, database, snapshot } = await written();
    const logged = watchLog();
    const other = compile({ ...domainDocument, name: "other" });
    const both = openStore(database, [ward, other]);
    open.push(both);
    const foreign = await openRankingIndex({ store: both, compiled: other, snapshot });
    open.push(foreign);
    expect(foreign.size).toBe(0);
    expect(logged()).toEqual(["is of another domain"]);

    // A backup from before the last changes is put back, and goes on from there.
    const { database: backup } = await newFiles();
    store.close();
    both.close();
    copyFileSync(database, backup);
    const lost = openAt(database);
    put(lost, aged("r5", 77));
    await (await openIndex(lost, snapshot)).close();
    const restored = openAt(backup);
    await new Promise((resolve) => setTimeout(resolve, 5));
    put(restored, aged("r6", 78));
    const index = await openIndex(restored, snapshot);
    expect(logged().at(-1)).toBe("has other records than the store");
    expect(all(index)).toEqual(await rebuilt(restored));
  });

  test("is given up where the index changes while it is written: the one before stays", async () => {
    const { snapshot } = await written();
    const before = await readFile(snapshot);
    const data = new Uint8Array(20_000_000);
    let asked = 0;
    const isWritten = await writeSnapshot(
      snapshot,
      { subject: ward.id, seq: 1 },
      (write) => write("data", data),
      () => (asked += 1) > 3,
    );
    expect(isWritten).toBe(false);
    expect((await readFile(snapshot)).equals(before)).toBe(true);
    expect(existsSync(`${snapshot}.part`)).toBe(false);
  });

  test("that a crash left half written is removed, and the one before is read", async () => {
    const { store, snapshot } = await written();
    await writeFile(`${snapshot}.part`, "OMINDEX1 and then the power failed");
    const logged = watchLog();
    const index = await openIndex(store, snapshot);
    expect(index.size).toBe(700);
    expect(logged()).toEqual([]);
    expect(existsSync(`${snapshot}.part`)).toBe(false);
  });
});
