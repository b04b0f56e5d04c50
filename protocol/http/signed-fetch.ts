/**
 * Sending a signed request and believing its answer: the one way in which organisations call each other. Bounded
 * in time and size, never redirected, every failure a value, and no answer taken that the peer did not sign.
 */
import type { MeshId, NodeId, PublicKey } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import type { Delegation } from "../signed/delegation.ts";
import type { Identity } from "../signed/ed25519.ts";
import { readBytes } from "./body.ts";
import { signRequest } from "./message-signature.ts";
import { verifyResponse } from "./response-signature.ts";
import { timeLimit } from "./time-limit.ts";
import { continueTrace } from "./traceparent.ts";

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
  /** Whether a URL may be called at all: see `callPolicy`. Asked at the moment of calling. */
  readonly mayCall: (url: string) => boolean;
  /** The trace that the calls belong to: W3C Trace Context. */
  readonly traceparent?: string | undefined;
}

export interface OutgoingRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: string;
  /** The node that it is meant for, and its key: only its answer counts. */
  readonly to: NodeId;
  readonly key: PublicKey;
  /** None in a GET. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly mediaType?: string;
  /** The largest body that is read of an answer. */
  readonly maxBytes: number;
  /** How long to wait; the peer is told, and does no work that comes too late. */
  readonly timeoutMs: number;
  /** Gives up early, as if the time were over. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer that the peer signed for this very request. */
export interface PeerResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** `unreachable`: also where the URL may not be called. `invalid`: too large, or not signed by the peer for this request. */
export type FetchFailure = "unreachable" | "timed-out" | "invalid";

export interface FetchOutcome {
  readonly result: Result<PeerResponse, FetchFailure>;
  /** Of bodies, as they went over the wire. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Kept beside the work, because a timeout must report it too. */
interface Traffic {
  sent: number;
  received: number;
}

const NONCE_BYTES = 16;
const TIMED_OUT: Result<PeerResponse, FetchFailure> = err("timed-out");
/** From here on an answer that is not signed is one of a gateway that could not reach the peer. */
const SERVER_ERROR = 500;

/** Sends a request and reads the peer's answer. Never rejects, and never waits longer than `timeoutMs`. */
export async function signedFetch(caller: Caller, request: OutgoingRequest): Promise<FetchOutcome> {
  const traffic: Traffic = { sent: 0, received: 0 };
  let result: Result<PeerResponse, FetchFailure> = TIMED_OUT;
  if (request.timeoutMs > 0 && !request.signal?.aborted) {
    const { signal, lift } = timeLimit(request.timeoutMs, request.signal);
    // Raced, because not every fetch heeds its signal, and no body is read faster than it arrives.
    result = await Promise.race([
      exchange(caller, request, signal, traffic),
      whenAborted(signal, TIMED_OUT),
    ]);
    lift();
  }
  return { result, bytesSent: traffic.sent, bytesReceived: traffic.received };
}

async function exchange(
  caller: Caller,
  request: OutgoingRequest,
  signal: AbortSignal,
  traffic: Traffic,
): Promise<Result<PeerResponse, FetchFailure>> {
  const { method, url, body, mediaType = "application/json" } = request;
  if (!caller.mayCall(url)) return err("unreachable");
  try {
    const signed = await signRequest(
      { method, url, body: body ?? new Uint8Array() },
      {
        identity: caller.identity,
        delegation: caller.delegation,
        mesh: caller.mesh,
        to: request.to,
        now: caller.now(),
        nonce: caller.random(NONCE_BYTES),
        timeoutMs: request.timeoutMs,
      },
    );
    const headers: Record<string, string> = {
      ...signed,
      accept: "application/json",
      ...(body && { "content-type": mediaType }),
      ...(caller.traceparent !== undefined && {
        traceparent: continueTrace(caller.traceparent, caller.random),
      }),
    };
    if (signal.aborted) return TIMED_OUT;
    traffic.sent = body?.length ?? 0;
    // Redirects lead to a place that no signed descriptor names.
    const response = await caller.fetch(url, {
      method,
      headers,
      ...(body && { body }),
      redirect: "manual",
      signal,
    });
    const received = await readBytes(response, request.maxBytes, (count) => {
      traffic.received += count;
    });
    if (!received.ok) return err("invalid");
    const { status, ok: isOk } = response;
    const answer = { status, headers: response.headers, body: received.value };
    const isBelieved = await verifyResponse({ method, url, headers: new Headers(signed) }, answer, {
      mesh: caller.mesh,
      node: request.to,
      key: request.key,
      now: caller.now(),
    });
    if (!isBelieved) return err(status >= SERVER_ERROR ? "unreachable" : "invalid");
    return ok({ status, ok: isOk, body: received.value });
  } catch {
    return err(signal.aborted ? "timed-out" : "unreachable");
  }
}

function whenAborted<T>(signal: AbortSignal, value: T): Promise<T> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(value);
    else signal.addEventListener("abort", () => resolve(value), { once: true });
  });
}
