import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../protocol/ids.ts";
import { Holdings, PENDING_ROUNDS_MAX } from "../../../protocol/repair/holdings.ts";
import { fc } from "../support/property.ts";
import { bytesFrom, SLOW } from "../support/random.ts";
import { MODEL_SLOTS, modelNode, ModelMesh, type ModelNode } from "./mesh-model.ts";

const R = 3;
const MAJORITY = 2;
const keyOf = (i: number): Uint8Array => bytesFrom(`item ${i}`).slice(0, 16);
const SLOTS = Array.from({ length: MODEL_SLOTS }, (_, slot) => slot);

const equalCapacities = (size: number): Map<NodeId, number> =>
  new Map(Array.from({ length: size }, (_, i) => [modelNode(i), 1]));

/** One change of a mesh of `size`: a node more, one that drains, or one with another weight. */
const change = (size: number) =>
  fc.oneof(
    fc.constant(new Map([[modelNode(size), 1]])),
    fc.nat(size - 1).map((i) => new Map([[modelNode(i), 0]])),
    fc.tuple(fc.nat(size - 1), fc.constantFrom(2, 5)).map(([i, c]) => new Map([[modelNode(i), c]])),
  );

const changed = (size: number, changes: ReadonlyMap<NodeId, number>): Map<NodeId, number> =>
  new Map([...equalCapacities(size), ...changes]);

/** Any majority of a slot's replicas stored the slot's only item; `draw` picks which. */
function publishToMajority(mesh: ModelMesh, slot: number, draw: number, seq = 1): void {
  const replicas = mesh.placement.replicasOf(slot);
  const left = draw % (replicas.length + 1);
  const to = replicas.length > MAJORITY ? replicas.filter((_, i) => i !== left) : replicas;
  mesh.publish({ key: keyOf(slot), epoch: 0, seq }, slot, to);
}

const has = (node: ModelNode | undefined, slot: number, seq = 1): boolean =>
  node?.items.get(keyOf(slot))?.seq === seq;

const some = (holdings: Holdings): number =>
  SLOTS.find((slot) => holdings.stateOf(slot) === "pending") ?? -1;
const isMember = (): boolean => true;

describe("repair", SLOW, () => {
  const sizes = fc.integer({ min: 4, max: 8 });
  const draws = fc.array(fc.nat(), { minLength: MODEL_SLOTS, maxLength: MODEL_SLOTS });

  it("P-67: a replica that is not pending has every acknowledged entry of before its slots moved, at any moment", () => {
    const cases = sizes.chain((size) =>
      fc.record({
        size: fc.constant(size),
        first: change(size),
        second: change(size),
        draws,
        order: fc.array(fc.tuple(fc.nat(size), fc.nat(size), fc.nat(size)), { maxLength: 24 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ size, first, second, draws: drawn, order }) => {
        const mesh = new ModelMesh(size, R);
        const roundsOf = new Map<number, number>();
        const full = new Map<number, Set<NodeId>>();
        for (const [slot, draw] of drawn.entries()) {
          publishToMajority(mesh, slot, draw);
          full.set(slot, new Set(mesh.placement.replicasOf(slot)));
        }
        for (const [i, [at, ...down]] of order.entries()) {
          if (i === 0) mesh.place(changed(size, first));
          if (i === 8) mesh.place(changed(size, new Map([...first, ...second])));
          // Others can not be reached: not the same ones in every round.
          const unreachable = new Set(down.map(modelNode));
          for (const other of mesh.nodes.values()) other.isUp = !unreachable.has(other.node);
          const node = mesh.nodes.get(modelNode(at));
          const rounds = roundsOf.get(at) ?? 0;
          roundsOf.set(at, rounds + 1);
          if (node && rounds < PENDING_ROUNDS_MAX - 1) mesh.round(node);
          for (const slot of SLOTS) {
            // Those that held the slot from the start may lack an entry; those who came to it may not.
            for (const { node: id, holdings, ...other } of mesh.nodes.values()) {
              if (full.get(slot)?.has(id) || holdings.stateOf(slot) !== "held") continue;
              expect(other.items.get(keyOf(slot))).toBeDefined();
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("P-66, P-67: acknowledged entries survive a change of membership and then the loss of R - majority replicas", () => {
    const cases = sizes.chain((size) =>
      fc.record({ size: fc.constant(size), after: change(size), draws, lost: fc.nat(size - 1) }),
    );
    fc.assert(
      fc.property(cases, ({ size, after, draws: drawn, lost }) => {
        const mesh = new ModelMesh(size, R);
        for (const [slot, draw] of drawn.entries()) publishToMajority(mesh, slot, draw);
        mesh.place(changed(size, after));
        mesh.rounds(2);
        const failed = mesh.nodes.get(modelNode(lost));
        if (failed) failed.isUp = false;
        mesh.rounds(2);
        for (const slot of SLOTS) {
          const up = mesh.placement.replicasOf(slot).filter((node) => node !== failed?.node);
          expect(up.every((node) => has(mesh.nodes.get(node), slot))).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("P-66, P-67: acknowledged entries survive the loss of R - majority replicas and then a change of membership", () => {
    const cases = sizes.chain((size) =>
      fc.record({ size: fc.constant(size), draws, lost: fc.nat(size - 1) }),
    );
    fc.assert(
      fc.property(cases, ({ size, draws: drawn, lost }) => {
        const mesh = new ModelMesh(size, R);
        for (const [slot, draw] of drawn.entries()) publishToMajority(mesh, slot, draw);
        const failed = mesh.nodes.get(modelNode(lost));
        if (failed) failed.isUp = false;
        mesh.place(changed(size, new Map([[modelNode(lost), 0]])));
        mesh.rounds(2);
        for (const slot of SLOTS) {
          for (const node of mesh.placement.replicasOf(slot)) {
            expect(has(mesh.nodes.get(node), slot)).toBe(true);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("P-68: who holds a slot no more keeps it until every replica has what it had", () => {
    const cases = sizes.chain((size) =>
      fc.record({ size: fc.constant(size), after: change(size), draws }),
    );
    fc.assert(
      fc.property(cases, ({ size, after, draws: drawn }) => {
        const mesh = new ModelMesh(size, R);
        for (const [slot, draw] of drawn.entries()) publishToMajority(mesh, slot, draw);
        mesh.place(changed(size, after));
        for (const node of mesh.nodes.values()) {
          const before = SLOTS.filter((slot) => has(node, slot));
          mesh.round(node);
          for (const slot of before.filter((s) => !has(node, s))) {
            const replicas = mesh.placement.replicasOf(slot).map((id) => mesh.nodes.get(id));
            expect(replicas.every((replica) => has(replica, slot))).toBe(true);
          }
        }
        mesh.rounds(2);
        for (const { holdings, items, node } of mesh.nodes.values()) {
          expect(holdings.counts).toMatchObject({ pending: 0, handingOff: 0 });
          for (const slot of items.occupied()) expect(mesh.placement.holds(node, slot)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("a tombstone never loses to an older entry, wherever both are", () => {
    const cases = sizes.chain((size) =>
      fc.record({ size: fc.constant(size), after: change(size), draws }),
    );
    fc.assert(
      fc.property(cases, ({ size, after, draws: drawn }) => {
        const mesh = new ModelMesh(size, R);
        for (const slot of SLOTS)
          mesh.publish(
            { key: keyOf(slot), epoch: 0, seq: 1 },
            slot,
            mesh.placement.replicasOf(slot),
          );
        for (const [slot, draw] of drawn.entries()) publishToMajority(mesh, slot, draw, 2);
        mesh.place(changed(size, after));
        mesh.rounds(3);
        for (const slot of SLOTS) {
          for (const node of mesh.placement.replicasOf(slot)) {
            expect(has(mesh.nodes.get(node), slot, 2)).toBe(true);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("P-67: a pending slot", () => {
  const mesh = new ModelMesh(5, R);
  const self = modelNode(0);

  function newcomer(): Holdings {
    const holdings = new Holdings(self, { from: 0, to: MODEL_SLOTS });
    holdings.adopt(mesh.placement, () => false);
    return holdings;
  }

  it("waits for as many others that hold it as meet any majority, and for no more", () => {
    const holdings = newcomer();
    const slot = some(holdings);
    holdings.confirm(slot, modelNode(1), true);
    holdings.endRound(isMember);
    expect(holdings.stateOf(slot)).toBe("pending");
    holdings.confirm(slot, modelNode(2), true);
    expect(holdings.endRound(isMember)).toContain(slot);
    expect(holdings.stateOf(slot)).toBe("held");
  });

  it("does not count who came to it lately, but ends when everyone was compared with", () => {
    const holdings = newcomer();
    const slot = some(holdings);
    for (let i = 1; i < 4; i++) holdings.confirm(slot, modelNode(i), false);
    holdings.endRound(isMember);
    expect(holdings.stateOf(slot)).toBe("pending");
    holdings.confirm(slot, modelNode(4), false);
    expect(holdings.endRound(isMember)).toContain(slot);
  });

  it("ends after a bounded number of rounds where nobody can be reached", () => {
    const holdings = newcomer();
    const slot = some(holdings);
    for (let i = 1; i < PENDING_ROUNDS_MAX; i++) holdings.endRound(isMember);
    expect(holdings.stateOf(slot)).toBe("pending");
    holdings.endRound(isMember);
    expect(holdings.stateOf(slot)).toBe("held");
  });

  it("is pending again from what was stored", () => {
    const holdings = newcomer();
    const restored = new Holdings(self, { from: 0, to: MODEL_SLOTS }, holdings.state);
    restored.adopt(mesh.placement, () => false);
    expect(restored.state).toEqual(holdings.state);
    expect([...restored.reconciliations("changes").keys()].toSorted()).toEqual(
      [1, 2, 3, 4].map(modelNode).toSorted(),
    );
  });
});

describe("a mesh of one", () => {
  it("has nobody to wait for", () => {
    const mesh = new ModelMesh(1, R);
    expect([...mesh.nodes.values()].map(({ holdings }) => holdings.counts)).toEqual([
      { held: MODEL_SLOTS, pending: 0, handingOff: 0 },
    ]);
  });

  it("grows to two without losing what the one had", () => {
    const mesh = new ModelMesh(1, R);
    for (const slot of SLOTS) publishToMajority(mesh, slot, 0);
    mesh.place(equalCapacities(2));
    mesh.rounds(1);
    for (const slot of SLOTS) expect(has(mesh.nodes.get(modelNode(1)), slot)).toBe(true);
  });
});
