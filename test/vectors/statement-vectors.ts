/** Vectors of everything that is signed: each statement's body, the whole message, and the signature. */
import { toBase64Url, utf8Bytes } from "../../protocol/bytes.ts";
import { signRequest } from "../../protocol/http/message-signature.ts";
import { signResponse } from "../../protocol/http/response-signature.ts";
import { domainIdSchema } from "../../protocol/ids.ts";
import { canonicalBytes } from "../../protocol/domain/schema.ts";
import { signAnswer, type Answer } from "../../protocol/signed/answer.ts";
import { bucketOf } from "../../protocol/membership/state.ts";
import { statementHash, subjectOf, type Statement } from "../../protocol/membership/statements.ts";
import { findEquivocation } from "../../protocol/signed/equivocation.ts";
import { encodeVote, signVote } from "../../protocol/signed/vote.ts";
import { encodeCharter, meshIdOf, signCharter, type CharterStatement } from "../../protocol/signed/charter.ts";
import { signDelegation } from "../../protocol/signed/delegation.ts";
import {
  encodeDescriptor,
  signDescriptor,
  type DescriptorStatement,
} from "../../protocol/signed/descriptor.ts";
import { openIdentity, secretKeyFrom, type Identity } from "../../protocol/signed/ed25519.ts";
import { encodeEntry, entryKeyOf, signEntry, type Entry } from "../../protocol/signed/entry.ts";
import { signedBytes } from "../../protocol/signed/statement.ts";
import { hex, seedOf } from "./encoding.ts";

/** 2026-01-02T03:04:05Z. */
const NOW = 1_767_323_045_000;

interface Party {
  readonly secret: string;
  readonly identity: Identity;
}

async function partyOf(name: string): Promise<Party> {
  const secret = secretKeyFrom(seedOf(`party ${name}`));
  return { secret, identity: await openIdentity(secret) };
}

async function parties() {
  const [alice, bob, client] = await Promise.all(["alice", "bob", "client"].map(partyOf));
  if (!alice || !bob || !client) throw new Error("no parties");
  const charter: CharterStatement = {
    version: 1,
    name: "Vectors – é",
    founders: [alice.identity.publicKey, bob.identity.publicKey],
    admission: { rule: "founders", threshold: 2 },
    replicas: 2,
    slots: 65_536,
  };
  return { alice, bob, client, charter, mesh: meshIdOf(charter) };
}

function describeParty({ secret, identity }: Party) {
  return { secret, publicKey: identity.publicKey, node: identity.node };
}

export async function statementVectors() {
  const { alice, bob, client, charter, mesh } = await parties();
  const domain = domainIdSchema.parse(toBase64Url(seedOf("domain")));
  const { identity } = alice;

  const entry: Entry = {
    node: identity.node,
    domain,
    epoch: 1,
    seq: 2 ** 33 + 5,
    count: 3,
    signature: seedOf("symbols").subarray(0, 16),
  };
  const tombstone: Entry = { ...entry, seq: entry.seq + 1, count: 0 };
  const descriptor: DescriptorStatement = {
    version: 1,
    key: identity.publicKey,
    name: "Hôpital",
    meshUrl: "https://mesh.alice.example",
    originUrl: "https://origin.alice.example/outcomes",
    domains: [domain],
    capacity: 4,
    epoch: 1,
    seq: 7,
    issuedAt: NOW,
    expiresAt: NOW + 86_400_000,
  };
  const answer: Answer = {
    version: 1,
    node: identity.node,
    domain,
    query: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
    answeredAt: NOW,
    results: [
      {
        reference: "r1",
        score: 0.75,
        features: { age: 0.5 },
        intervention: { treatment: "é" },
        result: { survived: true },
      },
    ],
    warnings: [],
  };
  const signEntryVector = async (value: Entry) => ({
    ...value,
    signature: hex(value.signature),
    body: hex(encodeEntry(value)),
    signed: hex(signedBytes(value.count === 0 ? "tombstone" : "entry", mesh, encodeEntry(value))),
    bytes: toBase64Url(await signEntry(identity, mesh, value)),
    key: hex(entryKeyOf(value.node, value.domain, value.signature)),
  });
  const vote = await signVote(identity, mesh, bob.identity.publicKey, "admit", NOW);
  const described = await signDescriptor(identity, mesh, descriptor);
  const contrary = await signDescriptor(identity, mesh, { ...descriptor, capacity: 5 });
  const equivocation = findEquivocation([described, contrary]);
  if (!equivocation) throw new Error("these two are a contradiction");
  const statements: Statement[] = [
    { type: "descriptor", descriptor: described },
    { type: "vote", vote },
    { type: "equivocation", equivocation },
  ];
  return {
    parties: { alice: describeParty(alice), bob: describeParty(bob), client: describeParty(client) },
    mesh,
    charter: {
      body: hex(encodeCharter(charter)),
      signed: hex(signedBytes("charter", mesh, encodeCharter(charter))),
      json: await signCharter(charter, [alice.identity, bob.identity]),
    },
    descriptor: {
      body: hex(encodeDescriptor(descriptor)),
      json: described,
    },
    vote: { body: hex(encodeVote(vote)), json: vote },
    statements: statements.map((json) => ({
      json,
      hash: statementHash(json),
      bucket: bucketOf(subjectOf(json)),
    })),
    entry: await signEntryVector(entry),
    tombstone: await signEntryVector(tombstone),
    delegation: await signDelegation(identity, mesh, client.identity.publicKey, NOW + 300_000),
    answer: {
      canonical: new TextDecoder().decode(canonicalBytes(answer)),
      json: await signAnswer(identity, mesh, answer),
    },
  };
}

export async function httpSignatureVectors() {
  const { alice, bob, client, mesh } = await parties();
  const body = '{"domain":"x"}';
  const request = {
    method: "POST",
    url: "https://mesh.bob.example/v1/peer/lookup?x=1",
    body: utf8Bytes(body),
  };
  const nonce = seedOf("nonce").subarray(0, 16);
  const context = { mesh, to: bob.identity.node, now: NOW, nonce, timeoutMs: 5000 };
  const delegation = await signDelegation(alice.identity, mesh, client.identity.publicKey, NOW + 300_000);
  const byMember = await signRequest(request, { ...context, identity: alice.identity });
  const answer = '{"origins":[]}';
  return {
    parties: "statements.json",
    mesh,
    method: request.method,
    url: request.url,
    body,
    now: NOW,
    nonce: toBase64Url(nonce),
    to: bob.identity.node,
    timeoutMs: context.timeoutMs,
    byMember,
    byDelegate: await signRequest(request, { ...context, identity: client.identity, delegation }),
    answer: {
      status: 200,
      body: answer,
      headers: await signResponse(
        { ...request, headers: new Headers(byMember) },
        { status: 200, body: utf8Bytes(answer) },
        { identity: bob.identity, mesh, now: NOW },
      ),
    },
  };
}
