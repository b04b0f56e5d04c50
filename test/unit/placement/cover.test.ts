import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { nodeIdSchema, type NodeId } from "../../../protocol/ids.ts";
import { coverSlots, type Cover } from "../../../protocol/placement/cover.ts";
import { createPlacement } from "../../../protocol/placement/placement.ts";
import { bytesFrom, seededRandom, SLOW } from "../support/random.ts";

const nodes = Array.from({ length: 7 }, (_, i) =>
  nodeIdSchema.parse(toBase64Url(bytesFrom(`node ${i}`))),
);

/** Small cases: per slot, the indices of its holders. */
const holdersOfSlots = fc.array(
  fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1, maxLength: 3 }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

function replicasIn(holders: readonly (readonly number[])[]): (slot: number) => NodeId[] {
  return (slot) => (holders[slot] ?? []).flatMap((i) => nodes[i] ?? []);
}

function coveredSlots(cover: Cover): number[] {
  return [...cover.assignments.values()].flat().toSorted((a, b) => a - b);
}

/** The fewest nodes that hold all slots, by trying every set of nodes. */
function fewestNodes(holders: readonly (readonly number[])[]): number {
  let best = nodes.length;
  for (let set = 0; set < 2 ** nodes.length; set++) {
    const size = nodes.filter((_, i) => (set >> i) & 1).length;
    if (size < best && holders.every((able) => able.some((i) => (set >> i) & 1))) best = size;
  }
  return best;
}

describe("covering slots", SLOW, () => {
  it("P-35: assigns every slot once, to a node that holds it, and no node to nothing", () => {
    fc.assert(
      fc.property(holdersOfSlots, fc.integer(), (holders, seed) => {
        const slots = [...holders.keys()];
        const replicasOf = replicasIn(holders);
        const cover = coverSlots([...slots, ...slots], replicasOf, { random: seededRandom(seed) });
        expect(coveredSlots(cover)).toEqual(slots);
        expect(cover.uncovered).toEqual([]);
        expect(cover.assignments.size).toBeLessThanOrEqual(slots.length);
        for (const [node, taken] of cover.assignments) {
          expect(taken.length).toBeGreaterThan(0);
          for (const slot of taken) expect(replicasOf(slot)).toContain(node);
        }
      }),
    );
  });

  it("P-35: takes at most 1 + 1/2 + ... + 1/slots times the fewest nodes, and mostly the fewest", () => {
    let optimal = 0;
    let runs = 0;
    fc.assert(
      fc.property(holdersOfSlots, (holders) => {
        const { assignments } = coverSlots(holders.keys(), replicasIn(holders), {
          random: () => 0,
        });
        const fewest = fewestNodes(holders);
        const harmonic = holders.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
        expect(assignments.size).toBeLessThanOrEqual(Math.floor(fewest * harmonic));
        runs += 1;
        if (assignments.size === fewest) optimal += 1;
      }),
      { numRuns: 300 },
    );
    expect(optimal / runs).toBeGreaterThan(0.9);
  });

  it("P-35: never asks an excluded node, and says which slots that leaves uncovered", () => {
    fc.assert(
      fc.property(holdersOfSlots, fc.subarray(nodes), (holders, failed) => {
        const excluded = new Set(failed);
        const replicasOf = replicasIn(holders);
        const random = seededRandom(1);
        const cover = coverSlots(holders.keys(), replicasOf, {
          excluded,
          preferred: failed[0],
          random,
        });
        for (const node of cover.assignments.keys()) expect(excluded.has(node)).toBe(false);
        const lost = [...holders.keys()].filter((s) => replicasOf(s).every((n) => excluded.has(n)));
        expect(cover.uncovered).toEqual(lost);
        expect([...coveredSlots(cover), ...lost].toSorted((a, b) => a - b)).toEqual([
          ...holders.keys(),
        ]);
      }),
    );
  });

  it("P-35: gives the preferred node every slot that it holds", () => {
    fc.assert(
      fc.property(holdersOfSlots, fc.constantFrom(...nodes), (holders, preferred) => {
        const replicasOf = replicasIn(holders);
        const cover = coverSlots(holders.keys(), replicasOf, { preferred, random: () => 0 });
        const held = [...holders.keys()].filter((slot) => replicasOf(slot).includes(preferred));
        expect(cover.assignments.get(preferred) ?? []).toEqual(held);
      }),
    );
  });

  it("P-35: spreads over equal choices", () => {
    const random = seededRandom(35);
    const chosen = Array.from({ length: 300 }, () =>
      [...coverSlots([0], () => nodes.slice(0, 3), { random }).assignments.keys()].join(),
    );
    for (const node of nodes.slice(0, 3)) {
      expect(chosen.filter((name) => name === node).length).toBeGreaterThan(60);
    }
  });

  it("P-35: no slots need no node", () => {
    expect(coverSlots([], () => nodes, { random: () => 0 }).assignments.size).toBe(0);
  });

  it("P-35: 24 slots of a mesh of eight nodes with R = 3 need at most five nodes, mostly four", () => {
    const members = Array.from({ length: 8 }, (_, i) => ({
      node: nodeIdSchema.parse(toBase64Url(bytesFrom(`member ${i}`))),
      capacity: 1,
    }));
    const placement = createPlacement(members, 3);
    const random = seededRandom(24);
    const sizes = Array.from({ length: 50 }, () => {
      const slots = Array.from({ length: 24 }, () => Math.floor(random() * 65_536));
      return coverSlots(slots, (slot) => placement.replicasOf(slot), { random }).assignments.size;
    });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5);
    expect(sizes.filter((size) => size <= 4).length).toBeGreaterThan(40);
  });
});
