import { expect, test } from "vitest";
import { queriesFor } from "../../../../bench/federated/bytes.ts";
import { formatBytes } from "../../../../bench/suite/units.ts";
import { disturb } from "../../../../bench/federated/terms.ts";
import { TASKS, trainingBytes } from "../../../../bench/federated/training-bytes.ts";
import { measureWire } from "../../../../bench/federated/wire.ts";
import { seededRandom } from "../../../../examples/random.ts";
import { decodeOntology, encodeOntology } from "../../../../protocol/index.ts";
import { makeHeartRows } from "../../../support/heart-rows.ts";

test("FLamby's heart disease is 14 numbers of 4 bytes, both ways, for 4 clients and 15 rounds", () => {
  const [heart] = TASKS;
  expect(heart && trainingBytes(heart)).toMatchObject({
    plain: 6720,
    eightBit: 1680,
    oneShot: 448,
  });
});

test("the mesh meets a training after the queries that its standing bytes leave", () => {
  const mesh = {
    organisations: 2,
    publication: 1000,
    gossipPerNodeMinute: 1,
    query: { bytes: 10, lookupRequests: 1, originRequests: 1, bytesPerOrigin: 1 },
  };
  // A day's gossip of two nodes is 2,880 bytes.
  expect(queriesFor(3880 + 100, mesh, 1)).toBe(10);
  expect(queriesFor(3880 + 99, mesh, 1)).toBe(9);
  expect(queriesFor(3880, mesh, 1)).toBe(0);
  expect(queriesFor(100, mesh, 1)).toBe(0);
});

test("bytes are written in decimal units", () => {
  expect([0, 7, 6720, 1.736e9, 56e12].map((bytes) => formatBytes(bytes))).toEqual([
    "0 B",
    "7 B",
    "6.72 kB",
    "1.74 GB",
    "56 TB",
  ]);
});

test("more organisations and more answers cost more bytes, measured on real messages", async () => {
  const { compiled, train, test: rows, raw } = await makeHeartRows(12);
  const measureAt = (organisations: number, k: number) =>
    measureWire({
      compiled,
      organisations,
      records: train,
      queries: rows.slice(0, 3).map((row, i) => ({ row, profile: raw.test[i]?.profile ?? {} })),
      k,
      random: seededRandom("wire"),
    });
  const [few, many, short] = await Promise.all([measureAt(2, 5), measureAt(6, 5), measureAt(2, 1)]);
  expect(await measureAt(6, 5)).toEqual(many);
  // With three replicas, each of two nodes holds every slot: nobody else is asked.
  expect(few.query.lookupRequests).toBe(0);
  expect(many.query.lookupRequests).toBeGreaterThan(0);
  expect(many.query.bytes).toBeGreaterThan(few.query.bytes);
  expect(few.query.bytesPerOrigin).toBeGreaterThan(short.query.bytesPerOrigin);
  // An entry of 128 symbols as base64url takes 367 characters, and goes to the other node.
  expect(few.publication).toBeGreaterThan(train.length * 367);
});

const ontology = decodeOntology(
  encodeOntology({
    terms: new Map([
      ["root", []],
      ["part", ["root"]],
      ["leaf", ["part"]],
      ["other", ["root"]],
    ]),
    aliases: new Map(),
  }),
);

test("an imprecise term is its parent, and terms below the root stay", () => {
  const asker = { phenotypes: ["leaf", "other"], sex: "MALE" };
  const all = { drop: 0, imprecise: 1 };
  expect(disturb(asker, all, ontology, seededRandom("a"))).toEqual({
    phenotypes: ["part", "other"],
    sex: "MALE",
  });
});

test("however many terms are dropped, one is left", () => {
  const asker = { phenotypes: ["leaf", "other"] };
  const { phenotypes } = disturb(asker, { drop: 1, imprecise: 0 }, ontology, seededRandom("a"));
  expect(phenotypes).toHaveLength(1);
});
