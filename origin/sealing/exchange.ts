/** A query as it was sent, sealed or not, and the answer in the same form. */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import {
  ANSWER_NONCE_BYTES,
  answerToError,
  openQuery,
  ORIGIN_QUERY_PATH,
  parseBody,
  parseJsonBody,
  problemResponse,
  Refusal,
  SEALED_ANSWER_CONTENT_MAX_BYTES,
  SEALED_MEDIA_TYPE,
  type MeshId,
  type NodeId,
  type OpenedQuery,
  type ReceivedRequest,
} from "../../protocol/index.ts";
import type { Sealing } from "./sealing.ts";

export interface Exchange {
  /** The body as the asker knows it: what answers and receipts are about. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Parses it. Throws a `Refusal`. */
  parse<T>(schema: z.ZodType<T>): T;
  /** Runs what answers, and gives its response, or its refusal, the form that the query had. */
  respond(answer: () => Promise<Response>): Promise<Response>;
}

export interface ExchangeOptions {
  readonly sealing: Sealing;
  readonly mesh: MeshId;
  /** The node that asks, verified, and the one that is asked. */
  readonly from: NodeId;
  readonly to: NodeId;
  /** Header fields of every answer: they tell nothing of it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hears of what was thrown where the answer hides it. */
  readonly onError: (error: unknown) => void;
}

type Received = Pick<ReceivedRequest, "method" | "headers"> & {
  readonly body: Uint8Array<ArrayBuffer>;
};

/** Throws a `Refusal` where the query is not sealed and must be, or can not be opened. */
export async function openExchange(
  received: Received,
  options: ExchangeOptions,
): Promise<Exchange> {
  const { method, headers, body } = received;
  const { sealing, mesh, from, to } = options;
  const { statements } = sealing;
  if (mediaTypeOf(headers) !== SEALED_MEDIA_TYPE) {
    if (sealing.mode === "required") {
      const detail = "this origin answers only queries sealed to the key in its descriptor";
      throw new Refusal("sealing-required", { detail, statements });
    }
    return {
      body,
      parse: (schema) => parseJsonBody(headers, schema, body),
      respond: async (answer) => withHeaders(await answer(), options.headers),
    };
  }
  const context = { mesh, from, to, method, path: ORIGIN_QUERY_PATH };
  const opened = await openQuery(body, sealing.keys, context);
  if (opened.ok) return sealedExchange(opened.value, options);
  if (opened.error === "unknown-key") {
    const detail = "seal the query to the key in this origin's present descriptor";
    throw new Refusal("unknown-sealing-key", { detail, statements });
  }
  const detail =
    opened.error === "malformed"
      ? "the body is no sealed query"
      : "the sealed query was changed, or is not from this sender to this origin";
  throw new Refusal("bad-request", { detail });
}

function sealedExchange(
  { body, answer: sealer }: OpenedQuery,
  { headers, onError }: ExchangeOptions,
): Exchange {
  return {
    body,
    parse: (schema) => parseBody(schema, body),
    respond: async (answer) => {
      let response: Response;
      try {
        response = await answer();
      } catch (error) {
        onError(error);
        // Whoever has `onError` logs it.
        response = answerToError(error, () => undefined);
      }
      let content = new Uint8Array(await response.arrayBuffer());
      if (content.length > SEALED_ANSWER_CONTENT_MAX_BYTES) {
        const detail = `the answer would have ${content.length} bytes: ask for a smaller k`;
        response = problemResponse("too-large", { detail });
        content = new Uint8Array(await response.arrayBuffer());
      }
      // Outside all answers look alike: which are refusals is the asker's affair.
      const { status } = response;
      const sealed = await sealer.seal({ status, body: content }, randomBytes(ANSWER_NONCE_BYTES));
      return new Response(sealed, { headers: { ...headers, "content-type": SEALED_MEDIA_TYPE } });
    },
  };
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

function mediaTypeOf(headers: Headers): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}
