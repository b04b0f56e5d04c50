import { describe, expect, test } from "vitest";
import {
  csvMappingSchema,
  openSource,
  readMapping as readFileMapping,
} from "../../../origin/index.ts";
import { collect, ward } from "../../support/origin-domain.ts";
import { fileOf } from "./support.ts";

const mapping = csvMappingSchema.parse({
  columns: {
    Case: { to: "id" },
    Ward: { to: "group" },
    Age: { to: "profile.age", type: "number", values: { "?": null } },
    Sex: { to: "profile.sex", values: { f: "female", m: "male" } },
    Signs: { to: "profile.signs", type: "list", separator: "|" },
    Treatment: { to: "intervention.treatment" },
    Recovered: { to: "result.recovered", type: "boolean" },
  },
});
const HEADER = "Case,Ward,Age,Sex,Signs,Treatment,Recovered,Remark";

async function rowsOf(...lines: string[]) {
  const path = await fileOf("cases.csv", [HEADER, ...lines].join("\n"));
  return collect(openSource(path, ward, { mapping }));
}

describe("loading CSV", () => {
  test("makes records by the mapping: types, lists, translations, and empty cells as missing values", async () => {
    const rows = await rowsOf(
      'a,w1,40.5,f,T:fast | T:slow,"rest, and ""tea""",yes,never read',
      "b,,?,m,,rest,0,",
    );
    expect(rows).toEqual([
      {
        line: 2,
        raw: {
          id: "a",
          group: "w1",
          profile: { age: 40.5, sex: "female", signs: ["T:fast", "T:slow"] },
          intervention: { treatment: 'rest, and "tea"' },
          result: { recovered: true },
        },
      },
      {
        line: 3,
        raw: {
          id: "b",
          profile: { sex: "male" },
          intervention: { treatment: "rest" },
          result: { recovered: false },
        },
      },
    ]);
  });

  test("reports a cell of the wrong type by line, record and column, without quoting it", async () => {
    const [row] = await rowsOf("a,w1,forty,f,,rest,perhaps,");
    expect(row).toEqual({
      line: 2,
      id: "a",
      issues: [
        { path: "profile.age", message: "column Age: is not a number" },
        { path: "result.recovered", message: "column Recovered: is not a boolean" },
      ],
    });
  });

  test("loses only the line with a stray or missing quote or cell, and goes on after it", async () => {
    const rows = await rowsOf(
      'a,w,1,f,,re"st,1,',
      "b,w,1,f,,rest,1,",
      'c,w,1,f,,"rest"x,1,',
      "d,w,1,f,,rest",
      'e,w,1,f,,"never closed,1,',
      "f,w,1,f,,rest,1,",
      'g,w,1,f,,"two\nlines",1,',
      "h,w,1,f,,rest,1,",
    );
    const broken = rows.filter((row) => "issues" in row);
    expect(broken.map(({ line }) => line)).toEqual([2, 4, 5, 6]);
    const read = rows.flatMap((row) => ("raw" in row ? [[row.line, row.raw]] : []));
    expect(read).toMatchObject([
      [3, { id: "b" }],
      [7, { id: "f" }],
      [8, { id: "g", intervention: { treatment: "two\nlines" } }],
      [10, { id: "h" }],
    ]);
  });

  test("says which mapped column the file does not have", async () => {
    const path = await fileOf("cases.csv", "Case,Age\na,1\n");
    const rows = await collect(openSource(path, ward, { mapping }));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ line: 1 });
    expect(rows[0] && "issues" in rows[0] && rows[0].issues.map(({ path: at }) => at)).toEqual([
      "columns.Ward",
      "columns.Sex",
      "columns.Signs",
      "columns.Treatment",
      "columns.Recovered",
    ]);
  });

  test("reads another delimiter, and needs a mapping", async () => {
    const path = await fileOf("c.csv", "Case;Age\r\na;1\r\n");
    const semicolon = csvMappingSchema.parse({
      delimiter: ";",
      columns: { Case: { to: "id" }, Age: { to: "profile.age", type: "number" } },
    });
    expect(await collect(openSource(path, ward, { mapping: semicolon }))).toMatchObject([
      { line: 2, raw: { id: "a", profile: { age: 1 } } },
    ]);
    expect(() => openSource(path, ward)).toThrow(/needs a column mapping/);
  });
});

async function readMapping(content: unknown) {
  return readFileMapping(await fileOf("m.json", JSON.stringify(content)), "csv", ward.domain);
}

describe("a mapping file", () => {
  test("is refused with the path of each offending field", async () => {
    const bad = await readMapping({
      columns: { A: { to: "profile" }, B: { to: "id", type: "date" } },
    });
    expect(bad.ok ? [] : bad.error.map(({ path }) => path)).toEqual([
      "columns.A.to",
      "columns.B.type",
    ]);
    const twice = await readMapping({ columns: { A: { to: "group" }, B: { to: "group" } } });
    expect(twice.ok ? [] : twice.error.map(({ path }) => path)).toEqual([
      "columns",
      "columns.A.to",
      "columns.B.to",
    ]);
    expect((await readMapping({ columns: { A: { to: "id" } } })).ok).toBe(true);
  });
});
