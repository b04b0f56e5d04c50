/**
 * Who answered, and what: HTTP Message Signatures (RFC 9421) on responses. Covered are the status, the body's
 * digest, and of the request its method, path, digest and whole signature, nonce and all: an answer counts for
 * the one request that it was given to, whatever lies between the two.
 */
import { component, createSignature, verifySignature as verifyMessage } from "http-message-sig";
import type { MeshId, NodeId, PublicKey } from "../ids.ts";
import { verifySignature, type Identity } from "../signed/ed25519.ts";
import {
  ALGORITHM,
  CLOCK_SKEW_S,
  contentDigest,
  fieldsOf,
  RECIPIENT_HEADER,
  REQUEST_MAX_AGE_S,
  tagOf,
} from "./message-signature.ts";

const OF_REQUEST = ["@method", "@path", "content-digest", "signature"] as const;
const COMPONENTS = [
  "@status",
  "content-digest",
  ...OF_REQUEST.map((name) => component(name, { req: true })),
];
/** What a browser must let its page read of an answer. */
export const RESPONSE_HEADERS: readonly string[] = [
  "content-digest",
  "signature",
  "signature-input",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "traceparent",
];

/** A request as the one side signed it and the other received it. */
export interface AnsweredRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

export interface ResponseSigning {
  /** The node that answers. */
  readonly identity: Identity;
  readonly mesh: MeshId;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The headers that make a response ours. Throws where the request has no digest and signature to bind it to. */
export async function signResponse(
  request: AnsweredRequest,
  response: { readonly status: number; readonly body: Uint8Array },
  { identity, mesh, now }: ResponseSigning,
): Promise<Record<string, string>> {
  const headers = { "content-digest": contentDigest(response.body) };
  const fields = await createSignature(
    {
      kind: "response",
      status: response.status,
      fields: fieldsOf(Object.entries(headers)),
      request: descriptorOf(request),
    },
    {
      components: COMPONENTS,
      parameters: {
        created: Math.floor(now / 1000),
        alg: ALGORITHM,
        keyid: identity.node,
        tag: tagOf(mesh),
      },
      signer: { algorithm: ALGORITHM, sign: (data) => identity.sign(Uint8Array.from(data)) },
    },
  );
  return { ...headers, "signature-input": fields.signatureInput, signature: fields.signature };
}

/**
 * `response` with this node's signature where the request is signed and names this node, also where it is a
 * refusal; else as it is. Who asked does not matter: an answer says nothing but that this node gave it.
 */
export async function signedAnswerTo(
  request: AnsweredRequest,
  response: Response,
  signing: ResponseSigning,
): Promise<Response> {
  const isForUs = request.headers.get(RECIPIENT_HEADER) === signing.identity.node;
  if (!isForUs || !OF_REQUEST.every((name) => name.startsWith("@") || request.headers.has(name))) {
    return response;
  }
  const { status } = response;
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  try {
    const signed = await signResponse(request, { status, body }, signing);
    for (const [name, value] of Object.entries(signed)) headers.set(name, value);
  } catch {
    // Header fields that are no ASCII: no signature covers them, ours does not either.
  }
  return new Response(body.length > 0 ? body : null, { status, headers });
}

export interface ResponseVerification {
  readonly mesh: MeshId;
  /** The node that was asked, and its key, which must be sound. */
  readonly node: NodeId;
  readonly key: PublicKey;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** True if the node that was asked gave `response` to exactly this `request`. Never rejects. */
export async function verifyResponse(
  request: AnsweredRequest,
  response: { readonly status: number; readonly headers: Headers; readonly body: Uint8Array },
  { mesh, node, key, now }: ResponseVerification,
): Promise<boolean> {
  const { status, headers, body } = response;
  if (headers.get("content-digest") !== contentDigest(body)) return false;
  try {
    await verifyMessage(
      {
        kind: "response",
        status,
        fields: fieldsOf(chosen(headers, ["content-digest", "signature", "signature-input"])),
        request: descriptorOf(request),
      },
      {
        policy: {
          algorithms: [ALGORITHM],
          requiredComponents: COMPONENTS,
          requiredParameters: ["created", "keyid", "tag"],
          maxAge: REQUEST_MAX_AGE_S,
          clockSkew: CLOCK_SKEW_S,
          now: Math.floor(now / 1000),
          validate: ({ parameters }) => parameters.keyid === node && parameters.tag === tagOf(mesh),
        },
        resolveVerifier: () => ({
          algorithm: ALGORITHM,
          verify: (data, signature) =>
            verifySignature(key, Uint8Array.from(signature), Uint8Array.from(data)),
        }),
      },
    );
    return true;
  } catch {
    return false;
  }
}

function descriptorOf({ method, url, headers }: AnsweredRequest) {
  const covered = OF_REQUEST.filter((name) => !name.startsWith("@"));
  const fields = fieldsOf(chosen(headers, covered));
  return { kind: "request" as const, method, targetUri: url, fields };
}

/** Only what is covered: a proxy's own fields may hold what no signature takes. */
function chosen(headers: Headers, names: readonly string[]): [string, string][] {
  return names.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
}
