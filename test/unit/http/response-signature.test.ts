import { component, createSignature } from "http-message-sig";
import { beforeAll, describe, expect, it } from "vitest";
import { utf8Bytes } from "../../../protocol/bytes.ts";
import {
  CLOCK_SKEW_S,
  contentDigest,
  REQUEST_MAX_AGE_S,
  signRequest,
  verifyRequest,
} from "../../../protocol/http/message-signature.ts";
import {
  signedAnswerTo,
  signResponse,
  verifyResponse,
  type AnsweredRequest,
  type ResponseVerification,
} from "../../../protocol/http/response-signature.ts";
import { problemResponse } from "../../../protocol/http/problem.ts";
import { openIdentity, secretKeyFrom } from "../../../protocol/signed/ed25519.ts";
import { alice, bob, carol, mallory, mesh, NOW, otherMesh } from "../support/identities.ts";
import { bytesFrom } from "../support/random.ts";

const url = "https://bob.example/v1/peer/lookup";
const answering = { identity: bob, mesh, now: NOW };
const believing: ResponseVerification = { mesh, node: bob.node, key: bob.publicKey, now: NOW };

/** A request of Alice's to Bob. */
async function requestOf(change: {
  method?: string;
  url?: string;
  body?: string;
  nonce?: string;
}): Promise<AnsweredRequest> {
  const request = {
    method: change.method ?? "POST",
    url: change.url ?? url,
    body: utf8Bytes(change.body ?? "{}"),
  };
  const signed = await signRequest(request, {
    identity: alice,
    mesh,
    to: bob.node,
    now: NOW,
    nonce: bytesFrom(change.nonce ?? "nonce").subarray(0, 16),
    timeoutMs: 1000,
  });
  return { method: request.method, url: request.url, headers: new Headers(signed) };
}

interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

async function receive(response: Response): Promise<Received> {
  const { status, headers } = response;
  return { status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

let request: AnsweredRequest;
let answer: Received;
beforeAll(async () => {
  request = await requestOf({});
  answer = await receive(await signedAnswerTo(request, Response.json({ a: 1 }), answering));
});

function changed(name: string, from: string | RegExp, to: string): Received {
  const headers = new Headers(answer.headers);
  const before = headers.get(name) ?? "";
  headers.set(name, before.replace(from, to));
  expect(headers.get(name)).not.toBe(before);
  return { ...answer, headers };
}

describe("signed answers", () => {
  // RFC 9421 section 2.4: a response bound to its request; here with the Ed25519 key of B.1.4, made and
  // checked without the library's own verification.
  it("P-72: the signature base is that of RFC 9421 section 2.4, request components and all", async () => {
    const identity = await openIdentity(
      secretKeyFrom(Buffer.from("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=", "base64")),
    );
    let base = "";
    await createSignature(
      {
        kind: "response",
        status: 503,
        fields: [
          { name: "content-length", value: "62" },
          { name: "content-type", value: "application/json" },
        ],
        request: {
          kind: "request",
          method: "POST",
          targetUri: "https://example.com/foo?param=Value&Pet=dog",
          fields: [
            {
              name: "content-digest",
              value:
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            },
          ],
        },
      },
      {
        components: [
          "@status",
          "content-length",
          "content-type",
          component("@authority", { req: true }),
          component("@method", { req: true }),
          component("@path", { req: true }),
          component("content-digest", { req: true }),
        ],
        parameters: { created: 1618884479, keyid: "test-key-ecc-p256" },
        signer: {
          algorithm: "ed25519",
          sign: (data) => {
            base = new TextDecoder().decode(data);
            return identity.sign(Uint8Array.from(data));
          },
        },
      },
    );
    expect(base.split("\n")).toEqual([
      '"@status": 503',
      '"content-length": 62',
      '"content-type": application/json',
      '"@authority";req: example.com',
      '"@method";req: POST',
      '"@path";req: /foo',
      '"content-digest";req: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      '"@signature-params": ("@status" "content-length" "content-type" "@authority";req "@method";req "@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256"',
    ]);
  });

  it("P-72: cover status, digest, and the request's method, path, digest and signature", () => {
    expect(answer.headers.get("signature-input")).toBe(
      'sig1=("@status" "content-digest" "@method";req "@path";req "content-digest";req "signature";req)' +
        `;created=${NOW / 1000};alg="ed25519";keyid="${bob.node}";tag="outcome-mesh/${mesh}"`,
    );
    expect(answer.headers.get("content-digest")).toBe(contentDigest(utf8Bytes('{"a":1}')));
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  it("P-72: are believed of the node that was asked, also where a proxy rewrote the host", async () => {
    expect(await verifyResponse(request, answer, believing)).toBe(true);
    const seenByBob = { ...request, url: url.replace("https://bob.example", "http://10.0.0.7:80") };
    const behindProxy = await signedAnswerTo(seenByBob, Response.json({ a: 1 }), answering);
    expect(await verifyResponse(request, await receive(behindProxy), believing)).toBe(true);
  });

  it.each([
    ["a refusal", () => problemResponse("forbidden")],
    ["a failure", () => problemResponse("internal")],
    ["an answer without a body", () => new Response(null, { status: 204 })],
  ])("P-72: %s is signed as well", async (_, make) => {
    const { status } = make();
    const signed = await receive(await signedAnswerTo(request, make(), answering));
    expect(signed.status).toBe(status);
    expect(await verifyResponse(request, signed, believing)).toBe(true);
  });

  it.each<[string, () => Received]>([
    ["its status changed", () => ({ ...answer, status: 403 })],
    ["its body changed", () => ({ ...answer, body: utf8Bytes('{"a":2}') })],
    [
      "its body and digest changed",
      () => {
        const body = utf8Bytes('{"a":2}');
        const headers = new Headers(answer.headers);
        headers.set("content-digest", contentDigest(body));
        return { ...answer, body, headers };
      },
    ],
    ["another creation time", () => changed("signature-input", /created=\d+/, "created=1")],
    ["another key id", () => changed("signature-input", bob.node, carol.node)],
    ["another tag", () => changed("signature-input", mesh, otherMesh)],
    ["a component less", () => changed("signature-input", ' "signature";req', "")],
    ["its signature changed", () => changed("signature", /=:../, "=:AA")],
    ["no signature", () => ({ ...answer, headers: new Headers() })],
  ])("P-72: an answer with %s is not believed", async (_, change) => {
    expect(await verifyResponse(request, change(), believing)).toBe(false);
  });

  it.each([
    ["of another method", { method: "PUT" }],
    ["to another path", { url: "https://bob.example/v1/peer/publish" }],
    ["of another body", { body: "[]" }],
    ["of another nonce: an answer from before", { nonce: "another" }],
  ])("P-72: an answer to a request %s is not believed", async (_, change) => {
    expect(await verifyResponse(await requestOf(change), answer, believing)).toBe(false);
  });

  it("P-72: an answer of another node, by another key, or of another mesh is not believed", async () => {
    const by = async (identity: typeof bob, inMesh = mesh): Promise<boolean> => {
      const signing = { identity: { ...identity, node: bob.node }, mesh: inMesh, now: NOW };
      const response = await signedAnswerTo(request, Response.json({}), signing);
      return verifyResponse(request, await receive(response), believing);
    };
    expect(await by(bob)).toBe(true);
    expect(await by(mallory)).toBe(false);
    expect(await by(bob, otherMesh)).toBe(false);
    const response = { status: 200, body: new Uint8Array() };
    const honest = await signResponse(request, response, { identity: carol, mesh, now: NOW });
    const received = { ...response, headers: new Headers(honest) };
    expect(await verifyResponse(request, received, believing)).toBe(false);
  });

  it("P-72: a signature over fewer components is not believed, though it is good", async () => {
    const headers = { "content-digest": contentDigest(answer.body) };
    const fields = await createSignature(
      {
        kind: "response",
        status: 200,
        fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
      },
      {
        components: ["@status", "content-digest"],
        parameters: { created: NOW / 1000, keyid: bob.node, tag: `outcome-mesh/${mesh}` },
        signer: { algorithm: "ed25519", sign: (data) => bob.sign(Uint8Array.from(data)) },
      },
    );
    const signed = new Headers({
      ...headers,
      "signature-input": fields.signatureInput,
      signature: fields.signature,
    });
    expect(await verifyResponse(request, { ...answer, headers: signed }, believing)).toBe(false);
  });

  const OLDEST_MS = (REQUEST_MAX_AGE_S + CLOCK_SKEW_S) * 1000;
  it.each([
    ["as old as it may be", OLDEST_MS, true],
    ["a second older", OLDEST_MS + 1000, false],
    ["as far ahead as it may be", -CLOCK_SKEW_S * 1000, true],
    ["a second further ahead", -CLOCK_SKEW_S * 1000 - 1000, false],
  ])("P-72: an answer %s is believed: see the table", async (_, age, isBelieved) => {
    expect(await verifyResponse(request, answer, { ...believing, now: NOW + age })).toBe(
      isBelieved,
    );
  });

  it("P-72: whoever names another node, or signs nothing, gets the answer as it is", async () => {
    const plain = Response.json({ a: 1 });
    const unsigned = { ...request, headers: new Headers({ "outcome-mesh-to": bob.node }) };
    expect(await signedAnswerTo(unsigned, plain, answering)).toBe(plain);
    expect(await signedAnswerTo({ ...request, headers: new Headers() }, plain, answering)).toBe(
      plain,
    );
    expect(await signedAnswerTo(request, plain, { ...answering, identity: carol })).toBe(plain);
  });

  it("P-72: a request whose fields no signature can cover gets an answer, not signed", async () => {
    const headers = new Headers(request.headers);
    headers.set("signature", "sig1=:\u00e4:");
    const response = await signedAnswerTo({ ...request, headers }, Response.json({}), answering);
    expect(response.status).toBe(200);
    expect(response.headers.has("signature")).toBe(false);
  });

  it("P-72: the signature of an answer makes no request", async () => {
    const headers = new Headers(request.headers);
    for (const name of ["signature", "signature-input", "content-digest"]) {
      headers.set(name, answer.headers.get(name) ?? "");
    }
    const posed = { method: "POST", url, headers, body: answer.body };
    const verified = await verifyRequest(posed, {
      mesh,
      self: bob.node,
      now: NOW,
      keyOf: () => bob.publicKey,
      acceptsDelegates: false,
    });
    expect(verified).toEqual({ ok: false, error: "unauthorized" });
  });
});
