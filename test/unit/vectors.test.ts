import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeVectors } from "../vectors/make-vectors.ts";
import { toText } from "../vectors/vector-text.ts";

const FOLDER = join(import.meta.dirname, "../vectors");
const made = await makeVectors();
const pinned = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

/** The rules that each file pins, in docs/protocol.md. */
const RULES: Record<string, string> = {
  "primitives.json": "P-05 to P-09",
  "ontology.json": "P-21 to P-23",
  "families.json": "P-14 to P-20",
  "signature.json": "P-04, P-25 to P-31",
  "keyed.json": "P-31, P-32, P-140 to P-144",
  "placement.json": "P-34",
  "statements.json": "P-36 to P-44",
  "http-signature.json": "P-47, P-49",
  "sealed.json": "P-120 to P-124",
};

describe("the pinned vectors", () => {
  it("every file is recomputed, and every recomputed file is pinned", () => {
    expect(pinned.toSorted()).toEqual(Object.keys(made).toSorted());
    expect(Object.keys(RULES).toSorted()).toEqual(pinned.toSorted());
  });

  it.each(pinned)("%s equals what the protocol computes today", (name) => {
    const text = readFileSync(join(FOLDER, name), "utf8").replaceAll("\r\n", "\n");
    const now: unknown = JSON.parse(toText(made[name]));
    expect(JSON.parse(text), `${name} pins ${RULES[name] ?? ""}`).toEqual(now);
    expect(text).toBe(toText(made[name]));
  });

  it("every file is small enough to read", () => {
    for (const name of pinned) expect(readFileSync(join(FOLDER, name)).length).toBeLessThan(16_384);
  });
});
