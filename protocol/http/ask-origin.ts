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
import { readBytes, readJson } from "./body.ts";
import { contentDigest } from "./message-signature.ts";
import { problemSchema, type Problem } from "./problem.ts";
import { signedFetch, type Caller } from "./signed-fetch.ts";

/** The path below an origin's base URL. */
export const ORIGIN_QUERY_PATH = "/v1/outcomes/query";
/** A problem document: 100 offending fields with a sentence each are 20 kB. */
const PROBLEM_MAX_BYTES = 65_536;

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

/** Bodies as they went over the wire; kept beside the work, because a timeout must report them too. */
interface Traffic {
  sent: number;
  received: number;
}

type Verdict = Pick<OriginOutcome, "status" | "results" | "warnings" | "problem">;

/** Sends `query` to an origin and turns whatever happens into an outcome. */
export async function askOriginOverHttp(options: AskOriginOptions): Promise<OriginOutcome> {
  const traffic: Traffic = { sent: 0, received: 0 };
  const left = options.deadline - options.now();
  let verdict: Verdict = nothing("timed-out");
  if (left > 0 && !options.signal?.aborted) {
    const timeout = AbortSignal.timeout(Math.ceil(left));
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    // Raced, because not every fetch heeds its signal, and no body is read faster than it arrives.
    verdict = await Promise.race([
      exchange(options, signal, traffic),
      whenAborted(signal, nothing("timed-out")),
    ]);
  }
  return { ...verdict, bytesSent: traffic.sent, bytesReceived: traffic.received };
}

async function exchange(
  options: AskOriginOptions,
  signal: AbortSignal,
  traffic: Traffic,
): Promise<Verdict> {
  const { origin } = options;
  if (origin.originUrl === undefined) return nothing("unreachable");
  try {
    const body = utf8Bytes(JSON.stringify(options.query));
    traffic.sent = body.length;
    const url = origin.originUrl + ORIGIN_QUERY_PATH;
    const request = { method: "POST", url, to: origin.node, body } as const;
    const response = await signedFetch(options, request, signal);
    const maxBytes = response.ok ? ANSWER_MAX_BYTES : PROBLEM_MAX_BYTES;
    const answer = await readBytes(response, maxBytes, (count) => {
      traffic.received += count;
    });
    if (response.status >= 500)
      return nothing("unreachable", answer.ok ? readProblem(answer.value) : undefined);
    if (!answer.ok) return nothing("invalid");
    if (response.ok) return await readAnswer(options, contentDigest(body), answer.value);
    const problem = response.status >= 400 ? readProblem(answer.value) : undefined;
    return problem ? nothing("refused", problem) : nothing("invalid");
  } catch {
    return nothing(signal.aborted ? "timed-out" : "unreachable");
  }
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
  return { status: "answered", results: answer.results, warnings: answer.warnings };
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

function whenAborted<T>(signal: AbortSignal, value: T): Promise<T> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(value);
    else signal.addEventListener("abort", () => resolve(value), { once: true });
  });
}
