import * as fc from "fast-check";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CohortIndex } from "../../../origin/answering/index.ts";
import { openStore, type Store } from "../../../origin/index.ts";
import {
  domainPolicies,
  formCohorts,
  policySchema,
  publicationOf,
  type DomainPolicy,
} from "../../../origin/policy/index.ts";
import { prepareRecord } from "../../../origin/prepare-record.ts";
import { encodeKnown, type OutcomeRecord } from "../../../protocol/index.ts";
import { temporaryDirectory, ward, wardRecord } from "../../support/origin-domain.ts";

const SIZE = 5;

function policyOf(settings: object = {}): DomainPolicy {
  const parsed = policySchema.parse({ minimumGroupSize: SIZE, ...settings });
  const policy = domainPolicies(parsed, [ward]).policies.get(ward.id);
  if (!policy) throw new Error("no policy");
  return policy;
}

const recordArbitrary = fc.record({
  age: fc.integer({ min: 0, max: 100 }),
  sex: fc.constantFrom("female", "male"),
  treatment: fc.constantFrom("rest", "rest", "walk", "rare"),
  recovered: fc.boolean(),
  group: fc.option(fc.constantFrom("p", "q", "r"), { nil: undefined }),
});

test("P-101: cohorts are disjoint, and no cell is of fewer individuals than policy demands", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(recordArbitrary, { maxLength: 80 }),
      fc.integer({ min: 2, max: 12 }),
      async (raw, size) => {
        const free = raw.map(({ age, sex, treatment, recovered, group }, number) => ({
          number,
          seq: 1,
          reference: `r${String(number).padStart(3, "0")}`,
          group,
          profile: { age, sex },
          intervention: { treatment },
          result: { recovered },
        }));
        const cohorts = await formCohorts(ward, free, {
          policy: policyOf({ minimumGroupSize: size }),
          countOf: { intervention: () => 0, result: () => 0 },
          known: new Set(),
          pause: async () => undefined,
        });
        const seen = new Set<number>();
        for (const { members, cell } of cohorts) {
          const records = members.map(({ number }) => free[number]);
          const individuals = new Set(records.map((r) => r?.group ?? r?.reference));
          expect(cell.individuals).toBe(individuals.size);
          expect(cell.individuals).toBeGreaterThanOrEqual(size);
          expect(cell.individuals).toBeLessThan(2 * size);
          for (const { number } of members) {
            expect(seen.has(number)).toBe(false);
            seen.add(number);
          }
          const [treatment] = new Set(records.map((r) => r?.intervention.treatment));
          expect(cell.intervention).toEqual({ treatment });
          const shares = cell.result?.kind === "shares" ? cell.result.shares : [];
          for (const { share } of shares) expect((share * 4) % 1).toBe(0);
        }
      },
    ),
    { numRuns: 60 },
  );
});

async function openWard(policy = policyOf()): Promise<Store> {
  const path = join(await temporaryDirectory(), "origin.sqlite");
  return openStore(path, [ward], { publications: new Map([[ward.id, publicationOf(policy)]]) });
}

function put(store: Store, ...records: OutcomeRecord[]): void {
  const prepared = records.map((record) => {
    const result = prepareRecord(ward, record);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value;
  });
  store.put(ward.id, prepared);
}

const patient = (i: number, changes: Partial<OutcomeRecord> = {}): OutcomeRecord =>
  wardRecord(`p${i}`, {
    profile: { age: 20 + 5 * (i % 10), sex: i % 3 === 0 ? "male" : "female", drugs: [`d${i % 4}`] },
    ...changes,
  });
const patients = (count: number): OutcomeRecord[] =>
  Array.from({ length: count }, (_, i) => patient(i));
const asked = encodeKnown(ward, { age: 25, sex: "male" });

async function cells(store: Store, policy = policyOf(), k = 200) {
  const index = new CohortIndex(store, ward, policy);
  await index.refresh();
  return index.nearest(asked, k);
}

/** Counts of what the mesh is told, ascending. */
const told = (store: Store): number[] =>
  store
    .announcements(ward.id)
    .map(({ count }) => count)
    .toSorted((a, b) => a - b);

describe("a cohort", () => {
  test("is formed of as many as policy demands, and not of one fewer", async () => {
    const store = await openWard();
    put(store, ...patients(SIZE - 1));
    expect(await cells(store)).toEqual([]);
    put(store, patient(SIZE));
    expect(await cells(store)).toMatchObject([{ individuals: SIZE, records: SIZE }]);
  });

  test("counts an individual once, however many records it has", async () => {
    const store = await openWard();
    put(store, ...patients(SIZE).map((record) => ({ ...record, group: "one patient" })));
    expect(await cells(store)).toEqual([]);
  });

  test("stays as it is, over a restart and whatever is deposited beside it", async () => {
    const store = await openWard();
    put(store, ...patients(2 * SIZE));
    const before = await cells(store);
    put(store, patient(99));
    expect(await cells(store)).toEqual(before);
  });

  test("whatever k is, is told as a whole", async () => {
    const store = await openWard();
    put(store, ...patients(4 * SIZE));
    const all = await cells(store);
    for (let k = 1; k < 4 * SIZE; k++) {
      const some = await cells(store, policyOf(), k);
      expect(some).toEqual(all.slice(0, some.length));
    }
  });

  test("is told no more once one of its records is deleted or corrected, nor known to the mesh", async () => {
    for (const change of [
      (store: Store) => store.remove(ward.id, "p0"),
      (store: Store) => put(store, patient(0, { result: { recovered: false } })),
    ]) {
      const store = await openWard();
      put(store, ...patients(SIZE));
      expect(await cells(store)).toHaveLength(1);
      expect(told(store)).toEqual([SIZE]);
      change(store);
      expect(told(store)).toEqual([]);
      const left = store.countFree(ward.id);
      expect(store.cohorts(ward.id)).toEqual([]);
      expect((await cells(store)).length).toBe(left === SIZE ? 1 : 0);
    }
  });

  test("is not stored where a member changed while it was formed", async () => {
    const store = await openWard();
    put(store, ...patients(SIZE));
    const formed = await formCohorts(ward, store.freeRecords(ward.id), {
      policy: policyOf(),
      countOf: { intervention: () => 0, result: () => 0 },
      known: new Set(),
      pause: async () => undefined,
    });
    store.remove(ward.id, "p1");
    expect(store.addCohorts(ward.id, formed)).toBe(0);
    expect(store.cohorts(ward.id)).toEqual([]);
  });
});

describe("P-102: the mesh is told", () => {
  test("of cohorts and their sizes, and of no record's own signature", async () => {
    const store = await openWard();
    put(store, ...patients(4 * SIZE));
    expect(told(store)).toEqual([]);
    await cells(store);
    const counts = told(store);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4 * SIZE);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(SIZE);
  });

  test("of nothing where a domain is not published, and of all again when it is", async () => {
    const path = join(await temporaryDirectory(), "origin.sqlite");
    const open = (settings: object) =>
      openStore(path, [ward], {
        publications: new Map([
          [ward.id, publicationOf(policyOf({ minimumGroupSize: 1, ...settings }))],
        ]),
      });
    const first = open({ publish: false });
    const ages = [20, 25, 29].map((age, i) => patient(i, { profile: { age } }));
    put(first, ...ages);
    expect(told(first)).toEqual([]);
    first.close();
    const second = open({});
    expect(told(second)).toEqual([1, 1, 1]);
    second.close();
    // Ages 20, 25 and 29 on a grid of 20 years are one.
    const third = open({ publishedCoarseness: 1 });
    expect(told(third)).toEqual([3]);
    third.close();
    const fourth = open({ publishedCoarseness: 1, minimumCount: 4 });
    expect(told(fourth)).toEqual([]);
    fourth.close();
    expect(told(open({}))).toEqual([1, 1, 1]);
  });

  test("of as many decoys as policy wants, the same ones always, and of none when it wants none", async () => {
    const path = join(await temporaryDirectory(), "origin.sqlite");
    const open = (decoys: number) =>
      openStore(path, [ward], {
        publications: new Map([[ward.id, publicationOf(policyOf({ decoys }))]]),
      });
    const first = open(3);
    put(first, ...patients(12 * SIZE));
    const answer = await cells(first);
    const decoys = first.announcements(ward.id).filter(({ records }) => records === 0);
    expect(decoys).toHaveLength(3);
    for (const { count } of decoys) expect(count).toBeGreaterThanOrEqual(SIZE);
    first.close();
    const second = open(3);
    expect(second.announcements(ward.id).filter(({ records }) => records === 0)).toEqual(decoys);
    second.close();
    const none = open(0);
    expect(none.announcements(ward.id).every(({ records }) => records > 0)).toBe(true);
    // Decoys answer nothing.
    expect(await cells(none)).toEqual(answer);
  });
});
