import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadRecords, openSource, openStore } from "../../../origin/index.ts";
import {
  compile,
  domainDocument,
  temporaryDirectory,
  ward,
  wardRecord,
} from "../../support/origin-domain.ts";
import { fileOf } from "./support.ts";

async function newStore() {
  return openStore(join(await temporaryDirectory(), "origin.sqlite"), [ward]);
}

const good = (id: string): string => JSON.stringify(wardRecord(id));

describe("loading NDJSON", () => {
  test("loads the good lines and reports each bad one with its line number and every offending field", async () => {
    const path = await fileOf(
      "cases.ndjson",
      [
        good("a"),
        "",
        '{"id": "b", ',
        JSON.stringify({
          ...wardRecord("c"),
          profile: { age: 200, height: 3 },
          result: { recovered: "yes" },
        }),
        `{"id":"d","id":"e"}`,
        `\u{feff}${good("f")}\r`,
        good("g"),
      ].join("\n"),
    );
    const store = await newStore();
    const report = await loadRecords(store, ward, openSource(path, ward));
    expect(report).toMatchObject({ loaded: 3, updated: 0, unchanged: 0, warnings: [] });
    expect(report.rejected.map(({ line }) => line)).toEqual([3, 4, 5]);
    expect(report.rejected[0]?.issues[0]?.message).toMatch(/is not JSON/);
    expect(report.rejected[1]).toMatchObject({ id: "c" });
    expect(report.rejected[1]?.issues.map(({ path: at }) => at).toSorted()).toEqual([
      "profile.age",
      "profile.height",
      "result.recovered",
    ]);
    expect(report.rejected[2]?.issues).toEqual([{ path: "id", message: "is named twice" }]);
    expect(store.totals(ward.id).records).toBe(3);
  });

  test("reports unknown terms of a record that it loads, and refuses a record that has no others", async () => {
    const some = wardRecord("some", { profile: { age: 1, signs: ["T:fast", "T:unheard-of"] } });
    const none = wardRecord("none", { profile: { age: 1, signs: ["T:unheard-of"] } });
    const path = await fileOf("t.jsonl", `${JSON.stringify(some)}\n${JSON.stringify(none)}\n`);
    const report = await loadRecords(await newStore(), ward, openSource(path, ward));
    const unknown = { path: "profile.signs.1", message: "unknown term T:unheard-of" };
    expect(report.warnings).toEqual([{ line: 1, id: "some", issues: [unknown] }]);
    expect(report.rejected).toEqual([
      { line: 2, id: "none", issues: [{ ...unknown, path: "profile.signs.0" }] },
    ]);
  });

  test("updates a record whose id comes again, and leaves one alone that is the same", async () => {
    const store = await newStore();
    const changed = JSON.stringify(wardRecord("a", { result: { recovered: false } }));
    const path = await fileOf("d.ndjson", [good("a"), good("a"), changed].join("\n"));
    const report = await loadRecords(store, ward, openSource(path, ward));
    expect(report).toMatchObject({ loaded: 1, unchanged: 1, updated: 1, rejected: [] });
    expect(store.totals(ward.id)).toEqual({ records: 1, entries: 1, announced: 1 });
    const again = await loadRecords(
      store,
      ward,
      openSource(await fileOf("e.ndjson", changed), ward),
    );
    expect(again).toMatchObject({ loaded: 0, unchanged: 1, updated: 0 });
  });

  test("reads a gzip file whatever its name, and says where a truncated one ends", async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => good(`r${i}`)).join("\n");
    const packed = gzipSync(lines);
    const store = await newStore();
    const whole = await fileOf("cases.ndjson", packed);
    expect(await loadRecords(store, ward, openSource(whole, ward))).toMatchObject({ loaded: 2000 });
    const half = await fileOf("cases.ndjson.gz", packed.subarray(0, packed.length / 2));
    const report = await loadRecords(await newStore(), ward, openSource(half, ward));
    expect(report.rejected).toHaveLength(1);
    expect(report.rejected[0]?.line).toBe(report.loaded + 1);
    expect(report.rejected[0]?.issues[0]?.message).toMatch(/can not be read on from here/);
  });

  test("refuses one line that is not UTF-8, too long, or without a canonical form, and takes the next", async () => {
    const long = `{"id":"${"x".repeat(4_194_304)}"}`;
    const unpaired = JSON.stringify(wardRecord("s", { profile: { age: 1, drugs: ["\ud800"] } }));
    const path = await fileOf(
      "u.ndjson",
      Buffer.concat([
        Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
        Buffer.from(`${long}\n${unpaired}\n${good("ok")}\n`),
      ]),
    );
    const report = await loadRecords(await newStore(), ward, openSource(path, ward));
    expect(report.loaded).toBe(1);
    expect(report.rejected.map(({ line, issues }) => [line, issues[0]?.message])).toEqual([
      [1, "is not UTF-8"],
      [2, "is longer than 4194304 bytes"],
      [3, "holds half of a surrogate pair"],
    ]);
  });

  test("warns of a record that no tree leads to", async () => {
    // Paths of four symbols, of which this profile has one in seven.
    const signature = { ...domainDocument.signature, rootDepth: 4 };
    const deep = compile({ ...domainDocument, signature });
    const lonely = JSON.stringify(wardRecord("lonely", { profile: { drugs: ["a"] } }));
    const store = openStore(join(await temporaryDirectory(), "o.sqlite"), [deep]);
    const source = openSource(await fileOf("l.ndjson", lonely), deep);
    const report = await loadRecords(store, deep, source);
    expect(report.loaded).toBe(1);
    expect(report.warnings[0]?.issues[0]?.message).toMatch(/no tree of the domain leads to it/);
  });

  test("refuses text without a canonical form that a caller's own source gives", async () => {
    const raw = wardRecord("s", { profile: { age: 1, drugs: ["\ud800"] } });
    const report = await loadRecords(await newStore(), ward, [{ line: 1, raw }]);
    expect(report.rejected).toEqual([
      {
        line: 1,
        id: "s",
        issues: [{ path: "", message: "has text that is not well-formed Unicode" }],
      },
    ]);
  });

  test("tells of its progress", async () => {
    const path = await fileOf(
      "p.ndjson",
      Array.from({ length: 1200 }, (_, i) => good(`r${i}`)).join("\n"),
    );
    const told: number[] = [];
    await loadRecords(await newStore(), ward, openSource(path, ward), {
      onProgress: ({ read }) => told.push(read),
    });
    expect(told).toEqual([500, 1000, 1200]);
  });
});

describe("loading a JSON file", () => {
  test("loads an array and reports a bad element by the line where it begins", async () => {
    const path = await fileOf(
      "cases.json",
      `[\n  ${good("a")},\n  {"id": "b"},\n\n  ${good("c")},  {"id":"d","id":"d"}\n]`,
    );
    const report = await loadRecords(await newStore(), ward, openSource(path, ward));
    expect(report.loaded).toBe(2);
    expect(report.rejected.map(({ line }) => line)).toEqual([3, 5]);
  });

  test("says at which line a file stops being JSON, and loads nothing of it", async () => {
    const path = await fileOf("cases.json", `[\n${good("a")},\n${good("b")}\n${good("c")}]`);
    const report = await loadRecords(await newStore(), ward, openSource(path, ward));
    expect(report).toMatchObject({ loaded: 0, rejected: [{ line: 4 }] });
  });
});

test("refuses a file whose name says no format, and one that is not there", async () => {
  expect(() => openSource("cases.xml", ward)).toThrow(/does not say its format/);
  await expect(
    loadRecords(await newStore(), ward, openSource("/none/x.ndjson", ward)),
  ).rejects.toThrow(/ENOENT/);
});
