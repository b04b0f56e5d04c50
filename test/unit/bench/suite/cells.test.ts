import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { openCells } from "../../../../bench/suite/cells.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outcome-mesh-cells-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Computes 1, 2, 3, ... and so shows when it is asked. */
function counter(): () => number {
  let calls = 0;
  return () => (calls += 1);
}

test("a finished cell is computed once, also by the next run, and another key has its own", async () => {
  const compute = counter();
  const first = openCells(folder, { isFresh: false });
  expect(await first.get({ seed: "1" }, z.number(), compute)).toBe(1);
  const second = openCells(folder, { isFresh: false });
  expect(await second.get({ seed: "1" }, z.number(), compute)).toBe(1);
  expect(await second.get({ seed: "2" }, z.number(), compute)).toBe(2);
});

test("a fresh run computes anew, and leaves what it computed", async () => {
  const compute = counter();
  await openCells(folder, { isFresh: false }).get("key", z.number(), compute);
  expect(await openCells(folder, { isFresh: true }).get("key", z.number(), compute)).toBe(2);
  expect(await openCells(folder, { isFresh: false }).get("key", z.number(), compute)).toBe(2);
});

test("a cell that is cut short, or of another form, is computed anew", async () => {
  const compute = counter();
  const cells = openCells(folder, { isFresh: false });
  await cells.get("key", z.number(), compute);
  const [file = ""] = await readdir(folder);
  await writeFile(join(folder, file), '{"key":"key","val');
  expect(await cells.get("key", z.number(), compute)).toBe(2);
  expect(await cells.get("key", z.string(), () => "text")).toBe("text");
});

test("a computation that fails leaves no cell", async () => {
  const cells = openCells(folder, { isFresh: false });
  const stopped = cells.get("key", z.number(), () => Promise.reject(new Error("stopped")));
  await expect(stopped).rejects.toThrow("stopped");
  expect(await cells.get("key", z.number(), counter())).toBe(1);
});
