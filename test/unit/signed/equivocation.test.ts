import { describe, expect, it } from "vitest";
import {
  equivocationSchema,
  findEquivocation,
  verifyEquivocation,
} from "../../../protocol/signed/equivocation.ts";
import { alice, bob, descriptorOf, mesh, otherMesh } from "../support/identities.ts";
import { fc } from "../support/property.ts";
import { seededRandom, shuffled } from "../support/random.ts";

const one = await descriptorOf(alice, { name: "one" });
const other = await descriptorOf(alice, { name: "other" });
const later = await descriptorOf(alice, { seq: 9 });
const proof = findEquivocation([one, other]) ?? { first: one, second: one };

describe("equivocations", () => {
  it("P-58: two different descriptors of one key and seq prove it to anyone", async () => {
    const parsed = equivocationSchema.parse(JSON.parse(JSON.stringify(proof)));
    expect(parsed).toEqual(proof);
    expect(await verifyEquivocation(mesh, parsed)).toBe(true);
    expect(await verifyEquivocation(otherMesh, parsed)).toBe(false);
  });

  it("P-58: another seq, another key, or the same twice is none", async () => {
    expect(findEquivocation([one, later])).toBeUndefined();
    expect(findEquivocation([one, await descriptorOf(bob, { name: "other" })])).toBeUndefined();
    expect(findEquivocation([one, one])).toBeUndefined();
    for (const [first, second] of [
      [proof.second, proof.first],
      [one, later],
      [one, one],
    ]) {
      expect(equivocationSchema.safeParse({ first, second }).success).toBe(false);
    }
  });

  it("P-58: of several the same is found, in whatever order they are seen", async () => {
    const third = await descriptorOf(alice, { name: "a third" });
    const laterToo = await descriptorOf(alice, { seq: 9, name: "other" });
    const all = [one, other, third, later, laterToo];
    const found = findEquivocation(all);
    expect(found?.first.descriptor.seq).toBe(one.descriptor.seq);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(findEquivocation(shuffled(all, seededRandom(seed)))).toEqual(found);
      }),
    );
  });
});
