/** Every way in which a request can be signed wrongly: of one good request, what to send instead. */
import { createSignature } from "http-message-sig";
import { randomBytes } from "node:crypto";
import {
  CLOCK_SKEW_S,
  contentDigest,
  meshIdOf,
  REQUEST_MAX_AGE_S,
  signDelegation,
  signRequest,
  toBase64Url,
  utf8Bytes,
  type Identity,
  type MeshId,
  type NodeId,
} from "../../../protocol/index.ts";
import type { Outgoing } from "./http.ts";
import type { BadInputMesh } from "./mesh.ts";

export interface BadlySigned extends Outgoing {
  readonly title: string;
  readonly refusal: "unauthorized" | "forbidden";
}

/** Longer than the time that passes between signing and receiving in a test. */
const MARGIN_MS = 5_000;
const TIMEOUT_MS = 60_000;
const COMPONENTS = [
  "@method",
  "@path",
  "@query",
  "content-digest",
  "outcome-mesh-to",
  "outcome-mesh-timeout",
];
const PARAMETERS = ["created", "nonce", "keyid", "tag"] as const;

interface Signing {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly to: NodeId;
  readonly now: number;
}

/** `good` with its own headers kept, but wrongly signed in every way; `signer` may send it. */
export async function badlySigned(
  mesh: BadInputMesh,
  good: Outgoing,
  signer: Identity,
): Promise<BadlySigned[]> {
  const { target, peer, stranger, lapsed } = mesh;
  const { method, url } = good;
  const body = good.body ?? new Uint8Array();
  const usual = {
    identity: signer,
    mesh: mesh.local.mesh,
    to: target.identity.node,
    now: Date.now(),
  };
  const sign = (changes: Partial<Signing> = {}, request = { method, url, body }) =>
    signRequest(request, {
      ...usual,
      ...changes,
      nonce: randomBytes(16),
      timeoutMs: TIMEOUT_MS,
    });
  const headers = await sign();
  const list: BadlySigned[] = [];
  const add = (
    title: string,
    signed: Readonly<Record<string, string>>,
    refusal: BadlySigned["refusal"] = "unauthorized",
    changes: Partial<Outgoing> = {},
  ): void => {
    const plain: Record<string, string> = { ...good.headers };
    for (const name of Object.keys(headers)) delete plain[name];
    list.push({ ...good, ...changes, headers: { ...plain, ...signed }, title, refusal });
  };

  add("not signed", {});
  for (const name of Object.keys(headers)) {
    const { [name]: _left, ...rest } = headers;
    add(`without ${name}`, rest);
    add(`with an empty ${name}`, { ...headers, [name]: "" });
    add(`with garbage for ${name}`, { ...headers, [name]: 'sig1=:AAAA:, ((("' });
    add(`with an endless ${name}`, { ...headers, [name]: "a".repeat(10_000) });
  }
  add("by a stranger", await sign({ identity: stranger }), "forbidden");
  add("by a member whose lease has ended", await sign({ identity: lapsed.identity }), "forbidden");
  const { node } = signer;
  add("by a stranger in the member's name", await sign({ identity: { ...stranger, node } }));
  const other = signer.node === peer.identity.node ? target.identity : peer.identity;
  add("by another member in the member's name", await sign({ identity: { ...other, node } }));
  add("for another node", await sign({ to: peer.identity.node }));
  add("for another node, and readdressed", {
    ...(await sign({ to: peer.identity.node })),
    "outcome-mesh-to": target.identity.node,
  });
  const { charter } = mesh.members.charter;
  add("for another mesh", await sign({ mesh: meshIdOf({ ...charter, name: "another" }) }));
  const stale = Date.now() - REQUEST_MAX_AGE_S * 1000 - CLOCK_SKEW_S * 1000 - MARGIN_MS;
  add("too long ago", await sign({ now: stale }));
  add("in the future", await sign({ now: Date.now() + CLOCK_SKEW_S * 1000 + MARGIN_MS }));
  add("with another body", await sign({}, { method, url, body: utf8Bytes("{}") }));
  add("with another body's digest", {
    ...headers,
    "content-digest": contentDigest(utf8Bytes("[]")),
  });
  add("for another path", await sign({}, { method, url: `${url}x`, body }));
  add("for another query", await sign({}, { method, url: `${url}?a=1`, body }));
  add("for another query than it has", headers, "unauthorized", { url: `${url}?a=1` });
  const otherMethod = method === "POST" ? "PUT" : "POST";
  add("for another method", await sign({}, { method: otherMethod, url, body }));
  const flipped = headers["signature"]?.replace(/=:./, (start) =>
    start === "=:A" ? "=:B" : "=:A",
  );
  add("for another time", { ...headers, "outcome-mesh-timeout": String(TIMEOUT_MS - 1) });
  add("with a changed signature", { ...headers, signature: flipped ?? "" });
  for (const left of COMPONENTS) {
    const components = COMPONENTS.filter((name) => name !== left);
    add(`without covering ${left}`, await signPartly(good, usual, components, [...PARAMETERS]));
  }
  for (const left of PARAMETERS) {
    const parameters = PARAMETERS.filter((name) => name !== left);
    add(`without the parameter ${left}`, await signPartly(good, usual, COMPONENTS, parameters));
  }
  const delegation = await signDelegation(
    signer,
    usual.mesh,
    signer.publicKey,
    Date.now() - MARGIN_MS,
  );
  const outdated = toBase64Url(utf8Bytes(JSON.stringify(delegation)));
  for (const [title, value] of [
    ["an outdated", outdated],
    ["a malformed", "AAAA"],
    ["an unreadable", "%%%"],
  ] as const) {
    add(`with ${title} delegation`, { ...headers, "outcome-mesh-delegation": value });
  }
  return list;
}

/** Signs only some components and parameters of a request. */
async function signPartly(
  { method, url, body }: Outgoing,
  { identity, mesh, to, now }: Signing,
  components: readonly string[],
  parameters: readonly (typeof PARAMETERS)[number][],
): Promise<Record<string, string>> {
  const headers = {
    "content-digest": contentDigest(body ?? new Uint8Array()),
    "outcome-mesh-to": to,
    "outcome-mesh-timeout": String(TIMEOUT_MS),
  };
  const all = {
    created: Math.floor(now / 1000),
    nonce: toBase64Url(randomBytes(16)),
    keyid: identity.node,
    tag: `outcome-mesh/${mesh}`,
  };
  const fields = await createSignature(
    {
      kind: "request",
      method,
      targetUri: url,
      fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
    },
    {
      components: [...components],
      parameters: {
        alg: "ed25519",
        ...Object.fromEntries(parameters.map((name) => [name, all[name]])),
      },
      signer: { algorithm: "ed25519", sign: (data) => identity.sign(Uint8Array.from(data)) },
    },
  );
  return { ...headers, "signature-input": fields.signatureInput, signature: fields.signature };
}
