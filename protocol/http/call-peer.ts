/** Calling another organisation's Worker: signed, bounded in time and size, never redirected, every failure a value. */
import type { z } from "zod";
import type { NodeId, PublicKey } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import { readBytes, readJson } from "./body.ts";
import { problemCode, problemSchema, type Problem, type ProblemCode } from "./problem.ts";
import { signedFetch, type Caller, type OutgoingRequest } from "./signed-fetch.ts";

/** Whom to call; a `Member` fits. */
export interface PeerTarget {
  readonly node: NodeId;
  readonly key: PublicKey;
  /** Base URL of its Worker, from its own signed descriptor. */
  readonly meshUrl: string;
}

export interface PeerCall extends Omit<OutgoingRequest, "url" | "to"> {
  readonly path: string;
  /** The largest body that is read of an answer. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Gives up early. */
  readonly signal?: AbortSignal | undefined;
}

/** Why a call did not do what it should. */
export interface PeerFailure {
  readonly code: "unreachable" | "timed-out" | "invalid-answer" | ProblemCode | `status-${number}`;
  /** What the peer said, where it said why. */
  readonly problem?: Problem;
}

export interface PeerAnswer<T> {
  readonly result: Result<T, PeerFailure>;
  /** Of bodies. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Calls `peer` and reads its answer as JSON of `schema`. Never rejects. */
export async function callPeer<T>(
  caller: Caller,
  peer: PeerTarget,
  call: PeerCall,
  schema: z.ZodType<T>,
): Promise<PeerAnswer<T>> {
  return exchange(caller, peer, call, (body) => {
    const parsed = schema.safeParse(readJson(body));
    return parsed.success ? ok(parsed.data) : err({ code: "invalid-answer" });
  });
}

/** Calls `peer` for an answer that says nothing but that it was done. Never rejects. */
export async function tellPeer(
  caller: Caller,
  peer: PeerTarget,
  call: PeerCall,
): Promise<PeerAnswer<undefined>> {
  return exchange(caller, peer, call, () => ok(undefined));
}

async function exchange<T>(
  caller: Caller,
  peer: PeerTarget,
  { path, maxBytes, timeoutMs, signal, ...request }: PeerCall,
  read: (body: Uint8Array) => Result<T, PeerFailure>,
): Promise<PeerAnswer<T>> {
  const bytesSent = request.body?.length ?? 0;
  let bytesReceived = 0;
  const failed = (failure: PeerFailure): PeerAnswer<T> => ({
    result: err(failure),
    bytesSent,
    bytesReceived,
  });
  const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  try {
    const response = await signedFetch(
      caller,
      { ...request, url: peer.meshUrl + path, to: peer.node },
      signal ? AbortSignal.any([signal, timeout]) : timeout,
    );
    const body = await readBytes(response, maxBytes, (count) => {
      bytesReceived += count;
    });
    if (!body.ok) return failed({ code: "invalid-answer" });
    if (!response.ok) return failed(failureOf(response.status, body.value));
    return { result: read(body.value), bytesSent, bytesReceived };
  } catch {
    return failed({ code: timeout.aborted ? "timed-out" : "unreachable" });
  }
}

function failureOf(status: number, body: Uint8Array): PeerFailure {
  const problem = problemSchema.safeParse(readJson(body));
  if (!problem.success) return { code: `status-${status}` };
  return { code: problemCode(problem.data) ?? `status-${status}`, problem: problem.data };
}
