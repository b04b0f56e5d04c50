/** Calling another organisation's Worker: signed, bounded in time and size, never redirected, every failure a value. */
import type { z } from "zod";
import type { NodeId, PublicKey } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import { readJson } from "./body.ts";
import { problemCode, problemSchema, type Problem, type ProblemCode } from "./problem.ts";
import { signedFetch, type Caller, type OutgoingRequest } from "./signed-fetch.ts";

/** Whom to call; a `Member` fits. */
export interface PeerTarget {
  readonly node: NodeId;
  readonly key: PublicKey;
  /** Base URL of its Worker, from its own signed descriptor. */
  readonly meshUrl: string;
}

export interface PeerCall extends Omit<OutgoingRequest, "url" | "to" | "key"> {
  readonly path: string;
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
  { path, ...call }: PeerCall,
  read: (body: Uint8Array) => Result<T, PeerFailure>,
): Promise<PeerAnswer<T>> {
  const request = { ...call, url: peer.meshUrl + path, to: peer.node, key: peer.key };
  const { result, ...traffic } = await signedFetch(caller, request);
  if (!result.ok) {
    const code = result.error === "invalid" ? "invalid-answer" : result.error;
    return { result: err({ code }), ...traffic };
  }
  const { ok: isDone, status, body } = result.value;
  return { result: isDone ? read(body) : err(failureOf(status, body)), ...traffic };
}

function failureOf(status: number, body: Uint8Array): PeerFailure {
  const problem = problemSchema.safeParse(readJson(body));
  if (!problem.success) return { code: `status-${status}` };
  return { code: problemCode(problem.data) ?? `status-${status}`, problem: problem.data };
}
