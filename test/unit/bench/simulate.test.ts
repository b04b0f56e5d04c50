import { expect, test } from "vitest";
import { simulate, type SimulationReport } from "../../../bench/mesh/simulate.ts";

/** On a busy machine. */
const TIMEOUT_MS = 60_000;

/** Small enough for a few seconds: one in five joins or goes in these minutes. */
function run(seed: string): Promise<SimulationReport> {
  return simulate({
    nodes: 40,
    minutes: 4,
    churnPerHour: 1.5,
    seed,
    descriptorBytes: 700,
    onProgress: () => undefined,
  });
}

test(
  "the same seed gives the same simulation to the last figure, another seed another",
  async () => {
    const first = await run("a");
    expect(await run("a")).toEqual(first);
    expect(await run("b")).not.toEqual({ ...first, seed: "b" });
  },
  TIMEOUT_MS,
);

test(
  "nodes that come and go cost no lookup its entry",
  async () => {
    const { lookups, found, arrived, departed } = await run("c");
    expect(arrived).toBeGreaterThan(0);
    expect(departed).toBeGreaterThan(0);
    expect(lookups).toBe(120);
    expect(found).toBe(1);
  },
  TIMEOUT_MS,
);
