/** What the command line prints for people. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { formatSynthesis } from "../../client/cli/print-synthesis.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import { synthesize } from "../../client/index.ts";
import { nodeIdSchema, toBase64Url, type RankedResult } from "../../protocol/index.ts";
import { smallDomain } from "../support/small-example.ts";

test("a table aligns text to the left and numbers to the right", () => {
  const table = formatTable(
    ["name", "count", "mixed"],
    [
      ["a", "1", "2"],
      ["longer", "1000", "x"],
      ["b", "", ""],
    ],
  );
  expect(table.split("\n")).toEqual([
    "name    count  mixed",
    "------  -----  -----",
    "a           1  2",
    "longer   1000  x",
    "b",
  ]);
});

test("a table of nothing is its headers", () => {
  expect(formatTable(["a", "bc"], [])).toBe("a  bc\n-  --");
});

test("what other organisations write can not steer the terminal", () => {
  const table = formatTable(["name"], [["\u001b[2Jevil\r\nname\u202etxt"]]);
  for (const steers of ["\u001b", "\r", "\u202e"]) expect(table).not.toContain(steers);
  expect(table.split("\n")).toHaveLength(3);
});

class Terminal extends PassThrough {
  readonly isTTY = true;
}

function written(stream: PassThrough): string {
  return String(stream.read() ?? "");
}

test("progress writes one line a step where there is no terminal", () => {
  const stream = new PassThrough();
  const progress = createProgress(stream);
  for (let i = 0; i < 5; i++) progress.report("reading", i, 5);
  progress.report("writing", 0, 1);
  progress.end();
  progress.end();
  expect(written(stream)).toBe("reading\nwriting\n");
});

test("progress rewrites one line on a terminal, and ends it once", () => {
  const stream = new Terminal();
  const progress = createProgress(stream);
  progress.report("reading", 1, 5);
  progress.report("reading", 5, 5);
  progress.end();
  progress.end();
  const text = written(stream);
  expect(text.match(/\r/g)).toHaveLength(2);
  expect(text).toMatch(/reading 1\/5.*reading 5\/5\n$/s);
  expect(text.match(/\n/g)).toHaveLength(1);
});

test("progress of an unknown total shows how far it is, and no total", () => {
  const stream = new Terminal();
  createProgress(stream).report("reading", 500, Infinity);
  expect(written(stream)).toMatch(/reading 500$/);
});

function outcome(node: number, treatment: string, recovered: boolean): RankedResult {
  return {
    reference: `${node}-${treatment}-${recovered}`,
    score: 0.5,
    features: {},
    intervention: { treatment },
    result: { recovered },
    rank: 1,
    node: nodeIdSchema.parse(toBase64Url(new Uint8Array(32).fill(node))),
    organisation: `Organisation ${node}`,
  };
}

test("a synthesis shows support, organisations, estimate, interval and spread of each intervention", () => {
  const ranking = [
    outcome(1, "a", true),
    outcome(1, "a", true),
    outcome(2, "a", true),
    outcome(2, "a", false),
    outcome(2, "b", false),
  ];
  const text = formatSynthesis(synthesize(ranking, smallDomain));
  expect(text).toContain("Synthesis of 5 outcomes");
  expect(text).toContain("recovered (better: true)");
  expect(text).toMatch(/^a +4 +2 +75 % +\d+ % to \d+ % +50 % to 100 %$/m);
  expect(text).toMatch(/^b +1 +1 +0 % +0 % to \d+ % +0 %$/m);
});
