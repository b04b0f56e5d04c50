/** Vectors of sealing: a key, a query and its answer, and the descriptor that carries the key. */
import { toBase64Url, utf8Bytes } from "../../protocol/bytes.ts";
import { meshIdSchema, nodeIdSchema } from "../../protocol/ids.ts";
import { openQuery, openSealingKey, sealQuery } from "../../protocol/sealed/index.ts";
import { encodeDescriptor, signDescriptor } from "../../protocol/signed/descriptor.ts";
import { openIdentity, secretKeyFrom } from "../../protocol/signed/ed25519.ts";
import { hex, must, seedOf } from "./encoding.ts";

/** 2026-01-02T03:04:05Z. */
const NOW = 1_767_323_045_000;

export async function sealedVectors() {
  const secret = secretKeyFrom(seedOf("sealing key"));
  const key = await openSealingKey(secret);
  const context = {
    mesh: meshIdSchema.parse(toBase64Url(seedOf("mesh"))),
    from: nodeIdSchema.parse(toBase64Url(seedOf("asker"))),
    to: nodeIdSchema.parse(toBase64Url(seedOf("origin"))),
    method: "POST",
    path: "/v1/outcomes/query",
  };
  const query = '{"domain":"é"}';
  const random = seedOf("ephemeral");
  const { message } = await sealQuery(utf8Bytes(query), key.publicKey, context, random);
  const opened = must(await openQuery(message, [key], context));
  const nonce = seedOf("answer nonce").subarray(0, 16);
  const answer = { status: 422, body: '{"title":"no"}' };
  const content = { status: answer.status, body: utf8Bytes(answer.body) };
  const identity = await openIdentity(secretKeyFrom(seedOf("party alice")));
  const descriptor = {
    version: 1 as const,
    key: identity.publicKey,
    name: "Sealed",
    meshUrl: "https://mesh.alice.example",
    domains: [],
    capacity: 1,
    epoch: 0,
    seq: 1,
    issuedAt: NOW,
    expiresAt: NOW + 86_400_000,
    sealingKey: key.publicKey,
  };
  return {
    key: { secret, publicKey: key.publicKey, id: hex(key.id) },
    context,
    query: { body: query, random: hex(random), message: toBase64Url(message) },
    answer: {
      ...answer,
      nonce: hex(nonce),
      message: toBase64Url(await opened.answer.seal(content, nonce)),
    },
    descriptor: {
      body: hex(encodeDescriptor(descriptor)),
      json: await signDescriptor(identity, context.mesh, descriptor),
    },
  };
}
