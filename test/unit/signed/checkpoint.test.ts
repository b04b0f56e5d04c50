import { describe, expect, it } from "vitest";
import {
  encodeCheckpoint,
  signCheckpoint,
  signedCheckpointSchema,
  verifyCheckpoint,
} from "../../../protocol/signed/checkpoint.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { publicKeySchema } from "../../../protocol/ids.ts";
import { signStatement } from "../../../protocol/signed/statement.ts";
import { alice, bob, mesh, NOW, otherMesh } from "../support/identities.ts";
import { bytesFrom } from "../support/random.ts";

const head = { size: 7, root: bytesFrom("root"), signedAt: NOW };
const good = await signCheckpoint(alice, mesh, head);

describe("P-112: a checkpoint", () => {
  it("verifies by itself, and is what its schema says", async () => {
    expect(await verifyCheckpoint(good)).toBe(true);
    expect(signedCheckpointSchema.parse(good)).toEqual(good);
  });

  it.each([
    ["mesh", { mesh: otherMesh }],
    ["key", { key: bob.publicKey }],
    ["size", { size: 8 }],
    ["root", { root: toBase64Url(bytesFrom("another")) }],
    ["time", { signedAt: NOW + 1 }],
  ])("breaks where its %s is changed", async (_, change) => {
    const checkpoint = { ...good.checkpoint, ...change };
    expect(await verifyCheckpoint({ ...good, checkpoint })).toBe(false);
  });

  it("is not any other statement over the same bytes", async () => {
    const body = encodeCheckpoint(good.checkpoint);
    const signature = await signStatement(alice, "answer", mesh, body);
    expect(await verifyCheckpoint({ ...good, signature })).toBe(false);
  });

  it("does not count by a key of small order, under which signatures can be made up", async () => {
    const key = publicKeySchema.parse(toBase64Url(Uint8Array.of(1, ...new Uint8Array(31))));
    const forged = { checkpoint: { ...good.checkpoint, key }, signature: good.signature };
    expect(await verifyCheckpoint(forged)).toBe(false);
  });
});
