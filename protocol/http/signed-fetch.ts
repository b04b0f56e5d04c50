/** Sending a signed request: the one way in which organisations call each other. */
import type { MeshId, NodeId } from "../ids.ts";
import type { Delegation } from "../signed/delegation.ts";
import type { Identity } from "../signed/ed25519.ts";
import { signRequest } from "./message-signature.ts";

/** What this needs of `fetch`. The global one fits. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: Uint8Array<ArrayBuffer>;
    redirect: "manual";
    signal: AbortSignal;
  },
) => Promise<Response>;

/** In whose name requests are sent, and with what. */
export interface Caller {
  readonly fetch: Fetch;
  /** Signs: a node's identity, or a client's together with `delegation`. */
  readonly identity: Identity;
  readonly delegation?: Delegation | undefined;
  readonly mesh: MeshId;
  readonly now: () => number;
  /** As many random bytes as asked for. */
  readonly random: (bytes: number) => Uint8Array;
}

export interface OutgoingRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: string;
  /** The node that it is meant for. */
  readonly to: NodeId;
  /** None in a GET. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly mediaType?: string;
}

const NONCE_BYTES = 16;

/** Signs and sends a request. Redirects are not followed: they lead to a place that no signed descriptor names. */
export async function signedFetch(
  caller: Caller,
  { method, url, to, body, mediaType = "application/json" }: OutgoingRequest,
  signal: AbortSignal,
): Promise<Response> {
  const headers = await signRequest(
    { method, url, body: body ?? new Uint8Array() },
    {
      identity: caller.identity,
      mesh: caller.mesh,
      to,
      now: caller.now(),
      nonce: caller.random(NONCE_BYTES),
      delegation: caller.delegation,
    },
  );
  return caller.fetch(url, {
    method,
    headers: { ...headers, accept: "application/json", ...(body && { "content-type": mediaType }) },
    ...(body && { body }),
    redirect: "manual",
    signal,
  });
}
