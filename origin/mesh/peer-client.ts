/** Signed requests to nodes: bounded in time and size, never redirected, every failure a value. */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import {
  err,
  ok,
  parseJson,
  problemCode,
  problemSchema,
  readBytes,
  signedFetch,
  type Caller,
  type Identity,
  type MeshId,
  type OutgoingRequest,
  type Result,
} from "../../protocol/index.ts";

/** A node stores 500 entries in under a second. A busy one does so late; giving up early would send it all again. */
const REQUEST_TIMEOUT_MS = 60_000;
/** A publish response that refuses each of 500 entries is 25 kB; 10,000 members with descriptors are 6 MB. */
const RESPONSE_MAX_BYTES = 16_777_216;

export interface PeerRequest extends Omit<OutgoingRequest, "url"> {
  /** Base URL of the node's Worker. */
  readonly base: string;
  readonly path: string;
}

/** Why a request did not do what it should: `unreachable`, `timed-out`, `invalid-answer`, or the node's refusal. */
export type PeerFailure = string;

export interface PeerClient {
  /** Sends a request whose answer is JSON of `schema`. */
  read<T>(request: PeerRequest, schema: z.ZodType<T>): Promise<Result<T, PeerFailure>>;
  /** Sends a request whose answer says nothing but that it was done. */
  put(request: PeerRequest): Promise<Result<undefined, PeerFailure>>;
}

/** `signal` ends every request: the origin is closing. */
export function createPeerClient(
  identity: Identity,
  mesh: MeshId,
  signal: AbortSignal,
): PeerClient {
  const caller: Caller = { fetch, identity, mesh, now: Date.now, random: randomBytes };
  const send = async ({
    base,
    path,
    ...request
  }: PeerRequest): Promise<Result<Uint8Array, PeerFailure>> => {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    try {
      const response = await signedFetch(
        caller,
        { ...request, url: base + path },
        AbortSignal.any([signal, timeout]),
      );
      const bytes = await readBytes(response, RESPONSE_MAX_BYTES);
      if (!bytes.ok) return err("invalid-answer");
      return response.ok ? ok(bytes.value) : err(refusalOf(response.status, bytes.value));
    } catch {
      if (timeout.aborted) return err("timed-out");
      return err(signal.aborted ? "closing" : "unreachable");
    }
  };
  return {
    read: async (request, schema) => {
      const body = await send(request);
      if (!body.ok) return body;
      const parsed = schema.safeParse(readJson(body.value));
      return parsed.success ? ok(parsed.data) : err("invalid-answer");
    },
    put: async (request) => {
      const body = await send(request);
      return body.ok ? ok(undefined) : body;
    },
  };
}

function refusalOf(status: number, body: Uint8Array): PeerFailure {
  const problem = problemSchema.safeParse(readJson(body));
  return (problem.success && problemCode(problem.data)) || `status-${status}`;
}

/** Undefined, which no schema accepts, for what is no JSON. */
function readJson(body: Uint8Array): unknown {
  const json = parseJson(new TextDecoder().decode(body));
  return json.ok ? json.value : undefined;
}
