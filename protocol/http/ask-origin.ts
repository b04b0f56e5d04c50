/**
 * Asking one origin over HTTP: seals the query where the origin has a key for that, signs it, sends it, and believes
 * the answer only after checking it.
 * Used by the gateway and by a client that calls origins itself. Never rejects, and never waits longer than
 * its deadline: whatever an origin does costs only its own results.
 */
import type { MeshId, NodeId, PublicKey, SealingKey } from "../ids.ts";
import { ANSWER_MAX_BYTES } from "../messages/limits.ts";
import type { OriginQuery } from "../messages/query.ts";
import type { OriginOutcome } from "../query/ask-origins.ts";
import {
  SEALED_MEDIA_TYPE,
  SEALED_QUERY_CONTENT_MAX_BYTES,
  sealQuery,
  type SealedQuery,
} from "../sealed/index.ts";
import { answerDigest, signedAnswerSchema, verifyAnswer, type Answer } from "../signed/answer.ts";
import { verifyDescriptor } from "../signed/descriptor.ts";
import { isReceiptFor, type Receipt } from "../audit/receipt.ts";
import { utf8Bytes } from "../bytes.ts";
import { readJson } from "./body.ts";
import { contentDigest } from "./message-signature.ts";
import { problemCode, problemOf, problemSchema, type Problem } from "./problem.ts";
import { signedFetch, type Caller, type PeerResponse } from "./signed-fetch.ts";

/** The path below an origin's base URL. */
export const ORIGIN_QUERY_PATH = "/v1/outcomes/query";

/** Whom to ask; a `Member` fits. */
export interface OriginTarget {
  readonly node: NodeId;
  readonly key: PublicKey;
  /** From the node's own signed descriptor. Where it has none, it is unreachable. */
  readonly originUrl?: string | undefined;
  /** Likewise. Where it has none, the query is protected by TLS alone. */
  readonly sealingKey?: SealingKey | undefined;
}

export interface AskOriginOptions extends Caller {
  readonly origin: OriginTarget;
  readonly query: OriginQuery;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Gives up early, as if the deadline had come. */
  readonly signal?: AbortSignal | undefined;
}

type Verdict = Pick<
  OriginOutcome,
  "status" | "results" | "aggregate" | "warnings" | "problem" | "receipt"
>;

/** As many random bytes as a sealed query needs. */
const SEAL_RANDOM_BYTES = 32;
/** What an origin answers to one who does not know its sealing key of today. */
const KEY_PROBLEMS: ReadonlySet<string | undefined> = new Set([
  "unknown-sealing-key",
  "sealing-required",
]);

/** Sends `query` to an origin and turns whatever happens into an outcome. */
export async function askOriginOverHttp(options: AskOriginOptions): Promise<OriginOutcome> {
  const { origin } = options;
  const first = await askOnce(options, origin.sealingKey);
  const renewed = await renewedSealingKey(options, first.problem);
  if (renewed === undefined || renewed === origin.sealingKey) return first;
  const second = await askOnce(options, renewed);
  return {
    ...second,
    bytesSent: first.bytesSent + second.bytesSent,
    bytesReceived: first.bytesReceived + second.bytesReceived,
  };
}

async function askOnce(
  options: AskOriginOptions,
  sealingKey: SealingKey | undefined,
): Promise<OriginOutcome> {
  const { origin, signal } = options;
  if (origin.originUrl === undefined) return { ...nothing("unreachable"), ...NO_TRAFFIC };
  const body = utf8Bytes(JSON.stringify(options.query));
  let sealed: SealedQuery | undefined;
  if (sealingKey !== undefined) {
    if (body.length > SEALED_QUERY_CONTENT_MAX_BYTES) {
      const detail = `a sealed query may have ${SEALED_QUERY_CONTENT_MAX_BYTES} bytes`;
      return { ...nothing("refused", problemOf("too-large", { detail })), ...NO_TRAFFIC };
    }
    sealed = await seal(options, sealingKey, body);
    // A key that no one can have is its origin's fault.
    if (!sealed) return { ...nothing("invalid"), ...NO_TRAFFIC };
  }
  const { result, ...traffic } = await signedFetch(options, {
    method: "POST",
    url: origin.originUrl + ORIGIN_QUERY_PATH,
    to: origin.node,
    key: origin.key,
    ...(sealed ? { body: sealed.message, mediaType: SEALED_MEDIA_TYPE } : { body }),
    maxBytes: ANSWER_MAX_BYTES,
    timeoutMs: options.deadline - options.now(),
    signal,
  });
  if (!result.ok) return { ...nothing(result.error), ...traffic };
  const answer = await opened(sealed, result.value);
  const verdict = answer
    ? await verdictOn(options, contentDigest(body), answer)
    : nothing("invalid");
  return { ...verdict, ...traffic };
}

const NO_TRAFFIC = { bytesSent: 0, bytesReceived: 0 };

async function seal(
  { mesh, origin, identity, delegation, random }: AskOriginOptions,
  key: SealingKey,
  body: Uint8Array,
): Promise<SealedQuery | undefined> {
  const from = delegation?.node ?? identity.node;
  const context = { mesh, from, to: origin.node, method: "POST", path: ORIGIN_QUERY_PATH };
  try {
    return await sealQuery(body, key, context, random(SEAL_RANDOM_BYTES));
  } catch {
    return undefined;
  }
}

/**
 * What the origin said to a query: the sealed answer's content, or what refused it before it was opened. Undefined
 * where a sealed query was answered in the clear: whoever did that has not read it.
 */
async function opened(
  sealed: SealedQuery | undefined,
  response: PeerResponse,
): Promise<PeerResponse | undefined> {
  if (!sealed || !response.ok) return response;
  const content = await sealed.answer.open(response.body);
  return content && { ...content, ok: content.status >= 200 && content.status < 300 };
}

/** The key in the descriptor that an origin sent along with its refusal, if its node signed that. */
async function renewedSealingKey(
  { mesh, origin, now }: AskOriginOptions,
  problem: Problem | undefined,
): Promise<SealingKey | undefined> {
  if (!problem || !KEY_PROBLEMS.has(problemCode(problem))) return undefined;
  for (const statement of problem.statements ?? []) {
    if (statement.type !== "descriptor") continue;
    const { key, expiresAt, sealingKey } = statement.descriptor.descriptor;
    if (key !== origin.key || expiresAt <= now()) continue;
    if (await verifyDescriptor(mesh, statement.descriptor)) return sealingKey;
  }
  return undefined;
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
  options: AskOriginOptions,
  digest: string,
  body: Uint8Array,
): Promise<Verdict> {
  const { mesh, origin, query } = options;
  const signed = signedAnswerSchema.safeParse(readJson(body));
  if (!signed.success) return nothing("invalid");
  const { answer } = signed.data;
  const isOurs =
    answer.node === origin.node && answer.domain === query.domain && answer.query === digest;
  if (!isOurs || answer.results.length > query.k) return nothing("invalid");
  if (!(await isSigned(mesh, origin.key, signed.data))) return nothing("invalid");
  const { results, aggregate, warnings, receipt } = answer;
  if (receipt && !(await isReceiptSound(options, answer, receipt))) return nothing("invalid");
  return { status: "answered", results, aggregate, warnings, receipt };
}

/** An origin that gives a wrong receipt says something else to its own log than to us. */
function isReceiptSound(
  { mesh, origin, identity, delegation }: AskOriginOptions,
  answer: Answer,
  receipt: Receipt,
): Promise<boolean> {
  return isReceiptFor(receipt, {
    mesh,
    key: origin.key,
    asker: delegation?.node ?? identity.node,
    domain: answer.domain,
    query: answer.query,
    answer: answerDigest(answer),
    references: answer.results.map(({ reference }) => reference),
  });
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
