import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toMarkdown } from "../../../../bench/suite/command.ts";
import { intervalChart, lineChart, writePlots } from "../../../../bench/suite/plots.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outcome-mesh-plots-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("plots are written as SVG with their titles, series and panels", async () => {
  const lines = lineChart(
    { name: "lines", title: "A line chart", x: "size", y: "bytes", logX: true, logY: true },
    [
      { x: 1, y: 10, low: 9, high: 11, series: "first series" },
      { x: 100, y: 20, low: 18, high: 22, series: "first series" },
      { x: 1, y: 5, series: "second series" },
      { x: 100, y: 50, series: "second series" },
    ],
  );
  const dots = intervalChart({ name: "dots", title: "An interval chart", x: "accuracy" }, [
    { y: 0.8, low: 0.7, high: 0.9, series: "mesh", panel: "left panel" },
    { y: 0.6, low: 0.5, high: 0.7, series: "mesh", panel: "right panel" },
  ]);
  const files = await writePlots(join(folder, "plots"), [lines, dots]);
  expect(files.map((file) => file.slice(folder.length))).toEqual([
    "/plots/lines.svg",
    "/plots/dots.svg",
  ]);
  const [first = "", second = ""] = await Promise.all(files.map((file) => readFile(file, "utf8")));
  expect(first).toMatch(/^<svg[\s\S]*<\/svg>$/);
  for (const text of ["A line chart", "first series", "second series", "bytes"])
    expect(first).toContain(text);
  for (const text of ["An interval chart", "mesh", "left panel", "right panel"])
    expect(second).toContain(text);
});

test("a table becomes Markdown with its notes, and a bar in a cell does not end it", () => {
  const text = toMarkdown({ title: "T", headers: ["a", "b"], rows: [["x|y", "1"]], notes: ["N."] });
  expect(text).toBe("**T**\n\n| a | b |\n| --- | --- |\n| x\\|y | 1 |\n\nN.\n");
});
