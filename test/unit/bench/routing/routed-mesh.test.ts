import { expect, test } from "vitest";
import { MeshIndex } from "../../../../bench/routing/mesh-index.ts";
import { openRoutedMesh, type RouteOptions } from "../../../../bench/routing/routed-mesh.ts";
import { seededRandom } from "../../../../examples/random.ts";
import {
  TreeIndex,
  domainIdOf,
  domainSchema,
  estimate,
  planRouting,
  slotsOf,
  type NodeId,
} from "../../../../protocol/index.ts";
import { smallDomain } from "../../../support/small-example.ts";

const SYMBOLS = 32;
const ORGANISATIONS = 40;
const RECORDS_EACH = 15;
const REPLICAS = 3;

function planOf(candidates: number) {
  const signature = { symbols: SYMBOLS, trees: 12, rootDepth: 1, candidates };
  const domain = domainSchema.parse({ ...smallDomain, signature });
  return planRouting(domain, domainIdOf(domain));
}

/** Of few symbols, so that many share root keys. */
function drawSignatures(count: number, seed: string): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: count * SYMBOLS }, () => random.below(6));
}

const organisations = Array.from({ length: ORGANISATIONS }, (_, i) =>
  drawSignatures(RECORDS_EACH, `organisation ${i}`),
);
const rows = organisations.flatMap((packed, origin) => rowsOf(packed, origin));
const queries = rowsOf(drawSignatures(10, "queries"), 0).map(({ signature }) => signature);

function rowsOf(packed: Uint8Array, origin: number) {
  return Array.from({ length: packed.length / SYMBOLS }, (_, i) => ({
    origin,
    signature: packed.subarray(i * SYMBOLS, (i + 1) * SYMBOLS),
  }));
}

function optionsFor(seed: string): RouteOptions {
  const random = seededRandom(seed);
  return { asker: 0, limit: ORGANISATIONS, random: () => random.unit() };
}

test("one index answers for a node as an index of the node's own slots does", () => {
  const plan = planOf(10);
  const mesh = openRoutedMesh({ plan, organisations, replicas: REPLICAS });
  const whole = new MeshIndex({ plan, organisations });
  const serves = (node: NodeId, slot: number | undefined): slot is number =>
    slot !== undefined && mesh.placement.replicasOf(slot).includes(node);
  let found = 0;
  for (const node of mesh.nodes.slice(0, 4)) {
    const own = new TreeIndex(plan);
    own.insert(
      rows.map(({ signature, origin }) => {
        const slots = slotsOf(plan, signature);
        return {
          signature,
          origin,
          trees: [...slots.keys()].filter((t) => serves(node, slots[t])),
        };
      }),
    );
    for (const query of queries) {
      const slots = slotsOf(plan, query);
      for (const tree of [...slots.keys()].filter((t) => serves(node, slots[t]))) {
        const options = { limit: 5, rowsPerOrigin: 1, isLive: () => true };
        const ours = whole.lookup({ signature: query, trees: [tree], limit: 5 });
        const theirs = own.lookup(query, [tree], options);
        found += theirs.origins.length;
        expect(ours.scanned).toEqual([theirs.scanned]);
        expect(ours.origins.map(({ organisation }) => organisation)).toEqual(
          theirs.origins.map(({ origin }) => origin),
        );
      }
    }
  }
  expect(found).toBeGreaterThan(40);
});

test("with candidates enough a route has every origin that shares a root key with the query, by its best estimate", async () => {
  const plan = planOf(5000);
  const mesh = openRoutedMesh({ plan, organisations, replicas: REPLICAS });
  const placed = rows.map((row) => ({ ...row, slots: slotsOf(plan, row.signature) }));
  for (const query of queries.slice(0, 4)) {
    const roots = slotsOf(plan, query);
    const best = new Map<number, number>();
    for (const { origin, signature, slots } of placed) {
      if (!slots.some((slot, tree) => slot !== undefined && slot === roots[tree])) continue;
      const score = estimate(plan, query, signature);
      best.set(origin, Math.max(score, best.get(origin) ?? -Infinity));
    }
    const { origins } = await mesh.route(query, optionsFor("all"));
    expect(new Map(origins.map((each) => [each.organisation, each.estimate]))).toEqual(best);
    expect(origins).toEqual(origins.toSorted((a, b) => b.estimate - a.estimate));
  }
});

test("a mesh that is opened for some queries routes them as the whole one does, at the same cost", async () => {
  const plan = planOf(20);
  const whole = openRoutedMesh({ plan, organisations, replicas: REPLICAS });
  const some = openRoutedMesh({
    plan,
    organisations,
    replicas: REPLICAS,
    queries: queries.slice(3),
  });
  for (const query of queries.slice(3)) {
    expect(await some.route(query, optionsFor("a"))).toEqual(
      await whole.route(query, optionsFor("a")),
    );
  }
});

test("no more origins than asked for are found, the best of all", async () => {
  const mesh = openRoutedMesh({ plan: planOf(20), organisations, replicas: REPLICAS });
  const [query = new Uint8Array(SYMBOLS)] = queries;
  const all = await mesh.route(query, optionsFor("a"));
  const some = await mesh.route(query, { ...optionsFor("a"), limit: 7 });
  expect(some.origins).toEqual(all.origins.slice(0, 7));
  expect(some.cost.bytes).toBeLessThan(all.cost.bytes);
});

test("records of a hidden group are as if they were not published", async () => {
  const plan = planOf(20);
  // Every organisation has two groups, of five records in turn.
  const groups = organisations.map(() =>
    Array.from({ length: RECORDS_EACH }, (_, i) => (i % 5 === 0 ? "hidden" : "seen")),
  );
  const without = organisations.map((packed) =>
    packed.filter((_, at) => Math.floor(at / SYMBOLS) % 5 !== 0),
  );
  const mesh = openRoutedMesh({ plan, organisations, groups, replicas: REPLICAS });
  const rest = openRoutedMesh({ plan, organisations: without, replicas: REPLICAS });
  for (const query of queries) {
    const route = await mesh.route(query, { ...optionsFor("a"), hidden: "hidden" });
    expect(route).toEqual(await rest.route(query, optionsFor("a")));
    expect(await mesh.route(query, optionsFor("a"))).not.toEqual(route);
  }
});

test("requests and rows are those of the protocol's plan: none where the asker holds every slot", async () => {
  const plan = planOf(20);
  const alone = openRoutedMesh({
    plan,
    organisations: organisations.slice(0, 3),
    replicas: REPLICAS,
  });
  const [query = new Uint8Array(SYMBOLS)] = queries;
  const own = await alone.route(query, optionsFor("a"));
  expect(own.cost).toMatchObject({ lookupRequests: 0, nodesAsked: 0, bytes: 0 });
  expect(own.cost.rowsScanned).toBeGreaterThan(0);
  const mesh = openRoutedMesh({ plan, organisations, replicas: REPLICAS });
  const { cost } = await mesh.route(query, optionsFor("a"));
  expect(cost.lookupRequests).toBeGreaterThan(0);
  expect(cost.nodesAsked).toBe(cost.lookupRequests);
  expect(cost.rowsScannedByOneShard).toBeLessThanOrEqual(cost.rowsScanned);
});
