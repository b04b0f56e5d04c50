/** The origin's calls of nodes' Workers: who calls, how long it waits, and what ends every call. */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import {
  callPeer,
  callPolicy,
  err,
  isLoopback,
  tellPeer,
  type Caller,
  type Identity,
  type MeshId,
  type PeerAnswer,
  type PeerCall,
  type PeerTarget,
  type Result,
} from "../../protocol/index.ts";
import { createPublicFetch } from "./public-fetch.ts";

/** A node stores 500 entries in under a second. A busy one does so late; giving up early would send it all again. */
const REQUEST_TIMEOUT_MS = 60_000;
/** A publish response that refuses each of 500 entries is 25 kB; 10,000 members with descriptors are 6 MB. */
const RESPONSE_MAX_BYTES = 16_777_216;

/** `signal` gives up early, as if the time were over. */
export type PeerRequest = Omit<PeerCall, "maxBytes" | "timeoutMs">;

/** Why a request did not do what it should: the code of a `PeerFailure`, or `closing`. */
export type FailureCode = string;

export interface PeerClient {
  /** Sends a request whose answer is JSON of `schema`. */
  read<T>(
    peer: PeerTarget,
    request: PeerRequest,
    schema: z.ZodType<T>,
  ): Promise<Result<T, FailureCode>>;
  /** Sends a request whose answer says nothing but that it was done. */
  put(peer: PeerTarget, request: PeerRequest): Promise<Result<undefined, FailureCode>>;
}

export interface PeerClientOptions {
  readonly identity: Identity;
  readonly mesh: MeshId;
  /** Base URL of the own Worker. */
  readonly meshUrl: string;
  /** Hosts that are not public and may be called nonetheless. */
  readonly allowedHosts: readonly string[];
  /** Ends every request: the origin is closing. */
  readonly signal: AbortSignal;
}

export function createPeerClient(options: PeerClientOptions): PeerClient {
  const { identity, mesh, meshUrl, allowedHosts, signal } = options;
  const own = new URL(meshUrl).hostname;
  const named = isLoopback(own) ? [...allowedHosts, "localhost"] : [...allowedHosts, own];
  const connections = createPublicFetch({ allowedHosts: named });
  signal.addEventListener("abort", () => void connections.close(), { once: true });
  const mayCall = callPolicy({ ownUrl: meshUrl, allowedHosts });
  const caller: Caller = {
    fetch: connections.fetch,
    identity,
    mesh,
    now: Date.now,
    random: randomBytes,
    mayCall,
  };
  const bounded = (request: PeerRequest): PeerCall => ({
    ...request,
    maxBytes: RESPONSE_MAX_BYTES,
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal: request.signal ? AbortSignal.any([signal, request.signal]) : signal,
  });
  const codeOf = <T>({ result }: PeerAnswer<T>): Result<T, FailureCode> => {
    if (result.ok) return result;
    return err(signal.aborted ? "closing" : result.error.code);
  };
  return {
    read: async (peer, request, schema) =>
      codeOf(await callPeer(caller, peer, bounded(request), schema)),
    put: async (peer, request) => codeOf(await tellPeer(caller, peer, bounded(request))),
  };
}
