import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../protocol/ids.ts";
import type { LookupReport } from "../../../protocol/routing/lookup-task.ts";
import { HEDGE_DEFAULT_MS } from "../../../protocol/routing/peer-health.ts";
import { SOLE_TREES_MAX } from "../../../protocol/routing/plan-requests.ts";
import { CONNECTIONS_MAX } from "../../../protocol/query/query-origins.ts";
import { FakePeers, nodeNamed, OWN, type Behaviour } from "../support/fake-peers.ts";
import { fc } from "../support/property.ts";
import { SLOW } from "../support/random.ts";

const [a, b, c, d] = ["a", "b", "c", "d"].map(nodeNamed);
if (!a || !b || !c || !d) throw new Error("four names give four nodes");
const others = Array.from({ length: 30 }, (_, i) => nodeNamed(`other ${i}`));

/** So many trees, all held by the same nodes. */
function heldBy(holders: readonly NodeId[], trees: number): NodeId[][] {
  return Array.from({ length: trees }, () => [...holders]);
}

function answeredBy({ answers }: LookupReport<NodeId>): NodeId[] {
  return answers.map(({ answer }) => answer);
}

const anyMesh = fc.record({
  replicas: fc.array(fc.subarray([OWN, ...others.slice(0, 7)], { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 24,
  }),
  bad: fc.array(
    fc.record({
      node: fc.constantFrom(OWN, ...others.slice(0, 7)),
      how: fc.constantFrom<Behaviour>(
        { milliseconds: Infinity },
        { code: "unreachable" },
        { milliseconds: 2000 },
        { milliseconds: 700, code: "internal" },
        { pending: Array.from({ length: 24 }, (_, tree) => tree) },
      ),
    }),
    { maxLength: 2 },
  ),
  budget: fc.integer({ min: 0, max: 30 }),
  isWarm: fc.boolean(),
});

describe("carrying out a lookup", SLOW, () => {
  it("P-77: whatever two nodes do, every tree is answered while the budget suffices, and nothing is exceeded", async () => {
    await fc.assert(
      fc.asyncProperty(anyMesh, async ({ replicas, bad, budget, isWarm }) => {
        const peers = new FakePeers(replicas);
        if (isWarm) peers.warmUp();
        for (const { node, how } of bad) peers.let(node, how);
        const report = await peers.lookup({ budget });
        expect(report.requests).toBe(peers.calls.length);
        expect(report.requests).toBeLessThanOrEqual(budget);
        expect(report.hedged + report.confirmations).toBeLessThanOrEqual(report.requests);
        expect(peers.mostAtOnce).toBeLessThanOrEqual(CONNECTIONS_MAX);
        expect(peers.clock.now()).toBeLessThanOrEqual(5000);
        const questions = peers.calls.flatMap(({ node, trees }) =>
          trees.map((t) => `${node}/${t}`),
        );
        expect(new Set(questions).size).toBe(questions.length);
        const unanswered = replicas
          .map((_, tree) => tree)
          .filter((t) => !report.treesAnswered.has(t));
        // Two bad nodes leave each tree one good replica: what is missing, the budget is to blame for.
        expect(report.overBudget).toEqual(new Set(unanswered));
      }),
      { numRuns: 300 },
    );
  });

  it("P-35: asks the own node for all that it holds, and no one else for it", async () => {
    const peers = new FakePeers([...heldBy([a, OWN, b], 5), ...heldBy([a, b, c], 2)]);
    const report = await peers.lookup();
    expect(peers.ownTrees).toEqual([0, 1, 2, 3, 4]);
    expect(peers.calls.flatMap(({ trees }) => trees)).toEqual([5, 6]);
    expect(report).toMatchObject({ requests: 1, confirmations: 0, hedged: 0 });
  });

  it("P-75: a second node confirms what one would be believed alone for", async () => {
    const peers = new FakePeers(heldBy([a, b, c], SOLE_TREES_MAX + 1));
    const report = await peers.lookup();
    expect(report).toMatchObject({ requests: 2, confirmations: 1, hedged: 0 });
    expect(report.answers).toHaveLength(2);
  });

  it("P-76: spends no more than the budget, and counts the trees that it does not suffice for", async () => {
    for (const budget of [0, 1, 2, 3, 4]) {
      const peers = new FakePeers([[a], [b], [c], [a]]);
      const report = await peers.lookup({ budget });
      expect(peers.calls).toHaveLength(Math.min(budget, 3));
      expect(report.overBudget.size).toBe([4, 2, 1, 0, 0][budget]);
      expect(report.treesAnswered.size + report.overBudget.size).toBe(4);
    }
  });

  it("P-76: keeps a quarter of the budget from confirmations, for nodes that fail", async () => {
    const replicas = others
      .slice(0, 8)
      .flatMap((node, i) => heldBy([node, others[8 + i] ?? OWN, others[16 + i] ?? OWN], 3));
    const peers = new FakePeers(replicas);
    const report = await peers.lookup({ budget: 16 });
    expect(report).toMatchObject({ requests: 12, confirmations: 4 });
    expect(report.treesAnswered.size).toBe(24);
  });

  it("P-79: a node that hangs costs the hedge delay and one more answer, and is given up", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.warmUp(50);
    peers.script = [{ milliseconds: Infinity }, { milliseconds: 30 }];
    const report = await peers.lookup();
    expect(peers.clock.now()).toBe(50 + 30);
    expect(report).toMatchObject({ requests: 2, hedged: 1, confirmations: 0 });
    expect(report.treesAnswered.size).toBe(1);
    expect(peers.calls.map(({ isAborted }) => isAborted)).toEqual([true, false]);
  });

  it("P-79: waits the usual delay before it has measured one", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.script = [{ milliseconds: HEDGE_DEFAULT_MS - 1 }];
    expect(await peers.lookup()).toMatchObject({ requests: 1, hedged: 0 });
    peers.calls.length = 0;
    peers.script = [{ milliseconds: HEDGE_DEFAULT_MS + 1 }];
    expect(await peers.lookup()).toMatchObject({ requests: 2, hedged: 1 });
  });

  it("P-79: the first answer counts: a slow node that answers before its replacement ends the lookup", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.warmUp(50);
    peers.script = [{ milliseconds: 60 }, { milliseconds: 30 }];
    const report = await peers.lookup();
    expect(peers.clock.now()).toBe(60);
    expect(answeredBy(report)).toEqual([peers.calls[0]?.node]);
  });

  it("P-79: does not wait beyond the hedge delay for a node whose trees another has answered", async () => {
    const peers = new FakePeers(heldBy([a, b], 8));
    peers.warmUp(50);
    peers.script = [{ milliseconds: 5 }, { milliseconds: 49 }];
    expect((await peers.lookup()).answers).toHaveLength(2);
    expect(peers.clock.now()).toBe(49);
    peers.calls.length = 0;
    peers.script = [{ milliseconds: 5 }, { milliseconds: Infinity }];
    const report = await peers.lookup();
    expect(report.answers).toHaveLength(1);
    expect(report.treesAnswered.size).toBe(8);
    expect(peers.clock.now()).toBe(49 + 50);
  });

  it("P-79: where the confirming node is slow, a third confirms, and it is waited for", async () => {
    const peers = new FakePeers(heldBy([a, b, c], 8));
    peers.warmUp(50);
    peers.script = [{ milliseconds: 5 }, { milliseconds: Infinity }, { milliseconds: 30 }];
    const report = await peers.lookup();
    expect(report).toMatchObject({ requests: 3, hedged: 1, confirmations: 1 });
    expect(report.answers).toHaveLength(2);
    expect(peers.clock.now()).toBe(50 + 30);
  });

  it("P-79: a node that fails is replaced at once", async () => {
    const peers = new FakePeers(heldBy([a, b, c], 2));
    peers.script = [
      { milliseconds: 7, code: "unreachable" },
      { milliseconds: 8, code: "internal" },
    ];
    const report = await peers.lookup();
    expect(report).toMatchObject({ requests: 3, hedged: 0, confirmations: 0 });
    expect(report.treesAnswered.size).toBe(2);
    expect(peers.clock.now()).toBe(7 + 8 + 20);
  });

  it("P-79: trees that a node has pending are asked of another too, and what it returned is used", async () => {
    const peers = new FakePeers(heldBy([a, b], 2));
    peers.script = [{ pending: [1] }];
    const report = await peers.lookup();
    expect(peers.calls.map(({ trees }) => trees)).toEqual([[0, 1], [1]]);
    expect(report.answers).toHaveLength(2);
    expect(report.treesAnswered.size).toBe(2);
  });

  it("P-79: a tree that every replica has pending is not answered", async () => {
    const peers = new FakePeers(heldBy([a, b], 2));
    peers.let(a, { pending: [1] });
    peers.let(b, { pending: [1] });
    const report = await peers.lookup();
    expect([...report.treesAnswered]).toEqual([0]);
    expect(report.overBudget.size).toBe(0);
  });

  it.each<readonly [string, Behaviour]>([
    ["fails", { code: "internal" }],
    ["has trees pending", { pending: [0, 1] }],
    ["hangs", { milliseconds: Infinity }],
  ])("P-79: where the own node %s, others are asked", async (_, behaviour) => {
    const peers = new FakePeers(heldBy([OWN, a, b], 2));
    peers.let(OWN, behaviour);
    const report = await peers.lookup();
    expect(report.treesAnswered.size).toBe(2);
    expect(report.requests).toBe(1);
  });

  it("P-80: a node that no longer holds a tree is asked for the rest by the newer view, once", async () => {
    const peers = new FakePeers(heldBy([a], 3));
    const report = await peers.lookup({
      askPeer: async (node, trees, limits) => {
        const isFirst = peers.calls.length === 0;
        if (isFirst) peers.script = [{ code: "misdirected" }];
        const answer = await peers.answer(node, trees, limits);
        // The view is brought up to date before the refusal is passed on.
        if (isFirst) peers.replicas = [[a], [b], [a]];
        return answer;
      },
    });
    expect(peers.calls.map(({ node, trees }) => ({ node, trees }))).toEqual([
      { node: a, trees: [0, 1, 2] },
      { node: a, trees: [0, 2] },
      { node: b, trees: [1] },
    ]);
    expect(report.treesAnswered.size).toBe(3);
    expect(peers.health.report(0).map(({ failures }) => failures)).toEqual([0, 0]);
  });

  it("P-80: a node that refuses what the newest view says it holds has failed", async () => {
    const peers = new FakePeers(heldBy([a, b], 2));
    peers.script = [{ code: "misdirected" }];
    const report = await peers.lookup();
    expect(report).toMatchObject({ requests: 2 });
    expect(report.treesAnswered.size).toBe(2);
    const refused = peers.calls[0]?.node;
    expect(peers.health.report(0).find(({ node }) => node === refused)).toMatchObject({
      failures: 1,
      lastFailure: "misdirected",
    });
  });

  it("P-77: after three failures in a row a node is not asked while another holds the tree", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.let(a, { code: "unreachable" });
    for (let i = 0; i < 40; i++) await peers.lookup();
    expect(peers.callsTo(a)).toHaveLength(3);
    expect(peers.callsTo(b)).toHaveLength(40);
  });

  it("P-77: a node that is left out is asked for what no other holds", async () => {
    const peers = new FakePeers([[a]]);
    peers.let(a, { code: "unreachable" });
    for (let i = 0; i < 5; i++) await peers.lookup();
    expect(peers.callsTo(a)).toHaveLength(5);
    peers.let(a, {});
    expect((await peers.lookup()).treesAnswered.size).toBe(1);
    expect(peers.health.isLeftOut(a, peers.clock.now())).toBe(false);
  });

  it("tells every node how long the asker still waits, and ends at the deadline", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.let(a, { milliseconds: Infinity });
    peers.let(b, { milliseconds: Infinity });
    const report = await peers.lookup({ deadline: 1000 });
    expect(peers.clock.now()).toBe(1000);
    // The delay is a quarter of the time there is, where that is less than usual.
    expect(peers.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([1000, 750]);
    expect(report.treesAnswered.size).toBe(0);
    expect(peers.health.report(1000).map(({ lastFailure }) => lastFailure)).toEqual([
      "timed-out",
      "timed-out",
    ]);
  });

  it("P-77: a requester that hardly waits does not have nodes left out", async () => {
    const peers = new FakePeers(heldBy([a, b], 1));
    peers.let(a, { milliseconds: 100 });
    peers.let(b, { milliseconds: 100 });
    for (let i = 0; i < 20; i++) await peers.lookup({ deadline: peers.clock.now() + 50 });
    for (const { failures } of peers.health.report(peers.clock.now())) expect(failures).toBe(0);
    expect(peers.callsTo(a).length).toBeGreaterThan(3);
  });

  it("six nodes that hang do not keep others from being asked", async () => {
    const hanging = others.slice(0, 6);
    const peers = new FakePeers([
      ...hanging.map((node, i) => [node, others[10 + i] ?? OWN]),
      ...others.slice(20, 26).map((node) => [node]),
    ]);
    // The six are asked first, as each covers most.
    for (const node of hanging) peers.let(node, { milliseconds: Infinity });
    peers.replicas = peers.replicas.flatMap((holders, i) =>
      i < 6 ? [holders, holders] : [holders],
    );
    const report = await peers.lookup();
    expect(report.treesAnswered.size).toBe(18);
    expect(peers.mostAtOnce).toBe(CONNECTIONS_MAX);
    expect(peers.clock.now()).toBeLessThan(5000);
  });
});
