/**
 * Asking one origin over HTTP: signs the query, sends it, and believes the answer only after checking it.
 * Used by the gateway and by a client that calls origins itself. Never rejects, and never waits longer than
 * its deadline: whatever an origin does costs only its own results.
 */
import type { MeshId, NodeId, PublicKey } from "../ids.ts";
import { ANSWER_MAX_BYTES } from "../messages/limits.ts";
import type { OriginQuery } from "../messages/query.ts";
import type { OriginOutcome } from "../query/ask-origins.ts";
import { signedAnswerSchema, verifyAnswer, type Answer } from "../signed/answer.ts";
import { utf8Bytes } from "../bytes.ts";
import { readJson } from "./body.ts";
import { contentDigest } from "./message-signature.ts";
import { problemCode, problemSchema, type Problem } from "./problem.ts";
import { signedFetch, type Caller, type PeerResponse } from "./signed-fetch.ts";

/** The path below an origin's base URL. */
export const ORIGIN_QUERY_PATH = "/v1/outcomes/query";

/** Whom to ask; a `Member` fits. */
export interface OriginTarget {
  readonly node: NodeId;
  readonly key: PublicKey;
  /** From the node's own signed descriptor. Where it has none, it is unreachable. */
  readonly originUrl?: string | undefined;
}

export interface AskOriginOptions extends Caller {
  readonly origin: OriginTarget;
  readonly query: OriginQuery;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Gives up early, as if the deadline had come. */
  readonly signal?: AbortSignal | undefined;
}

type Verdict = Pick<OriginOutcome, "status" | "results" | "aggregate" | "warnings" | "problem">;

/** Sends `query` to an origin and turns whatever happens into an outcome. */
export async function askOriginOverHttp(options: AskOriginOptions): Promise<OriginOutcome> {
  const { origin, signal } = options;
  if (origin.originUrl === undefined) {
    return { ...nothing("unreachable"), bytesSent: 0, bytesReceived: 0 };
  }
  const body = utf8Bytes(JSON.stringify(options.query));
  const { result, ...traffic } = await signedFetch(options, {
    method: "POST",
    url: origin.originUrl + ORIGIN_QUERY_PATH,
    to: origin.node,
    key: origin.key,
    body,
    maxBytes: ANSWER_MAX_BYTES,
    timeoutMs: options.deadline - options.now(),
    signal,
  });
  const verdict = result.ok
    ? await verdictOn(options, contentDigest(body), result.value)
    : nothing(result.error);
  return { ...verdict, ...traffic };
}

async function verdictOn(
  options: AskOriginOptions,
  digest: string,
  { ok, status, body }: PeerResponse,
): Promise<Verdict> {
  if (ok) return readAnswer(options, digest, body);
  const problem = status >= 400 ? readProblem(body) : undefined;
  if (problem && problemCode(problem) === "too-late") return nothing("timed-out", problem);
  if (status >= 500) return nothing("unreachable", problem);
  return problem ? nothing("refused", problem) : nothing("invalid");
}

/** An answer counts only if the node that was asked signed it, for exactly the bytes that were sent. */
async function readAnswer(
  { mesh, origin, query }: AskOriginOptions,
  digest: string,
  body: Uint8Array,
): Promise<Verdict> {
  const signed = signedAnswerSchema.safeParse(readJson(body));
  if (!signed.success) return nothing("invalid");
  const { answer } = signed.data;
  const isOurs =
    answer.node === origin.node && answer.domain === query.domain && answer.query === digest;
  if (!isOurs || answer.results.length > query.k) return nothing("invalid");
  if (!(await isSigned(mesh, origin.key, signed.data))) return nothing("invalid");
  const { results, aggregate, warnings } = answer;
  return { status: "answered", results, aggregate, warnings };
}

async function isSigned(
  mesh: MeshId,
  key: PublicKey,
  signed: { answer: Answer; signature: string },
): Promise<boolean> {
  try {
    return await verifyAnswer(mesh, key, signed);
  } catch {
    // Text that has no canonical form, such as half of a surrogate pair.
    return false;
  }
}

function readProblem(body: Uint8Array): Problem | undefined {
  const parsed = problemSchema.safeParse(readJson(body));
  return parsed.success ? parsed.data : undefined;
}

function nothing(status: OriginOutcome["status"], problem?: Problem): Verdict {
  return { status, results: [], warnings: [], problem };
}
