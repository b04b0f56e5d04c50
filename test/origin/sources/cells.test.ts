import { expect, test } from "vitest";
import { cellOf } from "../../../origin/sources/postgresql/cells.ts";

const column = (type: string, category = "S") => ({ name: "c", type, category });

test.each([
  [`{a,"b,c",NULL,"NULL","say \\"x\\" \\\\ y",""}`, ["a", "b,c", "NULL", 'say "x" \\ y', ""]],
  ["{{1,2},{3,NULL}}", ["1", "2", "3"]],
  ["[0:1]={1,2}", ["1", "2"]],
  ["{}", []],
])("reads the elements of the array %s", (text, elements) => {
  expect(cellOf(text, column("_text", "A"))).toEqual(elements);
});

test.each([
  ["timestamptz", "2024-05-06 07:08:09.5+00", "2024-05-06T07:08:09.5Z"],
  ["timestamp", "2024-05-06 07:08:09", "2024-05-06T07:08:09Z"],
  ["date", "2024-05-06", "2024-05-06"],
  ["bool", "t", "true"],
  ["numeric", "1.50", "1.50"],
])("gives a %s in the form that a mapping reads", (type, text, cell) => {
  expect(cellOf(text, column(type))).toBe(cell);
});
