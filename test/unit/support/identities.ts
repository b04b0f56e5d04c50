/** Keys and a mesh that unit tests share; the same in every run. */
import { domainIdSchema, type DomainId } from "../../../protocol/ids.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { meshIdOf, type CharterStatement } from "../../../protocol/signed/charter.ts";
import { openIdentity, secretKeyFrom, type Identity } from "../../../protocol/signed/ed25519.ts";
import {
  signDescriptor,
  type Descriptor,
  type DescriptorStatement,
} from "../../../protocol/signed/descriptor.ts";
import { bytesFrom } from "./random.ts";

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export function identityOf(name: string): Promise<Identity> {
  return openIdentity(secretKeyFrom(bytesFrom(`key of ${name}`)));
}

export function domainIdFrom(name: string): DomainId {
  return domainIdSchema.parse(toBase64Url(bytesFrom(name)));
}

export const alice = await identityOf("alice");
export const bob = await identityOf("bob");
export const carol = await identityOf("carol");
/** No founder. */
export const mallory = await identityOf("mallory");

export const founders = [alice, bob, carol];
export const charter: CharterStatement = {
  version: 1,
  name: "Test mesh",
  founders: founders.map((identity) => identity.publicKey),
  admission: { rule: "founders", threshold: 2 },
  replicas: 2,
  slots: 65_536,
};
export const mesh = meshIdOf(charter);
export const otherMesh = meshIdOf({ ...charter, name: "Another mesh" });

export function statementOf(
  identity: Identity,
  change: Partial<DescriptorStatement> = {},
): DescriptorStatement {
  return {
    version: 1,
    key: identity.publicKey,
    name: "A hospital",
    meshUrl: "https://mesh.example",
    originUrl: "https://origin.example/outcomes",
    domains: [domainIdFrom("domain 1"), domainIdFrom("domain 2")],
    capacity: 2,
    epoch: 3,
    seq: 4,
    issuedAt: NOW - 1000,
    expiresAt: NOW + 1_000_000,
    ...change,
  };
}

export function descriptorOf(
  identity: Identity,
  change: Partial<DescriptorStatement> = {},
): Promise<Descriptor> {
  return signDescriptor(identity, mesh, statementOf(identity, change));
}
