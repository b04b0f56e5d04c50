/** What an origin publishes of a domain with an epsilon: noise that stays, and that its withdrawals name. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openStore, type Store } from "../../origin/index.ts";
import { prepareRecord } from "../../origin/prepare-record.ts";
import { PLAIN_PUBLICATION, type Publication } from "../../origin/store/index.ts";
import { toBase64Url } from "../../protocol/index.ts";
import {
  compile,
  domainDocument,
  temporaryDirectory,
  wardRecord,
} from "../support/origin-domain.ts";

const noisy = compile({
  ...domainDocument,
  signature: { ...domainDocument.signature, epsilon: 4 },
});

function prepare(record: ReturnType<typeof wardRecord>) {
  const result = prepareRecord(noisy, record);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const put = (store: Store, ...records: ReturnType<typeof wardRecord>[]) =>
  store.put(noisy.id, records.map(prepare));
const exact = prepare(wardRecord("a")).signature;
const aged = (id: string, age: number) =>
  wardRecord(id, { profile: { ...wardRecord(id).profile, age } });

async function newPath(): Promise<string> {
  return join(await temporaryDirectory(), "origin.sqlite");
}

function open(path: string, publication?: Partial<Publication>): Store {
  const wanted = { ...PLAIN_PUBLICATION, ...publication };
  return openStore(path, [noisy], publication && { publications: new Map([[noisy.id, wanted]]) });
}

/** What waits, told to the mesh and acknowledged: signatures as text, with their counts. */
function publish(store: Store): [string, number][] {
  const due = store.takeDue(Number.MAX_SAFE_INTEGER, 1000);
  store.conclude(due, []);
  return due.map(({ signature, count }) => [toBase64Url(signature), count]);
}

function announced(store: Store): string[] {
  return store.announcements(noisy.id).map(({ signature }) => toBase64Url(signature));
}

describe("an origin of a domain with an epsilon", () => {
  test("P-143: publishes a signature with noise, and never the record's own", async () => {
    const store = open(await newPath());
    put(store, wardRecord("a"));
    const [entry] = store.takeDue(Number.MAX_SAFE_INTEGER, 10);
    const changed = entry?.signature.filter((symbol, i) => symbol !== exact[i]).length ?? 0;
    // Epsilon 4 keeps 18 % of 64 symbols.
    expect(changed).toBeGreaterThan(40);
    expect(changed).toBeLessThan(64);
  });

  test("P-143: the noise of a record is the same over a restart, a reload and a new epoch", async () => {
    const path = await newPath();
    const store = open(path);
    put(store, wardRecord("a"));
    const [first] = publish(store);
    store.close();
    const again = open(path);
    expect(announced(again)).toEqual([first?.[0]]);
    put(again, wardRecord("a", { result: { recovered: false } }));
    expect(publish(again)).toEqual([]);
    again.remove(noisy.id, "a");
    publish(again);
    put(again, wardRecord("a"));
    expect(publish(again)).toEqual([first]);
    expect(again.raiseEpoch(1)).toBe(true);
    expect(publish(again)).toEqual([first]);
  });

  test("withdraws, and updates, by the signature that it published", async () => {
    const path = await newPath();
    const store = open(path);
    put(store, wardRecord("a"), aged("b", 90));
    const before = publish(store).map(([signature]) => signature);
    expect(before).toHaveLength(2);
    put(store, aged("a", 60));
    const update = new Map(publish(store));
    expect(update.get(before[0] ?? "")).toBe(0);
    expect(new Set(update.values())).toEqual(new Set([0, 1]));
    store.close();
    const again = open(path);
    expect(again.remove(noisy.id, "b")).toHaveLength(1);
    expect(publish(again)).toEqual([[before[1], 0]]);
  });

  test("takes back everything, by the same signatures, when the domain is no longer served", async () => {
    const path = await newPath();
    const store = open(path);
    put(store, wardRecord("a"), aged("b", 90));
    const before = publish(store).map(([signature]) => signature);
    store.close();
    const without = openStore(path, []);
    expect(new Map(publish(without))).toEqual(new Map(before.map((text) => [text, 0])));
  });

  test("records of one signature share their noise, and so still count together", async () => {
    const store = open(await newPath(), { minimumCount: 3 });
    put(store, wardRecord("a"), wardRecord("b"));
    expect(publish(store)).toEqual([]);
    put(store, wardRecord("c"));
    expect(publish(store).map(([, count]) => count)).toEqual([3]);
  });

  test("another database has other noise: none can tell it from the signature", async () => {
    const stores = [open(await newPath()), open(await newPath())];
    for (const store of stores) put(store, wardRecord("a"));
    const [one, other] = stores.map(announced);
    expect(one).not.toEqual(other);
  });

  test("records that policy coarsens, and decoys, have noise too", async () => {
    const path = await newPath();
    const store = open(path, { coarseness: 0.1, decoys: 5 });
    const various = Array.from({ length: 30 }, (_, i) =>
      wardRecord(`r${i}`, {
        profile: { age: 20 + 2 * i, sex: "female", signs: ["T:fast"], drugs: [`d${i % 4}`] },
      }),
    );
    put(store, ...various);
    const published = announced(store);
    const decoys = store.announcements(noisy.id).filter(({ records }) => records === 0);
    expect(decoys).toHaveLength(5);
    // Without noise all would have one symbol at a position of "sex", which all have in common.
    const at = noisy.plan.featureAt.indexOf(1);
    const symbols = store.announcements(noisy.id).map(({ signature }) => signature[at]);
    expect(new Set(symbols).size).toBeGreaterThan(3);
    expect(new Set(decoys.map(({ signature }) => signature[at])).size).toBeGreaterThan(1);
    store.close();
    expect(announced(open(path, { coarseness: 0.1, decoys: 5 }))).toEqual(published);
  });
});
