/**
 * Who sent a request: HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), Ed25519.
 * Covered are method, path, query, body digest, the node it is meant for and how long the sender waits; the mesh
 * is the tag. The recipient is named by node id and not by authority, so that a reverse proxy may rewrite the host.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { base64 } from "@scure/base";
import { createSignature, verifySignature as verifyMessage } from "http-message-sig";
import { fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { nodeIdSchema, type MeshId, type NodeId, type PublicKey } from "../ids.ts";
import { err, ok, type Result } from "../result.ts";
import { delegationSchema, verifyDelegation, type Delegation } from "../signed/delegation.ts";
import { isSoundPublicKey, verifySignature, type Identity } from "../signed/ed25519.ts";

export const ALGORITHM = "ed25519";
export const RECIPIENT_HEADER = "outcome-mesh-to";
const TIMEOUT_HEADER = "outcome-mesh-timeout";
const DELEGATION_HEADER = "outcome-mesh-delegation";
const COMPONENTS = [
  "@method",
  "@path",
  "@query",
  "content-digest",
  RECIPIENT_HEADER,
  TIMEOUT_HEADER,
] as const;
/** What a browser must be let send with a request of ours. */
export const REQUEST_HEADERS: readonly string[] = [
  "content-type",
  "content-digest",
  "signature",
  "signature-input",
  RECIPIENT_HEADER,
  TIMEOUT_HEADER,
  DELEGATION_HEADER,
  "traceparent",
];
/** 16 bytes as base64url. */
const NONCE_PATTERN = /^[A-Za-z0-9_-]{22}$/;
/** Milliseconds; below 2^31, as timers want it. */
const TIMEOUT_PATTERN = /^[1-9]\d{0,8}$/;
/** How far a sender's clock may be ahead, and how long a request stays good. */
export const CLOCK_SKEW_S = 60;
export const REQUEST_MAX_AGE_S = 300;

/** A request as its receiver sees it, its body read. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface SigningContext {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly to: NodeId;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
  /** How long the sender waits from now. Relative, so that clocks need not agree. */
  readonly timeoutMs: number;
  /** Set where `identity` is a client's and the delegation lets it ask in a node's name. */
  readonly delegation?: Delegation | undefined;
}

/** The headers that make a request one of ours. */
export async function signRequest(
  request: { readonly method: string; readonly url: string; readonly body: Uint8Array },
  context: SigningContext,
): Promise<Record<string, string>> {
  const { identity, delegation } = context;
  const headers: Record<string, string> = {
    "content-digest": contentDigest(request.body),
    [RECIPIENT_HEADER]: context.to,
    [TIMEOUT_HEADER]: String(Math.max(1, Math.ceil(context.timeoutMs))),
  };
  if (delegation) headers[DELEGATION_HEADER] = toBase64Url(utf8Bytes(JSON.stringify(delegation)));
  const fields = await createSignature(
    {
      kind: "request",
      method: request.method,
      targetUri: request.url,
      fields: fieldsOf(Object.entries(headers)),
    },
    {
      components: COMPONENTS,
      parameters: {
        created: Math.floor(context.now / 1000),
        nonce: toBase64Url(context.nonce),
        alg: ALGORITHM,
        keyid: delegation ? identity.publicKey : identity.node,
        tag: tagOf(context.mesh),
      },
      signer: { algorithm: ALGORITHM, sign: (data) => identity.sign(Uint8Array.from(data)) },
    },
  );
  return { ...headers, "signature-input": fields.signatureInput, signature: fields.signature };
}

export interface VerificationContext {
  readonly mesh: MeshId;
  /** This node. */
  readonly self: NodeId;
  readonly now: number;
  /** The key of a live member; undefined for anyone else. */
  readonly keyOf: (node: NodeId) => PublicKey | undefined;
  /** True if a client with a node's delegation is welcome here. */
  readonly acceptsDelegates: boolean;
}

/** In whose name a request was sent. */
export interface Sender {
  readonly node: NodeId;
  /** Unique for `REQUEST_MAX_AGE_S`: seen again, the request is a replay. */
  readonly nonce: string;
  /** By its own clock, in seconds since 1970. */
  readonly created: number;
  /** How long it waits for the answer. */
  readonly timeoutMs: number;
}

/**
 * Finds who sent `request`. `unauthorized`: unsigned, stale or not verifiable; `forbidden`: the claimed
 * sender is no live member. Which check failed is not said.
 */
export async function verifyRequest(
  request: ReceivedRequest,
  context: VerificationContext,
): Promise<Result<Sender, "unauthorized" | "forbidden">> {
  const { headers } = request;
  if (headers.get(RECIPIENT_HEADER) !== context.self) return err("unauthorized");
  if (headers.get("content-digest") !== contentDigest(request.body)) return err("unauthorized");
  const timeout = headers.get(TIMEOUT_HEADER) ?? "";
  if (!TIMEOUT_PATTERN.test(timeout)) return err("unauthorized");
  const delegation = readDelegation(headers);
  if (delegation === "malformed" || (delegation && !context.acceptsDelegates)) {
    return err("unauthorized");
  }
  let sender: NodeId | undefined;
  let isStranger = false;
  try {
    const verified = await verifyMessage(
      {
        kind: "request",
        method: request.method,
        targetUri: request.url,
        fields: fieldsOf(headers),
      },
      {
        policy: {
          algorithms: [ALGORITHM],
          requiredComponents: COMPONENTS,
          requiredParameters: ["created", "nonce", "keyid", "tag"],
          maxAge: REQUEST_MAX_AGE_S,
          clockSkew: CLOCK_SKEW_S,
          now: Math.floor(context.now / 1000),
          validate: ({ parameters }) => parameters.tag === tagOf(context.mesh),
        },
        resolveVerifier: async ({ parameters }) => {
          const key = await senderKey(parameters.keyid, delegation, context, (node) => {
            sender = node;
          });
          if (key === "stranger") isStranger = true;
          if (key === undefined || key === "stranger") throw new Error("no key");
          return {
            algorithm: ALGORITHM,
            verify: (data, signature) =>
              verifySignature(key, Uint8Array.from(signature), Uint8Array.from(data)),
          };
        },
      },
    );
    const { created, nonce = "" } = verified.parameters;
    if (!sender || created === undefined || !NONCE_PATTERN.test(nonce)) return err("unauthorized");
    return ok({ node: sender, nonce, created, timeoutMs: Number(timeout) });
  } catch {
    return err(isStranger ? "forbidden" : "unauthorized");
  }
}

async function senderKey(
  keyid: string | undefined,
  delegation: Delegation | undefined,
  context: VerificationContext,
  onSender: (node: NodeId) => void,
): Promise<PublicKey | "stranger" | undefined> {
  if (!delegation) {
    const node = nodeIdSchema.safeParse(keyid);
    if (!node.success) return undefined;
    onSender(node.data);
    return context.keyOf(node.data) ?? "stranger";
  }
  const delegator = context.keyOf(delegation.node);
  if (!delegator) return "stranger";
  const isGood =
    keyid === delegation.delegate &&
    delegation.expiresAt > context.now &&
    isSoundPublicKey(fromBase64Url(delegation.delegate)) &&
    (await verifyDelegation(context.mesh, delegator, delegation));
  if (!isGood) return undefined;
  onSender(delegation.node);
  return delegation.delegate;
}

function readDelegation(headers: Headers): Delegation | undefined | "malformed" {
  const header = headers.get(DELEGATION_HEADER);
  if (header === null) return undefined;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(fromBase64Url(header)));
    const parsed = delegationSchema.safeParse(json);
    return parsed.success ? parsed.data : "malformed";
  } catch {
    return "malformed";
  }
}

/** RFC 9530, SHA-256. */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${base64.encode(sha256(body))}:`;
}

/** Header fields as the library takes them. */
export function fieldsOf(
  headers: Iterable<readonly [string, string]>,
): { name: string; value: string }[] {
  return [...headers].map(([name, value]) => ({ name, value }));
}

/** Names the mesh in every signature, so that none counts in another. */
export function tagOf(mesh: MeshId): string {
  return `outcome-mesh/${mesh}`;
}
