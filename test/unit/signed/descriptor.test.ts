import { describe, expect, it } from "vitest";
import {
  descriptorSchema,
  encodeDescriptor,
  LEASE_MS,
  nodeOf,
  verifyDescriptor,
  type DescriptorStatement,
} from "../../../protocol/signed/descriptor.ts";
import { signStatement } from "../../../protocol/signed/statement.ts";
import {
  alice,
  bob,
  descriptorOf,
  domainIdFrom,
  mesh,
  NOW,
  otherMesh,
  statementOf,
} from "../support/identities.ts";

const descriptor = await descriptorOf(alice);

const text = (value: string): Buffer => {
  const raw = Buffer.from(value);
  return Buffer.concat([Buffer.from([raw.length >> 8, raw.length & 255]), raw]);
};

const u64 = (value: number): Buffer => {
  const raw = Buffer.alloc(8);
  raw.writeBigUInt64BE(BigInt(value));
  return raw;
};

describe("descriptors", () => {
  it("P-40: have the documented layout, byte for byte", () => {
    const statement = statementOf(alice);
    const bytes = Buffer.concat([
      Buffer.from([1]),
      Buffer.from(alice.publicKey, "base64url"),
      text("A hospital"),
      text("https://mesh.example"),
      text("https://origin.example/outcomes"),
      Buffer.from([0, 2]),
      ...statement.domains.map((domain) => Buffer.from(domain, "base64url")),
      Buffer.from([0, 2, 0, 0, 0, 3]),
      u64(4),
      u64(statement.issuedAt),
      u64(statement.expiresAt),
    ]);
    expect(Buffer.compare(encodeDescriptor(statement), bytes)).toBe(0);
  });

  it("P-40: parse(JSON.stringify(x)) = x, and verifies", async () => {
    const parsed = descriptorSchema.parse(JSON.parse(JSON.stringify(descriptor)));
    expect(parsed).toEqual(descriptor);
    expect(await verifyDescriptor(mesh, parsed)).toBe(true);
    expect(nodeOf(parsed)).toBe(alice.node);
  });

  it("P-40: a node without outcomes has no origin URL", async () => {
    const { originUrl: _, ...statement } = statementOf(alice);
    const signature = await signStatement(alice, "descriptor", mesh, encodeDescriptor(statement));
    const parsed = descriptorSchema.parse(
      JSON.parse(JSON.stringify({ descriptor: statement, signature })),
    );
    expect(await verifyDescriptor(mesh, parsed)).toBe(true);
    expect(await verifyDescriptor(mesh, { ...descriptor, signature })).toBe(false);
  });

  it.each<[string, Partial<DescriptorStatement>]>([
    ["key", { key: bob.publicKey }],
    ["name", { name: "A hospitaI" }],
    ["meshUrl", { meshUrl: "https://mesh.example.org" }],
    ["originUrl", { originUrl: "https://origin.example" }],
    ["domains", { domains: [] }],
    ["domains", { domains: statementOf(alice).domains.toReversed() }],
    ["capacity", { capacity: 3 }],
    ["epoch", { epoch: 4 }],
    ["seq", { seq: 5 }],
    ["issuedAt", { issuedAt: NOW }],
    ["expiresAt", { expiresAt: NOW + 1_000_001 }],
  ])("P-40: the signed field %s, changed alone, breaks verification", async (_, change) => {
    const changed = { ...descriptor, descriptor: { ...descriptor.descriptor, ...change } };
    expect(await verifyDescriptor(mesh, changed)).toBe(false);
  });

  it("P-40: text moved from one field to the next breaks verification", async () => {
    const { name, meshUrl } = descriptor.descriptor;
    const changed = {
      ...descriptor.descriptor,
      name: name + meshUrl[0],
      meshUrl: meshUrl.slice(1),
    };
    expect(await verifyDescriptor(mesh, { ...descriptor, descriptor: changed })).toBe(false);
  });

  it("P-36: do not verify for another mesh, nor as another kind", async () => {
    expect(await verifyDescriptor(otherMesh, descriptor)).toBe(false);
    const body = encodeDescriptor(descriptor.descriptor);
    for (const kind of ["entry", "tombstone", "charter", "answer", "delegation"] as const) {
      const signature = await signStatement(alice, kind, mesh, body);
      expect(await verifyDescriptor(mesh, { ...descriptor, signature })).toBe(false);
    }
  });

  const id = domainIdFrom("domain");
  it.each<[string, object, boolean]>([
    ["a lease of 24 hours", { issuedAt: NOW, expiresAt: NOW + LEASE_MS }, true],
    ["a longer lease", { issuedAt: NOW, expiresAt: NOW + LEASE_MS + 1 }, false],
    ["no lease", { issuedAt: NOW, expiresAt: NOW }, false],
    ["half a millisecond", { issuedAt: NOW + 0.5 }, false],
    ["256 domains", { domains: Array(256).fill(id) }, true],
    ["257 domains", { domains: Array(257).fill(id) }, false],
    ["a capacity of 1", { capacity: 1 }, true],
    ["a capacity of 1,000", { capacity: 1000 }, true],
    ["a capacity of 0", { capacity: 0 }, true],
    ["a capacity below 0", { capacity: -1 }, false],
    ["a lease that ends as it begins", { issuedAt: NOW, expiresAt: NOW + 1 }, true],
    ["a capacity of 1,001", { capacity: 1001 }, false],
    ["the last epoch", { epoch: 0xffffffff }, true],
    ["an epoch beyond", { epoch: 2 ** 32 }, false],
    ["a seq of 2^53", { seq: 2 ** 53 }, false],
    ["a negative seq", { seq: -1 }, false],
    ["a name of 100 characters", { name: "x".repeat(100) }, true],
    ["a name of 101 characters", { name: "x".repeat(101) }, false],
    ["no name", { name: "" }, false],
    ["another version", { version: 2 }, false],
    ["an insecure URL", { meshUrl: "http://mesh.example" }, false],
    ["an unknown member", { colour: "red" }, false],
  ])("P-40: %s is accepted: see the table", (_, change, isAccepted) => {
    const changed = { ...descriptor, descriptor: { ...descriptor.descriptor, ...change } };
    expect(descriptorSchema.safeParse(changed).success).toBe(isAccepted);
  });

  it.each(["", "A", `${descriptor.signature}A`, descriptor.signature.slice(1), "=".repeat(86)])(
    "P-36: the signature %j is not 64 bytes as base64url",
    (signature) => {
      expect(descriptorSchema.safeParse({ ...descriptor, signature }).success).toBe(false);
    },
  );
});
