import { describe, expect, it } from "vitest";
import { TreeIndex } from "../../../protocol/lookup/tree-index.ts";
import { estimate } from "../../../protocol/signature/signature.ts";
import {
  withholders,
  type LookupAnswer,
  type ProvenEntry,
} from "../../../protocol/routing/withheld.ts";
import { compileSample, sampleDocument } from "../support/domains.ts";
import { nodeNamed } from "../support/fake-peers.ts";
import { seededRandom } from "../support/random.ts";

const { plan } = compileSample({
  ...sampleDocument(),
  signature: { symbols: 16, trees: 4, rootDepth: 1, candidates: 12 },
});
const query = new Uint8Array(16).fill(1);
const asked = { plan, signature: query, limit: 3 };
const origins = Array.from({ length: 20 }, (_, i) => nodeNamed(`origin ${i}`));
const [peer, origin] = [nodeNamed("peer"), nodeNamed("origin 0")];

function entry(changes: Partial<ProvenEntry> = {}): ProvenEntry {
  return { node: origin, estimate: 0.9, signature: query, ...changes };
}

function answer(changes: Partial<LookupAnswer> = {}): LookupAnswer {
  return { node: peer, trees: [0, 1], pending: [], scanned: 0, origins: new Map(), ...changes };
}

/** An entry that shares the query's root key in these trees only. */
function signatureIn(trees: readonly number[]): Uint8Array {
  const signature = new Uint8Array(16).fill(2);
  for (const tree of trees) signature[plan.orders[tree]?.[0] ?? 0] = 1;
  return signature;
}

/** So many other origins, of this estimate. */
function returned(count: number, value: number): Map<(typeof origins)[number], number> {
  return new Map(origins.slice(1, count + 1).map((node) => [node, value]));
}

describe("who withheld what", () => {
  it("P-78: a node that returned nothing for a tree where a proven entry belongs", () => {
    expect(withholders([answer()], [entry()], asked)).toEqual(new Set([peer]));
    const elsewhere = entry({ signature: signatureIn([2]) });
    expect(withholders([answer()], [elsewhere], asked).size).toBe(0);
    expect(withholders([answer({ trees: [2] })], [elsewhere], asked).size).toBe(1);
  });

  it("P-78: not a node that returned the origin", () => {
    const complete = answer({ origins: new Map([[origin, 0.1]]) });
    expect(withholders([complete], [entry()], asked).size).toBe(0);
  });

  it("P-78: not a node that said that the tree is pending", () => {
    const entryThere = entry({ signature: signatureIn([1]) });
    expect(withholders([answer({ pending: [0] })], [entryThere], asked).size).toBe(1);
    expect(withholders([answer({ pending: [1] })], [entryThere], asked).size).toBe(0);
  });

  it("P-78: not a node that had no room for it, among better ones", () => {
    const full = (value: number) => answer({ scanned: 3, origins: returned(3, value) });
    expect(withholders([full(0.95)], [entry()], asked).size).toBe(0);
    expect(withholders([full(0.85)], [entry()], asked).size).toBe(1);
    const roomy = answer({ scanned: 2, origins: returned(2, 0.95) });
    expect(withholders([roomy], [entry()], asked).size).toBe(1);
  });

  it("P-78: not a node that may have come to others: it compared as many as it must", () => {
    const busy = answer({ scanned: plan.candidates, origins: returned(2, 0.95) });
    expect(withholders([busy], [entry()], asked).size).toBe(0);
    const idle = { ...busy, scanned: plan.candidates - 1 };
    expect(withholders([idle], [entry()], asked).size).toBe(1);
  });

  it("P-78: never a node that holds what it should and looks as it must", () => {
    const random = seededRandom(78);
    for (let round = 0; round < 200; round++) {
      const rows = Array.from({ length: 1 + Math.floor(random() * 40) }, () => ({
        signature: Uint8Array.from({ length: 16 }, () => 1 + Math.floor(2 * random() ** 2)),
        origin: Math.floor(random() * origins.length),
        trees: [0, 1, 2, 3],
      }));
      const index = new TreeIndex(plan);
      index.insert(rows);
      const trees = [0, 1, 2, 3].filter(() => random() < 0.5);
      const honest = index.lookup(query, trees, { limit: 3, rowsPerOrigin: 1, isLive: () => true });
      const honestOrigins = honest.origins.map(
        ({ origin: number, rows: [best] }) =>
          [origins[number] ?? peer, best?.estimate ?? 0] as const,
      );
      const proven = rows.map((row) => ({
        node: origins[row.origin] ?? peer,
        estimate: estimate(plan, query, row.signature),
        signature: row.signature,
      }));
      const said = answer({
        trees,
        scanned: honest.scanned,
        origins: new Map(honestOrigins),
      });
      expect(withholders([said], proven, asked)).toEqual(new Set());
    }
  });
});
