import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicKeySchema } from "../../../protocol/ids.ts";
import {
  charterSchema,
  encodeCharter,
  meshIdOf,
  signCharter,
  verifyCharter,
  type CharterStatement,
} from "../../../protocol/signed/charter.ts";
import { alice, bob, carol, charter, founders, mallory, mesh } from "../support/identities.ts";

const signed = await signCharter(charter, founders);

describe("charters", () => {
  it("P-42: have the documented layout, and the mesh id is its hash under a prefix", () => {
    const bytes = Buffer.concat([
      Buffer.from([1, 0, 9]),
      Buffer.from("Test mesh"),
      Buffer.from([0, 3]),
      ...founders.map((founder) => Buffer.from(founder.publicKey, "base64url")),
      Buffer.from([0, 8]),
      Buffer.from("founders"),
      Buffer.from([0, 2]),
      Buffer.from([2]),
      Buffer.from([0, 1, 0, 0]),
    ]);
    expect(Buffer.compare(encodeCharter(charter), bytes)).toBe(0);
    const digest = createHash("sha256").update("outcome-mesh/mesh-id/v1\0").update(bytes).digest();
    expect(mesh).toBe(digest.toString("base64url"));
  });

  it("P-42: parse(JSON.stringify(x)) = x, and verifies", async () => {
    const parsed = charterSchema.parse(JSON.parse(JSON.stringify(signed)));
    expect(parsed).toEqual(signed);
    expect(await verifyCharter(parsed)).toBe(true);
  });

  const changes: [string, Partial<CharterStatement>][] = [
    ["name", { name: "Test mess" }],
    ["founders", { founders: [alice.publicKey, bob.publicKey, mallory.publicKey] }],
    ["founders", { founders: [bob.publicKey, alice.publicKey, carol.publicKey] }],
    ["replicas", { replicas: 3 }],
    ["threshold", { admission: { rule: "founders", threshold: 1 } }],
    ["rule", { admission: { rule: "members", threshold: 2 } }],
    ["rule", { admission: { rule: "open" } }],
  ];
  it.each(changes)(
    "P-42: the signed field %s, changed alone, breaks verification and gives another mesh",
    async (_, change) => {
      const changed = { ...charter, ...change };
      expect(meshIdOf(changed)).not.toBe(mesh);
      expect(await verifyCharter({ ...signed, charter: changed })).toBe(false);
    },
  );

  it("P-42: needs the signature of every founder, in their order, and no other", async () => {
    const [a = "", b = "", c = ""] = signed.signatures;
    const [stranger = ""] = (await signCharter(charter, [mallory])).signatures;
    for (const signatures of [[a, b], [a, b, c, c], [b, a, c], [a, a, a], [a, b, stranger], []]) {
      expect(await verifyCharter({ charter, signatures })).toBe(false);
    }
  });

  it("P-37: a founder whose key is not sound is refused, though its signature is taken by some verifiers", async () => {
    // Of small order: speccheck case 0, whose signature some verifiers accept for any message.
    const weak = publicKeySchema.parse(
      Buffer.from(
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "hex",
      ).toString("base64url"),
    );
    const weakSignature = Buffer.concat([
      Buffer.from("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "hex"),
      Buffer.alloc(32),
    ]).toString("base64url");
    for (let i = 0; i < 30; i++) {
      const statement = { ...charter, name: `Mesh ${i}`, founders: [weak] };
      expect(await verifyCharter({ charter: statement, signatures: [weakSignature] })).toBe(false);
    }
  });

  it("P-42: a founder who takes out another, and signs for all that is left, founds another mesh", async () => {
    const smaller = { ...charter, founders: [alice.publicKey] };
    const resigned = await signCharter(smaller, [alice]);
    expect(await verifyCharter(resigned)).toBe(true);
    expect(meshIdOf(resigned.charter)).not.toBe(mesh);
  });

  it.each<[string, object, boolean]>([
    ["16 replicas", { replicas: 16 }, true],
    ["17 replicas", { replicas: 17 }, false],
    ["no replica", { replicas: 0 }, false],
    ["no founders", { founders: [] }, false],
    ["a founder twice", { founders: [alice.publicKey, alice.publicKey] }, false],
    ["an unknown rule", { admission: { rule: "anyone" } }, false],
    ["rule open", { admission: { rule: "open" } }, true],
    ["rule open with a threshold", { admission: { rule: "open", threshold: 1 } }, false],
    ["all founders as threshold", { admission: { rule: "founders", threshold: 3 } }, true],
    ["more than all founders", { admission: { rule: "founders", threshold: 4 } }, false],
    ["more than all founders", { admission: { rule: "members", threshold: 4 } }, false],
    ["no threshold", { admission: { rule: "members" } }, false],
    ["a threshold of 0", { admission: { rule: "members", threshold: 0 } }, false],
    ["another number of slots", { slots: 32_768 }, false],
    ["another version", { version: 2 }, false],
    ["no name", { name: "" }, false],
    ["an unknown member", { colour: "red" }, false],
  ])("P-42: %s is accepted: see the table", (_, change, isAccepted) => {
    const changed = { ...signed, charter: { ...charter, ...change } };
    expect(charterSchema.safeParse(changed).success).toBe(isAccepted);
  });
});
