/** A mesh of two members, and a domain, for tests inside workerd. */
import { env } from "cloudflare:test";
import {
  canonicalBytes,
  compileDomain,
  domainSchema,
  encodeProfile,
  entryKeyOf,
  LEASE_MS,
  meshIdOf,
  openIdentity,
  secretKeyFrom,
  signatureOf,
  signCharter,
  signDescriptor,
  signEntry,
  toStatements,
  type CompiledDomain,
  type Descriptor,
  type Identity,
  type Members,
  type MeshId,
  type Profile,
} from "../../protocol/index.ts";
import { libraryStub, membershipStub } from "../../durable-objects/stubs.ts";
import type { StoredEntry } from "../../durable-objects/routing-shard-store.ts";

export interface MeshFixture {
  readonly mesh: MeshId;
  readonly identities: readonly [Identity, Identity];
  readonly members: Members;
  readonly domain: CompiledDomain;
}

const domain = domainSchema.parse({
  outcomeMesh: 1,
  name: "fixture",
  title: "Fixture",
  features: [
    { name: "age", kind: "numeric", weight: 1, tolerance: 20 },
    { name: "sex", kind: "category", weight: 1 },
  ],
  intervention: [{ name: "treatment", kind: "categorical" }],
  result: [{ name: "recovered", kind: "binary", better: true }],
  signature: { symbols: 64, trees: 8, rootDepth: 1, candidates: 50 },
});

export async function makeMesh(): Promise<MeshFixture> {
  const first = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(1)));
  const second = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(2)));
  const charter = await signCharter(
    {
      version: 1,
      name: "fixture",
      founders: [first.publicKey, second.publicKey],
      admission: { rule: "founders", threshold: 2 },
      replicas: 3,
      slots: 65_536,
    },
    [first, second],
  );
  const mesh = meshIdOf(charter.charter);
  const compiled = compileDomain(domain);
  if (!compiled.ok) throw new Error("the fixture's domain does not compile");
  const descriptors = [await describe(first, mesh), await describe(second, mesh)];
  return {
    mesh,
    identities: [first, second],
    members: { charter, statements: toStatements(descriptors) },
    domain: compiled.value,
  };
}

export function describe(
  identity: Identity,
  mesh: MeshId,
  changes: Partial<Descriptor["descriptor"]> = {},
): Promise<Descriptor> {
  const now = Date.now();
  return signDescriptor(identity, mesh, {
    version: 1,
    key: identity.publicKey,
    name: "a member",
    meshUrl: "https://mesh.example",
    domains: [],
    capacity: 1,
    epoch: 0,
    seq: 1,
    issuedAt: now,
    expiresAt: now + LEASE_MS,
    ...changes,
  });
}

/** Gives the node its members and its domain. */
export async function introduce({ mesh, members, domain: compiled }: MeshFixture): Promise<void> {
  await membershipStub(env).accept(mesh, members, Date.now());
  await libraryStub(env).put("domain", compiled.id, canonicalBytes(compiled.domain));
}

export function symbolsOf(fixture: MeshFixture, profile: Profile): Uint8Array {
  const encoded = encodeProfile(fixture.domain, profile);
  if (!encoded.ok) throw new Error("the fixture's profile does not encode");
  return signatureOf(fixture.domain, encoded.value.values);
}

/** A statement of `identity` about `profile`, as the Worker hands it to a shard. */
export async function statementOf(
  fixture: MeshFixture,
  identity: Identity,
  profile: Profile,
  { epoch = 0, seq = 1, count = 1 } = {},
): Promise<StoredEntry> {
  const signature = symbolsOf(fixture, profile);
  const entry = { node: identity.node, domain: fixture.domain.id, epoch, seq, count, signature };
  return {
    key: entryKeyOf(identity.node, fixture.domain.id, signature),
    epoch,
    seq,
    statement: await signEntry(identity, fixture.mesh, entry),
  };
}
