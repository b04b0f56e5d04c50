/** PostgreSQL as a source, against a real server. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  csvMappingSchema,
  openStore,
  SourceError,
  syncSource,
  type Source,
  type Store,
} from "../../../origin/index.ts";
import { sourcesSchema, type PostgresqlSourceConfig } from "../../../origin/sources/index.ts";
import { postgresqlSource } from "../../../origin/sources/postgresql/index.ts";
import { PLAIN_PUBLICATION } from "../../../origin/store/index.ts";
import { prepareRecord } from "../../../origin/prepare-record.ts";
import { temporaryDirectory, ward, wardRecord } from "../../support/origin-domain.ts";
import {
  POSTGRES_START_MS,
  startPostgres,
  type TestPostgres,
} from "../../support/postgres/postgres.ts";

// A connection takes twenty milliseconds, and a second on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, POSTGRES_START_MS);
afterAll(() => postgres?.stop());

const allRecords = (store: Store) => store.changedAfter(ward.id, { seq: -1, number: 0 }, 1_000_000);

const mapping = csvMappingSchema.parse({
  columns: {
    id: { to: "id" },
    age: { to: "profile.age", type: "number" },
    sex: { to: "profile.sex", values: { f: "female", m: "male" } },
    signs: { to: "profile.signs", type: "list" },
    treatment: { to: "intervention.treatment" },
    recovered: { to: "result.recovered", type: "boolean" },
    seen_at: { to: "observedAt" },
    ward: { to: "group" },
  },
});

let tables = 0;

/** A table of an institution that does not exist, with `rows` rows. */
async function makeTable(rows = 0): Promise<string> {
  const table = `outcomes_${tables++}`;
  await postgres.sql(`
    CREATE TABLE ${table} (
      id text PRIMARY KEY,
      age numeric,
      sex char(1),
      signs text[],
      treatment text,
      recovered boolean,
      seen_at timestamptz,
      ward integer,
      changed_at timestamptz DEFAULT clock_timestamp(),
      version bigint DEFAULT 1,
      deleted_at timestamptz
    )`);
  await insert(table, rows);
  return table;
}

async function insert(table: string, rows: number, prefix = "r"): Promise<void> {
  await postgres.sql(`
    INSERT INTO ${table} (id, age, sex, signs, treatment, recovered, seen_at, ward)
    SELECT '${prefix}' || i, i % 100, 'f', ARRAY['T:fast', 'T:cough'], 'rest', i % 2 = 0,
           '2024-05-06 07:08:09.123456+02', i % 7
    FROM generate_series(1, ${rows}) AS i`);
}

interface Opened {
  readonly store: Store;
  readonly source: Source;
  readonly path: string;
}

async function open(
  table: string,
  changes: Partial<PostgresqlSourceConfig> = {},
  path?: string,
): Promise<Opened> {
  const [config] = sourcesSchema.parse([
    {
      kind: "postgresql",
      name: table.replaceAll("_", "-"),
      domain: "ward",
      url: postgres.url(),
      tls: "off",
      query: `SELECT * FROM ${table}`,
      mapping: "unused",
      cursor: "changed_at",
      deleted: "deleted_at",
    },
  ]);
  if (config?.kind !== "postgresql") throw new Error("not a PostgreSQL source");
  const { passwordFile: _, ...rest } = config;
  const full = { ...rest, password: postgres.password, ...changes };
  const file = path ?? join(await temporaryDirectory(), "origin.sqlite");
  return {
    store: openStore(file, [ward]),
    source: postgresqlSource(full, ward, mapping),
    path: file,
  };
}

function counts(store: Store): number[] {
  return store.takeDue(Date.now(), 1000).map(({ count }) => count);
}

function acknowledge(store: Store): void {
  store.conclude(store.takeDue(Date.now(), 1000), []);
}

async function failing(opened: Opened): Promise<SourceError> {
  const error = await syncSource(opened.store, opened.source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SourceError)) throw new Error(`not a SourceError: ${String(error)}`);
  return error;
}

describe("reading PostgreSQL", () => {
  test("makes records of typed columns, null as a missing value", async () => {
    const table = await makeTable();
    await postgres.sql(`INSERT INTO ${table} VALUES
      ('a', 40.50, 'f', '[3:5]={T:fast,"T:slow",NULL}', 'rest, and "tea"', true, '2024-05-06 07:08:09.123456+02', 3),
      ('b', NULL, 'm', '{}', 'rest', false, NULL, NULL)`);
    const { store, source } = await open(table);
    expect(await syncSource(store, source)).toMatchObject({ loaded: 2, rejected: 0, notes: [] });
    const [a, b] = allRecords(store);
    expect(a).toMatchObject({
      grp: "3",
      profile: { age: 40.5, sex: "female", signs: ["T:fast", "T:slow"] },
    });
    expect(store.outcome(a?.number ?? 0)).toEqual({
      intervention: { treatment: 'rest, and "tea"' },
      result: { recovered: true },
      observed_at: "2024-05-06T05:08:09.123456Z",
    });
    expect(b?.profile).toEqual({ sex: "male" });
  });
});

describe("changes at the source", () => {
  test("are read by the cursor alone, and reach the outbox", async () => {
    const table = await makeTable(3);
    // Too far apart to share a signature.
    await postgres.sql(`UPDATE ${table} SET age = age * 40`);
    const { store, source } = await open(table, { overlapSeconds: 0 });
    expect(await syncSource(store, source)).toMatchObject({ read: 3, loaded: 3 });
    // Once more from the beginning: only now it is known that nothing was committed late.
    expect(await syncSource(store, source)).toMatchObject({ read: 3, unchanged: 3 });
    expect(await syncSource(store, source)).toMatchObject({ read: 0 });
    acknowledge(store);
    await postgres.sql(
      `UPDATE ${table} SET age = 5, changed_at = clock_timestamp() WHERE id = 'r2'`,
    );
    expect(await syncSource(store, source)).toMatchObject({ read: 1, updated: 1 });
    const moved = store.takeDue(Date.now(), 10);
    expect(moved.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(allRecords(store).map(({ profile }) => profile["age"])).toContain(5);
  });

  test("that are committed late, behind what was read, are not missed within the overlap", async () => {
    const table = await makeTable(1);
    const { store, source } = await open(table, { overlapSeconds: 60 });
    const late = await postgres.connect();
    await late.query("BEGIN");
    await late.query(
      `INSERT INTO ${table} (id, age, treatment, recovered) VALUES ('late', 1, 'rest', true)`,
    );
    await insert(table, 2, "next");
    let now = 1_000_000;
    const sync = () => syncSource(store, source, { now: () => now });
    expect(await sync()).toMatchObject({ loaded: 3 });
    now += 30_000;
    await late.query("COMMIT");
    await late.end();
    expect(await sync()).toMatchObject({ loaded: 1 });
    // All of it is settled when the overlap is over, and then read no more.
    now += 60_000;
    expect(await sync()).toMatchObject({ read: 4 });
    now += 60_000;
    await sync();
    now += 1;
    expect(await sync()).toMatchObject({ read: 0 });
  });

  test.each([
    ["changed_at", "'2024-01-01 00:00:00.000001+00'"],
    ["version", "7"],
  ])("with one and the same cursor are told apart by their id (%s)", async (cursor, value) => {
    const table = await makeTable(1500);
    await postgres.sql(`UPDATE ${table} SET ${cursor} = ${value}`);
    const { store, source } = await open(table, { cursor, overlapSeconds: 0 });
    expect(await syncSource(store, source)).toMatchObject({ loaded: 1500 });
    await syncSource(store, source);
    // After 'r999' in the order of ids, so a cursor alone would not tell it from what was read.
    await insert(table, 3, "s");
    await postgres.sql(`UPDATE ${table} SET ${cursor} = ${value}`);
    expect(await syncSource(store, source)).toMatchObject({ read: 3, loaded: 3 });
  });

  test("withdraw a record that is marked as deleted, and never answer with it again", async () => {
    const table = await makeTable(2);
    const { store, source, path } = await open(table);
    await syncSource(store, source);
    acknowledge(store);
    await postgres.sql(
      `UPDATE ${table} SET deleted_at = now(), changed_at = clock_timestamp() WHERE id = 'r1'`,
    );
    const before = allRecords(store).length;
    const seq = store.lastSeq();
    expect(await syncSource(store, source)).toMatchObject({ removed: 1 });
    expect(before).toBe(2);
    expect(store.removedSince(ward.id, seq)).toHaveLength(1);
    expect(counts(store)).toEqual([0]);
    // Also to a database that never heard of the row.
    const other = await open(table);
    expect(other.path).not.toBe(path);
    expect(await syncSource(other.store, other.source)).toMatchObject({ loaded: 1, removed: 0 });
  });

  test("withdraw a signature when fewer records than the minimum are left of it", async () => {
    const table = await makeTable();
    await postgres.sql(`INSERT INTO ${table} (id, age, treatment, recovered, deleted_at)
      VALUES ('a', 40, 'rest', true, NULL), ('b', 40, 'rest', false, NULL)`);
    const opened = await open(table);
    opened.store.close();
    const store = openStore(opened.path, [ward], {
      publications: new Map([[ward.id, { ...PLAIN_PUBLICATION, minimumCount: 2 }]]),
    });
    await syncSource(store, opened.source);
    expect(counts(store)).toEqual([2]);
    acknowledge(store);
    await postgres.sql(`DELETE FROM ${table} WHERE id = 'a'`);
    expect(await syncSource(store, opened.source, { isFull: true })).toMatchObject({ removed: 1 });
    expect(counts(store)).toEqual([0]);
    expect(store.totals(ward.id)).toMatchObject({ records: 1, announced: 0 });
  });
});

describe("a full comparison", () => {
  test("removes what is gone from its own source, and nothing of another's or deposited by hand", async () => {
    const [table, other] = [await makeTable(1200), await makeTable()];
    await insert(other, 2, "o");
    const { store, source, path } = await open(table, { overlapSeconds: 0 });
    const second = await open(other, {}, path);
    const deposit = prepareRecord(ward, wardRecord("by-hand"));
    if (!deposit.ok) throw new Error("a good record was refused");
    store.put(ward.id, [deposit.value]);
    await syncSource(store, second.source);
    for (const _ of [1, 2]) await syncSource(store, source);
    await postgres.sql(`DELETE FROM ${table} WHERE id LIKE 'r1%'`);
    expect(await syncSource(store, source)).toMatchObject({ read: 0, removed: 0 });
    const report = await syncSource(store, source, { isFull: true });
    expect(report).toMatchObject({ isComplete: true, removed: 312, unchanged: 888 });
    expect(store.totals(ward.id).records).toBe(888 + 2 + 1);
    expect(store.remove(ward.id, "by-hand")).toBeDefined();
    expect(store.remove(ward.id, "o1")).toBeDefined();
  });

  test("leaves a record alone whose id another source or a deposit has, and says so", async () => {
    const [table, other] = [await makeTable(2), await makeTable(1)];
    const { store, source, path } = await open(table);
    const second = await open(other, {}, path);
    await syncSource(store, source);
    const report = await syncSource(store, second.source, { isFull: true });
    expect(report).toMatchObject({ loaded: 0, rejected: 1, removed: 0 });
    expect(report.rejectedRows).toMatchObject([
      {
        line: 1,
        id: "r1",
        issues: [{ path: "id", message: expect.stringContaining(source.name) }],
      },
    ]);
    await postgres.sql(`DELETE FROM ${other}`);
    expect(await syncSource(store, second.source, { isFull: true })).toMatchObject({ removed: 0 });
    expect(store.totals(ward.id).records).toBe(2);
  });

  test("brings back what someone else changed here", async () => {
    const table = await makeTable(1);
    const { store, source } = await open(table);
    await syncSource(store, source);
    const changed = prepareRecord(ward, wardRecord("r1"));
    if (!changed.ok) throw new Error("a good record was refused");
    store.put(ward.id, [changed.value]);
    expect(await syncSource(store, source, { isFull: true })).toMatchObject({ updated: 1 });
  });

  test("removes nothing where a row has no id", async () => {
    const table = await makeTable(3);
    const query = `SELECT nullif(id, 'r3') AS id, age, sex, signs, treatment, recovered, seen_at,
      ward, changed_at, deleted_at FROM ${table}`;
    const { store, source, path } = await open(table);
    await syncSource(store, source);
    const broken = await open(table, { query }, path);
    const report = await syncSource(store, broken.source, { isFull: true });
    expect(report).toMatchObject({ isComplete: false, removed: 0, rejected: 1 });
    expect(report.notes.join()).toContain("no readable id");
  });

  test("is what a changed configuration and a source without a cursor get", async () => {
    const table = await makeTable(4);
    const { store, source, path } = await open(table, { cursor: undefined });
    await syncSource(store, source);
    await postgres.sql(`DELETE FROM ${table} WHERE id = 'r4'`);
    expect(await syncSource(store, source)).toMatchObject({ removed: 1, isComplete: true });
    const query = `SELECT * FROM ${table} WHERE id <> 'r3'`;
    const narrower = await open(table, { query }, path);
    expect(await syncSource(store, narrower.source)).toMatchObject({ read: 2, removed: 1 });
  });
});

describe("rows that do not fit", () => {
  test("are reported by row, id and field, skipped, and what was held of them stays", async () => {
    const table = await makeTable(3);
    const { store, source } = await open(table);
    await syncSource(store, source);
    await postgres.sql(
      `UPDATE ${table} SET age = 300, changed_at = clock_timestamp() WHERE id = 'r1'`,
    );
    await postgres.sql(
      `UPDATE ${table} SET recovered = NULL, changed_at = clock_timestamp() WHERE id = 'r2'`,
    );
    await postgres.sql(`UPDATE ${table} SET changed_at = NULL WHERE id = 'r3'`);
    const report = await syncSource(store, source, { isFull: true });
    expect(report).toMatchObject({ read: 3, rejected: 3, removed: 0, isComplete: true });
    expect(
      report.rejectedRows.map(({ id, issues }) => [id, issues.map(({ path }) => path)]),
    ).toEqual([
      ["r1", ["profile.age"]],
      ["r2", ["result.recovered"]],
      ["r3", ["cursor"]],
    ]);
    expect(store.totals(ward.id).records).toBe(3);
  });

  test("do not move the cursor into the future", async () => {
    const table = await makeTable(1);
    await insert(table, 1, "ahead");
    await postgres.sql(`UPDATE ${table} SET changed_at = 'infinity' WHERE id = 'ahead1'`);
    const { store, source } = await open(table, { overlapSeconds: 0 });
    for (const _ of [1, 2]) await syncSource(store, source);
    await insert(table, 1, "next");
    expect(await syncSource(store, source)).toMatchObject({ loaded: 1 });
  });
});

describe("a source that can not be read", () => {
  test("because its schema changed says which columns are missing, and removes nothing", async () => {
    const table = await makeTable(2);
    const opened = await open(table);
    await syncSource(opened.store, opened.source);
    await postgres.sql(`ALTER TABLE ${table} DROP COLUMN age, DROP COLUMN changed_at`);
    const error = await failing(opened);
    expect(error.issues).toEqual([
      { path: "columns.age", message: "is not among the columns of the query" },
      { path: "cursor", message: "changed_at is not among the columns of the query" },
    ]);
    expect(opened.store.totals(ward.id).records).toBe(2);
    expect(opened.store.sources.find(opened.source.name, ward.id)?.lastRun).toContain(
      "columns.age",
    );
  });

  test.each([
    [
      "a cursor without an order of time",
      { cursor: "treatment" },
      /cursor: treatment is of type text/,
    ],
    ["a wrong password", { password: "wrong" }, /check the user and the password/],
    ["a query that writes", { query: "DELETE FROM pg_class RETURNING *" }, /syntax error|42601/],
    [
      "no database there",
      { url: "postgresql://u@127.0.0.1:1/none" },
      /check that the database runs/,
    ],
    [
      "a server whose certificate is not known",
      { tls: "verify" as const },
      /certificate|self.signed/,
    ],
  ])("says what to mend: %s", async (_, changes, message) => {
    const error = await failing(await open(await makeTable(), changes));
    expect(error.message).toMatch(message);
  });

  test("never shows a value of a row in its message", async () => {
    const query = "SELECT 'secret'::text::int AS id";
    const error = await failing(await open(await makeTable(), { query }));
    expect(error.code).toBe("22P02");
    expect(error.message).not.toContain("secret");
  });

  test("can not be made to write by its query", async () => {
    const table = await makeTable(1);
    await postgres.sql(
      `CREATE FUNCTION wipe_${table}() RETURNS int LANGUAGE sql AS 'DELETE FROM ${table}; SELECT 1'`,
    );
    const url = postgres.url("admin");
    const query = `SELECT *, wipe_${table}() FROM ${table}`;
    const error = await failing(await open(table, { url, query }));
    expect(error.code).toBe("25006");
    expect(await postgres.sql(`SELECT id FROM ${table}`)).toHaveLength(1);
  });

  test("because the line breaks midway keeps what it read, and goes on there", async () => {
    const table = await makeTable(6000);
    const opened = await open(table, { overlapSeconds: 0 });
    let isCut = false;
    const cut = async (): Promise<void> => {
      isCut = true;
      await postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outcome-mesh'",
      );
    };
    let cutting: Promise<void> | undefined;
    const first = syncSource(opened.store, opened.source, {
      onProgress: ({ read }) => {
        if (read >= 1500 && !isCut) cutting = cut();
      },
    });
    await expect(first).rejects.toBeInstanceOf(SourceError);
    await cutting;
    const { records: kept } = opened.store.totals(ward.id);
    expect(kept).toBeGreaterThanOrEqual(1500);
    expect(kept).toBeLessThan(6000);
    opened.store.close();
    const store = openStore(opened.path, [ward]);
    const second = await syncSource(store, opened.source);
    expect(second).toMatchObject({ read: 6000 - kept, loaded: 6000 - kept });
    expect(store.totals(ward.id).records).toBe(6000);
    // The first reading after one that was broken off looks at all once more, and compares.
    expect(await syncSource(store, opened.source)).toMatchObject({ read: 6000, isComplete: true });
  });
});

test("warns of a user who may write, and not of one who may only read", async () => {
  const table = await makeTable(1);
  const writer = await open(table, { url: postgres.url("admin") });
  expect((await syncSource(writer.store, writer.source)).notes).toEqual([
    expect.stringContaining("superuser"),
  ]);
  const reader = await open(table);
  expect((await syncSource(reader.store, reader.source)).notes).toEqual([]);
  await postgres.sql(`GRANT UPDATE (age) ON ${table} TO mesh_reader`);
  const notes = (await syncSource(reader.store, reader.source)).notes;
  expect(notes).toEqual([expect.stringContaining(`may change ${table}`)]);
});

test("reads over TLS whose certificate and name are checked", async () => {
  const table = await makeTable(1);
  const { caFile } = postgres;
  const named = await open(table, {
    tls: "verify",
    caFile,
    url: postgres.url("mesh_reader", "localhost"),
  });
  expect(await syncSource(named.store, named.source)).toMatchObject({ loaded: 1 });
  const other = await open(table, { tls: "verify", caFile });
  await expect(syncSource(other.store, other.source)).rejects.toThrow(/altnames|IP/);
});
