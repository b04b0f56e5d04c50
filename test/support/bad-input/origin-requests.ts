/** Requests to an origin: by a member that asks, and by its operator. */
import { randomBytes } from "node:crypto";
import {
  encodeProfile,
  signatureOf,
  signRequest,
  slotsOf,
  type Profile,
} from "../../../protocol/index.ts";
import { compiled, profile } from "./documents.ts";
import type { Outgoing } from "./http.ts";
import type { BadInputMesh } from "./mesh.ts";

/** A profile whose slots all lie at live nodes, so that nothing of it waits in the outbox. */
export function publishable({ view, lapsed }: BadInputMesh): Profile {
  for (let i = 1; i < 2000; i++) {
    const varied = { ...profile, counts: { [`count-${i}`]: 1 }, drugs: [`drug-${i}`] };
    // Some of the features: a tree that reads a missing one has no slot.
    const chosen = Object.entries(varied).filter((_, bit) => ((i >> bit) & 1) === 1);
    const candidate = Object.fromEntries(chosen);
    const encoded = encodeProfile(compiled, candidate);
    if (!encoded.ok) continue;
    const slots = slotsOf(compiled.plan, signatureOf(compiled, encoded.value.values));
    const nodes = slots.flatMap((slot) =>
      slot === undefined ? [] : view.placement.replicasOf(slot),
    );
    if (nodes.length > 0 && !nodes.includes(lapsed.identity.node)) return candidate;
  }
  throw new Error("every profile has a slot at the lapsed node");
}

export interface RequestOptions {
  /** Undefined for none; JSON's by default. */
  readonly type?: string | undefined;
}

/** A query by the peer. */
export async function queryRequest(
  { target, peer, local }: BadInputMesh,
  body: Uint8Array<ArrayBuffer> | undefined,
  options: RequestOptions = {},
): Promise<Outgoing> {
  const type = "type" in options ? options.type : "application/json";
  const method = "POST";
  const url = `${target.originUrl}/v1/outcomes/query`;
  const signed = await signRequest(
    { method, url, body: body ?? new Uint8Array() },
    {
      identity: peer.identity,
      mesh: local.mesh,
      to: target.identity.node,
      now: Date.now(),
      nonce: randomBytes(16),
      timeoutMs: 60_000,
    },
  );
  const headers = { ...signed, ...(type !== undefined && { "content-type": type }) };
  return { method, url, headers, body };
}

/** A request with the operator's token. */
export function operatorRequest(
  { target }: BadInputMesh,
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer>,
  options: RequestOptions = {},
) {
  const type = "type" in options ? options.type : "application/json";
  const headers = {
    authorization: `Bearer ${target.operatorToken}`,
    ...(type !== undefined && { "content-type": type }),
  };
  return { method, url: target.originUrl + path, headers, body };
}
