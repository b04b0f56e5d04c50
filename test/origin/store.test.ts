import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openStore, type Store } from "../../origin/index.ts";
import { SCHEMA_VERSION } from "../../origin/store/database.ts";
import { PLAIN_PUBLICATION } from "../../origin/store/index.ts";
import { openIdentity, secretKeyFrom } from "../../protocol/index.ts";
import { prepareRecord } from "../../origin/prepare-record.ts";
import { REMOVALS_KEPT_MS } from "../../origin/store/index.ts";
import {
  compile,
  domainDocument,
  temporaryDirectory,
  ward,
  wardRecord,
} from "../support/origin-domain.ts";
import { fileOfVersion2 } from "../support/origin-schema-v2.ts";

async function newPath(): Promise<string> {
  return join(await temporaryDirectory(), "origin.sqlite");
}

function prepare(record: ReturnType<typeof wardRecord>) {
  const result = prepareRecord(ward, record);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function put(store: Store, ...records: ReturnType<typeof wardRecord>[]) {
  return store.put(ward.id, records.map(prepare));
}

const old = { profile: { age: 90, sex: "male", signs: ["T:cough"], drugs: ["b"] } };
const all = (store: Store) => store.takeDue(Number.MAX_SAFE_INTEGER, 100);
const counts = (store: Store) => all(store).map(({ count }) => count);

/** As if every replica had acknowledged all that waits. */
function acknowledge(store: Store): void {
  store.conclude(all(store), []);
}

/** What the record `a` is called in the database at `file`. */
function referenceIn(file: string): string | undefined {
  const store = openStore(file, [ward]);
  put(store, wardRecord("a"));
  const [row] = store.changedAfter(ward.id, { seq: -1, number: 0 }, 1);
  store.close();
  return row?.reference;
}

describe("the store", () => {
  test("counts the records of one signature in one entry, and keeps all over a restart", async () => {
    const path = await newPath();
    const store = openStore(path, [ward]);
    put(store, wardRecord("a"), wardRecord("b"), wardRecord("c", old));
    const before = all(store);
    expect(before.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([1, 2]);
    store.close();
    const again = openStore(path, [ward]);
    expect(again.totals(ward.id)).toEqual({ records: 3, entries: 2, announced: 2 });
    expect(all(again)).toEqual(before);
  });

  test("says nothing again of what was acknowledged and has not changed", async () => {
    const path = await newPath();
    const store = openStore(path, [ward]);
    put(store, wardRecord("a"));
    acknowledge(store);
    put(store, wardRecord("a"), wardRecord("a", { result: { recovered: false } }));
    expect(all(store)).toEqual([]);
    store.close();
    expect(all(openStore(path, [ward]))).toEqual([]);
  });

  test("moves an updated record from one entry to the other", async () => {
    const store = openStore(await newPath(), [ward]);
    put(store, wardRecord("a"), wardRecord("b"));
    acknowledge(store);
    const [outcome] = put(store, wardRecord("a", old));
    expect(outcome).toMatchObject({ change: "updated" });
    expect(outcome?.entries).toHaveLength(2);
    expect(counts(store)).toEqual([1, 1]);
    expect(store.totals(ward.id)).toEqual({ records: 2, entries: 2, announced: 2 });
  });

  test("withdraws an entry with its last record, and forgets it once that is acknowledged", async () => {
    const store = openStore(await newPath(), [ward]);
    put(store, wardRecord("a"));
    acknowledge(store);
    expect(store.remove(ward.id, "a")).toHaveLength(1);
    expect(counts(store)).toEqual([0]);
    acknowledge(store);
    expect(store.waiting()).toEqual({ entries: 0, unacknowledged: 0, nodes: [] });
    expect(store.remove(ward.id, "a")).toBeUndefined();
  });

  test("does not withdraw, and so disclose, a signature that never left this machine", async () => {
    const store = openStore(await newPath(), [ward]);
    put(store, wardRecord("a"));
    store.remove(ward.id, "a");
    expect(store.waiting().entries).toBe(0);
  });

  test("keeps a newer statement that came while the older was on its way", async () => {
    const store = openStore(await newPath(), [ward]);
    put(store, wardRecord("a"));
    const [sent] = all(store);
    put(store, wardRecord("b"));
    store.conclude(sent ? [sent] : [], []);
    const [newer] = all(store);
    expect(newer).toMatchObject({ count: 2 });
    expect(newer?.seq).toBeGreaterThan(sent?.seq ?? Infinity);
  });

  test("never gives a seq below time, nor one that it gave before, whatever the clock does", async () => {
    const path = await newPath();
    const seqs: number[] = [];
    for (const time of [5000, 5000, 4000, 9000]) {
      const store = openStore(path, [ward], { now: () => time });
      put(store, wardRecord(`r${seqs.length}`));
      seqs.push(all(store)[0]?.seq ?? 0);
      store.close();
    }
    expect(seqs).toEqual([5000, 5001, 5002, 9000]);
  });

  test("calls a record by a reference that is stable here and different in every other database", async () => {
    const path = await newPath();
    const first = referenceIn(path);
    expect(first).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(referenceIn(path)).toBe(first);
    expect(referenceIn(await newPath())).not.toBe(first);
  });

  test("is for its owner alone", async () => {
    const path = await newPath();
    const store = openStore(path, [ward]);
    put(store, wardRecord("a"));
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o077).toBe(0);
  });

  test("refuses a file that is not its own, and one of another version", async () => {
    const path = await newPath();
    await writeFile(
      path,
      "not a database, but long enough to be looked at as if it were one\n".repeat(20),
    );
    expect(() => openStore(path, [ward])).toThrow(/not a database/);
    const foreign = await newPath();
    const db = new DatabaseSync(foreign);
    db.exec("CREATE TABLE something (x)");
    expect(() => openStore(foreign, [ward])).toThrow(/not the database of an origin/);
    const newer = await newPath();
    openStore(newer, [ward]).close();
    new DatabaseSync(newer).exec(`UPDATE schema_version SET version = ${SCHEMA_VERSION + 1}`);
    expect(() => openStore(newer, [ward])).toThrow(/schema version \d+; this program reads/);
  });

  test("brings a file of version 2 up to date, and keeps its minimum count", async () => {
    const { path, db } = await fileOfVersion2(await newPath());
    db.close();
    const upgraded = openStore(path, [ward]);
    expect(upgraded.totals(ward.id)).toEqual({ records: 1, entries: 1, announced: 0 });
    expect(put(upgraded, wardRecord("a")).map(({ change }) => change)).toEqual(["unchanged"]);
    put(upgraded, wardRecord("b"));
    expect(counts(upgraded)).toEqual([2]);
    expect(upgraded.cohorts(ward.id)).toEqual([]);
    upgraded.close();
  });

  test("brings a file of version 1 up to date, and says again what was waiting", async () => {
    const { path, db } = await fileOfVersion2(await newPath());
    db.exec(`
      DROP TABLE floors;
      ALTER TABLE outbox DROP COLUMN acknowledged;
      ALTER TABLE outbox RENAME COLUMN placement TO membership;
      UPDATE node SET minimum_count = 1;
      UPDATE entries SET announced = 1;
      INSERT INTO outbox (entry, seq, membership, missing) VALUES (1, 5, 'version', '["node"]');
      UPDATE schema_version SET version = 1;
    `);
    db.close();
    const upgraded = openStore(path, [ward]);
    expect(upgraded.waiting()).toMatchObject({ entries: 1, unacknowledged: 1, nodes: [] });
    expect(upgraded.takeDue(Date.now(), 10)).toMatchObject([{ placement: null, missing: null }]);
    const { node } = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(1)));
    expect(upgraded.floors.get(node)).toBeUndefined();
    upgraded.floors.set(node, 7);
    expect(upgraded.floors.get(node)).toBe(7);
    upgraded.close();
  });

  test("brings a file of version 2 up to date: its records are of no source", async () => {
    const { path, db } = await fileOfVersion2(await newPath());
    db.close();
    const upgraded = openStore(path, [ward]);
    const { number } = upgraded.sources.open({ name: "s", domain: ward.id, definition: "d" });
    expect(upgraded.sources.own(number, ward.id, "a")).toBeUndefined();
    const removed = upgraded.sources.apply(number, ward.id, { items: [{ remove: "a" }] });
    expect(removed).toEqual([{ change: "absent" }]);
    expect(upgraded.totals(ward.id).records).toBe(1);
    upgraded.close();
  });

  test("P-71: says everything again when its epoch is raised, and never goes back to a lower one", async () => {
    const store = openStore(await newPath(), [ward]);
    const prepared = ["a", "b"].map((id, i) =>
      prepareRecord(ward, wardRecord(id, { profile: { age: 20 * i } })),
    );
    store.put(
      ward.id,
      prepared.flatMap((record) => (record.ok ? [record.value] : [])),
    );
    store.conclude(store.takeDue(Date.now(), 10), []);
    store.remove(ward.id, "b");
    expect(store.waiting().entries).toBe(1);
    expect(store.raiseEpoch(2)).toBe(true);
    expect(store.epoch).toBe(2);
    expect(store.takeDue(Date.now(), 10)).toMatchObject([{ count: 1 }]);
    expect(store.raiseEpoch(2)).toBe(false);
    expect(store.raiseEpoch(1)).toBe(false);
    expect(store.epoch).toBe(2);
    store.close();
  });

  test("stores all records of a batch or none", async () => {
    const store = openStore(await newPath(), [ward]);
    const prepared = prepareRecord(ward, wardRecord("a"));
    if (!prepared.ok) throw new Error("a good record was refused");
    const broken = {
      ...prepared.value,
      signature: new Uint8Array(),
      get record(): never {
        throw new Error("stop");
      },
    };
    expect(() => store.put(ward.id, [prepared.value, broken])).toThrow("stop");
    expect(store.totals(ward.id)).toEqual({ records: 0, entries: 0, announced: 0 });
    expect(store.waiting().entries).toBe(0);
  });
});

/** The policy that publishes signatures of at least `minimumCount` records. */
const atLeast = (minimumCount: number) =>
  new Map([[ward.id, { ...PLAIN_PUBLICATION, minimumCount }]]);

describe("the minimum count", () => {
  test("keeps an entry back until enough records share it, and withdraws it when they no longer do", async () => {
    const store = openStore(await newPath(), [ward], { publications: atLeast(2) });
    put(store, wardRecord("a"));
    expect(all(store)).toEqual([]);
    expect(store.totals(ward.id)).toEqual({ records: 1, entries: 1, announced: 0 });
    put(store, wardRecord("b"));
    expect(counts(store)).toEqual([2]);
    acknowledge(store);
    store.remove(ward.id, "a");
    expect(counts(store)).toEqual([0]);
    acknowledge(store);
    put(store, wardRecord("c"));
    expect(counts(store)).toEqual([2]);
  });

  test("is applied to what is there when it changes, and remembered by who opens the file without one", async () => {
    const path = await newPath();
    const loader = openStore(path, [ward]);
    put(loader, wardRecord("a"), wardRecord("b"), wardRecord("c", old));
    loader.close();
    const strict = openStore(path, [ward], { publications: atLeast(2) });
    expect(counts(strict)).toEqual([2]);
    strict.close();
    const again = openStore(path, [ward]);
    put(again, wardRecord("d", { profile: { age: 1 } }));
    expect(counts(again)).toEqual([2]);
  });
});

test("records of a domain that is no longer served stay, and are withdrawn from the mesh", async () => {
  const path = await newPath();
  const store = openStore(path, [ward]);
  put(store, wardRecord("a"));
  acknowledge(store);
  store.close();
  const other = compile({ ...domainDocument, name: "other" });
  const without = openStore(path, [other]);
  expect(all(without)).toMatchObject([{ domain: ward.id, count: 0 }]);
  expect(without.domainDocument(ward.id)).toContain('"ward"');
  acknowledge(without);
  without.close();
  expect(counts(openStore(path, [ward, other]))).toEqual([1]);
});

test("changes are read a page at a time, none of them twice and none left out", async () => {
  const store = openStore(await newPath(), [ward]);
  const ids = Array.from({ length: 25 }, (_, i) => `r${i}`);
  put(store, ...ids.slice(0, 12).map((id) => wardRecord(id)));
  put(store, ...ids.slice(12).map((id) => wardRecord(id)));
  put(store, wardRecord("r3", old));
  const read: number[] = [];
  let after = { seq: -1, number: 0 };
  for (;;) {
    const page = store.changedAfter(ward.id, after, 4);
    read.push(...page.map(({ number }) => number));
    const last = page.at(-1);
    if (!last) break;
    after = last;
  }
  const numbers = ids.map((_, i) => i + 1);
  expect(read).toEqual([...numbers.filter((number) => number !== 4), 4]);
});

test("removals are remembered for thirty days of seq and not longer", async () => {
  let time = 1_000;
  const store = openStore(await newPath(), [ward], { now: () => time });
  put(store, wardRecord("a"), wardRecord("b"), wardRecord("c"));
  const remove = (id: string) => store.remove(ward.id, id);
  time = 2_000;
  remove("a");
  time = 2_000 + REMOVALS_KEPT_MS;
  remove("b");
  expect(store.removedSince(ward.id, 0)).toEqual([1, 2]);
  time += 1;
  remove("c");
  expect(store.removedSince(ward.id, 0)).toEqual([2, 3]);
});
