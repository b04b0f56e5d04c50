import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { nodeIdSchema, type NodeId } from "../../../protocol/ids.ts";
import { createPlacement, type Placeable } from "../../../protocol/placement/placement.ts";
import { bytesFrom, seededRandom, shuffled, SLOW } from "../support/random.ts";

const SLOT_SAMPLE = Array.from({ length: 8192 }, (_, i) => i * 8);

function makeNodes(count: number, capacity: (i: number) => number = () => 1): Placeable[] {
  return Array.from({ length: count }, (_, i) => ({
    node: nodeIdSchema.parse(toBase64Url(bytesFrom(`node ${i}`))),
    capacity: capacity(i),
  }));
}

describe("placement", SLOW, () => {
  it("P-34: a slot has R distinct nodes, or all where there are fewer", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 16 }),
        fc.nat(65_535),
        (size, replicas, slot) => {
          const nodes = makeNodes(size);
          const held = createPlacement(nodes, replicas).replicasOf(slot);
          expect(new Set(held).size).toBe(Math.min(size, replicas));
          expect(held).toHaveLength(Math.min(size, replicas));
        },
      ),
    );
  });

  it("P-34: does not depend on the order in which the nodes are given", () => {
    const nodes = makeNodes(20, (i) => 1 + (i % 3));
    const placement = createPlacement(nodes, 3);
    fc.assert(
      fc.property(fc.integer(), fc.nat(65_535), (seed, slot) => {
        const other = createPlacement(shuffled(nodes, seededRandom(seed)), 3);
        expect(other.replicasOf(slot)).toEqual(placement.replicasOf(slot));
        expect(placement.replicasOf(slot)).toBe(placement.replicasOf(slot));
      }),
    );
  });

  it("P-34: a node's share of first places is proportional to its capacity", () => {
    const nodes = makeNodes(5, (i) => i + 1);
    const placement = createPlacement(nodes, 1);
    const counts = new Map<NodeId | undefined, number>();
    for (let slot = 0; slot < 65_536; slot++) {
      const first = placement.replicasOf(slot)[0];
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    for (const { node, capacity } of nodes) {
      const share = capacity / 15;
      const interval = 4.5 * Math.sqrt((share * (1 - share)) / 65_536);
      expect(Math.abs((counts.get(node) ?? 0) / 65_536 - share)).toBeLessThan(interval);
    }
  });

  it("P-34: equal nodes hold equally many slots, over all replicas", () => {
    const nodes = makeNodes(12);
    const placement = createPlacement(nodes, 3);
    const held = SLOT_SAMPLE.flatMap((slot) => [...placement.replicasOf(slot)]);
    for (const { node } of nodes) {
      const share = held.filter((holder) => holder === node).length / held.length;
      expect(Math.abs(share - 1 / 12)).toBeLessThan(0.009);
    }
  });

  it("P-34: a node that leaves changes only the slots that it held, and there only its own place", () => {
    const nodes = makeNodes(15, (i) => 1 + (i % 4));
    const before = createPlacement(nodes, 3);
    for (const { node: gone } of nodes.slice(0, 4)) {
      const after = createPlacement(
        nodes.filter(({ node }) => node !== gone),
        3,
      );
      for (const slot of SLOT_SAMPLE) {
        const kept = before.replicasOf(slot).filter((node) => node !== gone);
        expect(after.replicasOf(slot).slice(0, kept.length)).toEqual(kept);
      }
    }
  });

  it("P-34: a node that joins takes its share of slots, and moves no others", () => {
    const nodes = makeNodes(16);
    const [joining, ...rest] = nodes;
    const before = createPlacement(rest, 3);
    const after = createPlacement(nodes, 3);
    let gained = 0;
    for (const slot of SLOT_SAMPLE) {
      const isGained = after.replicasOf(slot).some((node) => node === joining?.node);
      if (isGained) gained += 1;
      const left = before.replicasOf(slot);
      const kept = after.replicasOf(slot).filter((node) => node !== joining?.node);
      expect(kept).toEqual(left.slice(0, isGained ? 2 : 3));
    }
    expect(gained / SLOT_SAMPLE.length).toBeCloseTo(3 / 16, 1);
  });
});
