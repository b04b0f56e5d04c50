import { createSignature, verifySignature } from "http-message-sig";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url, utf8Bytes } from "../../../protocol/bytes.ts";
import { publicKeySchema } from "../../../protocol/ids.ts";
import {
  CLOCK_SKEW_S,
  contentDigest,
  REQUEST_MAX_AGE_S,
  signRequest,
  verifyRequest,
  type ReceivedRequest,
  type SigningContext,
  type VerificationContext,
} from "../../../protocol/http/message-signature.ts";
import { signDelegation, type Delegation } from "../../../protocol/signed/delegation.ts";
import {
  openIdentity,
  secretKeyFrom,
  verifySignature as verifyBytes,
} from "../../../protocol/signed/ed25519.ts";
import { alice, bob, carol, mallory, mesh, NOW, otherMesh } from "../support/identities.ts";
import { bytesFrom } from "../support/random.ts";

const MAX_AGE_MS = (REQUEST_MAX_AGE_S + CLOCK_SKEW_S) * 1000;
const outgoing = {
  method: "POST",
  url: "https://bob.example/v1/peer/lookup?trees=1",
  body: utf8Bytes('{"domain":"x"}'),
};
const signing: SigningContext = {
  identity: alice,
  mesh,
  to: bob.node,
  now: NOW,
  nonce: bytesFrom("nonce").subarray(0, 16),
  timeoutMs: 2500.1,
};
const keys = new Map([alice, bob].map((identity) => [identity.node, identity.publicKey]));
const verifying: VerificationContext = {
  mesh,
  self: bob.node,
  now: NOW,
  keyOf: (node) => keys.get(node),
  acceptsDelegates: false,
};
const accepted = {
  ok: true,
  value: {
    node: alice.node,
    nonce: toBase64Url(signing.nonce),
    created: NOW / 1000,
    timeoutMs: 2501,
  },
};
const unauthorized = { ok: false, error: "unauthorized" };
const forbidden = { ok: false, error: "forbidden" };

async function send(change: Partial<SigningContext> = {}): Promise<ReceivedRequest> {
  const headers = new Headers(await signRequest(outgoing, { ...signing, ...change }));
  headers.set("user-agent", "a proxy may add headers");
  return { ...outgoing, headers };
}

function withHeader(
  request: ReceivedRequest,
  name: string,
  value: string | undefined,
): ReceivedRequest {
  const headers = new Headers(request.headers);
  if (value === undefined) headers.delete(name);
  else headers.set(name, value);
  return { ...request, headers };
}

describe("HTTP message signatures", () => {
  // RFC 9421 appendix B.2.6, with the key of B.1.4 and the request of B.2.
  it("P-47: the library reproduces and accepts the example of RFC 9421 B.2.6", async () => {
    const seed = Buffer.from("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=", "base64");
    const identity = await openIdentity(secretKeyFrom(seed));
    expect(identity.publicKey).toBe("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs");
    const message = {
      kind: "request",
      method: "POST",
      targetUri: "https://example.com/foo?param=Value&Pet=dog",
      fields: [
        { name: "host", value: "example.com" },
        { name: "date", value: "Tue, 20 Apr 2021 02:07:55 GMT" },
        { name: "content-type", value: "application/json" },
        { name: "content-length", value: "18" },
      ],
    } as const;
    const components = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    const fields = await createSignature(message, {
      label: "sig-b26",
      components,
      parameters: { created: 1618884473, keyid: "test-key-ed25519" },
      signer: { algorithm: "ed25519", sign: (data) => identity.sign(Uint8Array.from(data)) },
    });
    expect(fields.signatureInput).toBe(
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    );
    expect(fields.signature).toBe(
      "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    );
    const headers = [
      { name: "signature-input", value: fields.signatureInput },
      { name: "signature", value: fields.signature },
    ];
    const verified = await verifySignature(
      { ...message, fields: [...message.fields, ...headers] },
      {
        policy: { algorithms: ["ed25519"], requiredComponents: components, requiredParameters: [] },
        resolveVerifier: () => ({
          algorithm: "ed25519",
          verify: (data, signature) =>
            verifyBytes(identity.publicKey, Uint8Array.from(signature), Uint8Array.from(data)),
        }),
      },
    );
    expect(verified.label).toBe("sig-b26");
  });

  it("P-47: a request by a live member is accepted, whatever headers a proxy adds or rewrites", async () => {
    const request = await send();
    expect(await verifyRequest(request, verifying)).toEqual(accepted);
    const rewritten = {
      ...request,
      url: request.url.replace("https://bob.example", "http://10.0.0.7:8080"),
    };
    expect(await verifyRequest(rewritten, verifying)).toEqual(accepted);
  });

  it("P-47: covers method, path, query, digest, recipient and time left, with created, nonce, alg, keyid and tag", async () => {
    const request = await send();
    expect(request.headers.get("signature-input")).toBe(
      'sig1=("@method" "@path" "@query" "content-digest" "outcome-mesh-to" "outcome-mesh-timeout")' +
        `;created=${NOW / 1000};nonce="${toBase64Url(signing.nonce)}";alg="ed25519"` +
        `;keyid="${alice.node}";tag="outcome-mesh/${mesh}"`,
    );
    expect(request.headers.get("outcome-mesh-to")).toBe(bob.node);
    expect(request.headers.get("outcome-mesh-timeout")).toBe("2501");
    expect(request.headers.get("content-digest")).toBe(contentDigest(outgoing.body));
  });

  const otherBody = utf8Bytes('{"domain":"y"}');
  it.each<[string, (request: ReceivedRequest) => ReceivedRequest]>([
    ["the method", (r) => ({ ...r, method: "PUT" })],
    ["the path", (r) => ({ ...r, url: r.url.replace("lookup", "publish") })],
    ["the query", (r) => ({ ...r, url: r.url.replace("trees=1", "trees=2") })],
    ["no query", (r) => ({ ...r, url: r.url.replace("?trees=1", "") })],
    ["the body", (r) => ({ ...r, body: otherBody })],
    ["the digest", (r) => withHeader(r, "content-digest", contentDigest(otherBody))],
    [
      "the body and its digest",
      (r) => ({ ...withHeader(r, "content-digest", contentDigest(otherBody)), body: otherBody }),
    ],
    ["no digest", (r) => withHeader(r, "content-digest", undefined)],
    ["the recipient", (r) => withHeader(r, "outcome-mesh-to", alice.node)],
    ["no recipient", (r) => withHeader(r, "outcome-mesh-to", undefined)],
    ["the time left", (r) => withHeader(r, "outcome-mesh-timeout", "2502")],
    ["no time left", (r) => withHeader(r, "outcome-mesh-timeout", undefined)],
    ["no signature", (r) => withHeader(r, "signature", undefined)],
    ["no signature input", (r) => withHeader(r, "signature-input", undefined)],
    ["a signature that is none", (r) => withHeader(r, "signature", "sig1=:AAAA:")],
    ["garbage for a signature", (r) => withHeader(r, "signature", "%%%")],
  ])("P-47: %s, changed alone, is refused", async (_, change) => {
    expect(await verifyRequest(change(await send()), verifying)).toEqual(unauthorized);
  });

  it.each([
    ["created", /created=\d+/, `created=${NOW / 1000 + 1}`],
    ["nonce", /nonce="[^"]+"/, 'nonce="AAAAAAAAAAAAAAAAAAAAAA"'],
    ["keyid", /keyid="[^"]+"/, `keyid="${bob.node}"`],
    ["alg", /alg="ed25519"/, 'alg="hmac-sha256"'],
    ["tag", /tag="[^"]+"/, `tag="outcome-mesh/${otherMesh}"`],
    ["no created", /;created=\d+/, ""],
    ["no nonce", /;nonce="[^"]+"/, ""],
    ["no keyid", /;keyid="[^"]+"/, ""],
    ["no tag", /;tag="[^"]+"/, ""],
    ["fewer components", / "content-digest"/, ""],
    ["the order of components", /"@method" "@path"/, '"@path" "@method"'],
  ])("P-47: the signature parameter %s, changed alone, is refused", async (_, from, to) => {
    const request = await send();
    const input = request.headers.get("signature-input") ?? "";
    expect(input).toMatch(from);
    const changed = withHeader(request, "signature-input", input.replace(from, to));
    expect(await verifyRequest(changed, verifying)).toEqual(unauthorized);
  });

  it("P-47: a signature over fewer components is refused, though it is good", async () => {
    const headers = {
      "content-digest": contentDigest(outgoing.body),
      "outcome-mesh-to": bob.node,
      "outcome-mesh-timeout": "1000",
    };
    const fields = await createSignature(
      {
        kind: "request",
        method: outgoing.method,
        targetUri: outgoing.url,
        fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
      },
      {
        components: [
          "@method",
          "@path",
          "content-digest",
          "outcome-mesh-to",
          "outcome-mesh-timeout",
        ],
        parameters: {
          created: NOW / 1000,
          nonce: toBase64Url(signing.nonce),
          keyid: alice.node,
          tag: `outcome-mesh/${mesh}`,
        },
        signer: { algorithm: "ed25519", sign: (data) => alice.sign(Uint8Array.from(data)) },
      },
    );
    const signed = {
      ...headers,
      "signature-input": fields.signatureInput,
      signature: fields.signature,
    };
    const request = { ...outgoing, headers: new Headers(signed) };
    expect(await verifyRequest(request, verifying)).toEqual(unauthorized);
  });

  it.each([
    ["less than a millisecond", 0.2, 1],
    ["no time", 0, 1],
    ["eleven days", 999_999_999, 999_999_999],
    ["too long for a timer", 1_000_000_000, undefined],
    ["for ever", Infinity, undefined],
  ])("P-47: a sender that waits %s: see the table", async (_, timeoutMs, heard) => {
    const verified = await verifyRequest(await send({ timeoutMs }), verifying);
    expect(verified).toEqual(
      heard === undefined
        ? unauthorized
        : { ...accepted, value: { ...accepted.value, timeoutMs: heard } },
    );
  });

  it.each([0, 15, 17, 1000])("P-47: a nonce of %d bytes is refused", async (length) => {
    expect(await verifyRequest(await send({ nonce: new Uint8Array(length) }), verifying)).toEqual(
      unauthorized,
    );
  });

  it("P-47: a request meant for another node is refused, though its signature is good", async () => {
    expect(await verifyRequest(await send({ to: carol.node }), verifying)).toEqual(unauthorized);
  });

  it("P-47: a request of another mesh is refused, though its signature is good", async () => {
    expect(await verifyRequest(await send({ mesh: otherMesh }), verifying)).toEqual(unauthorized);
  });

  it("P-47: a key that is not the one of the claimed member is refused", async () => {
    const impostor = { ...mallory, node: alice.node };
    expect(await verifyRequest(await send({ identity: impostor }), verifying)).toEqual(
      unauthorized,
    );
  });

  it("P-47: a stranger is forbidden, and so is a member without a live lease", async () => {
    expect(await verifyRequest(await send({ identity: mallory }), verifying)).toEqual(forbidden);
    const lapsed = { ...verifying, keyOf: () => undefined };
    expect(await verifyRequest(await send(), lapsed)).toEqual(forbidden);
  });

  it.each([
    ["as old as it may be", MAX_AGE_MS, true],
    ["a second older", MAX_AGE_MS + 1000, false],
    ["a day old", 86_400_000, false],
    ["as far ahead as it may be", -CLOCK_SKEW_S * 1000, true],
    ["a second further ahead", -CLOCK_SKEW_S * 1000 - 1000, false],
  ])("P-48: a request %s is accepted: see the table", async (_, age, isAccepted) => {
    const verified = await verifyRequest(await send(), { ...verifying, now: NOW + age });
    expect(verified).toEqual(isAccepted ? accepted : unauthorized);
  });
});

const delegation = await signDelegation(alice, mesh, carol.publicKey, NOW + 1000);

function sendAs(given: Delegation, identity = carol): Promise<ReceivedRequest> {
  return send({ identity, delegation: given });
}

describe("delegates", () => {
  const welcoming = { ...verifying, acceptsDelegates: true };
  it("P-49: ask in the name of the node that delegated, where delegates are welcome", async () => {
    expect(await verifyRequest(await sendAs(delegation), welcoming)).toEqual(accepted);
    expect(await verifyRequest(await sendAs(delegation), verifying)).toEqual(unauthorized);
  });

  it("P-49: members ask in their own name there too", async () => {
    expect(await verifyRequest(await send(), welcoming)).toEqual(accepted);
  });

  it("P-49: are refused from the moment that the delegation expires", async () => {
    const request = await sendAs(delegation);
    const at = (now: number) => verifyRequest(request, { ...welcoming, now });
    expect(await at(NOW + 999)).toEqual(accepted);
    expect(await at(NOW + 1000)).toEqual(unauthorized);
  });

  it.each<[string, Partial<Delegation>]>([
    ["expiresAt", { expiresAt: NOW + 100_000 }],
    ["node", { node: bob.node }],
    ["delegate", { delegate: mallory.publicKey }],
    ["signature", { signature: toBase64Url(new Uint8Array(64)) }],
  ])("P-49: a delegation whose %s was changed is refused", async (_, change) => {
    expect(await verifyRequest(await sendAs({ ...delegation, ...change }), welcoming)).toEqual(
      unauthorized,
    );
  });

  it("P-49: a delegation for another key, of another mesh, or by another key is refused", async () => {
    expect(await verifyRequest(await sendAs(delegation, mallory), welcoming)).toEqual(unauthorized);
    const elsewhere = await signDelegation(alice, otherMesh, carol.publicKey, NOW + 1000);
    expect(await verifyRequest(await sendAs(elsewhere), welcoming)).toEqual(unauthorized);
    const impostor = { ...mallory, node: alice.node };
    const forged = await signDelegation(impostor, mesh, carol.publicKey, NOW + 1000);
    expect(await verifyRequest(await sendAs(forged), welcoming)).toEqual(unauthorized);
  });

  it("P-37: a delegate whose key is not sound is refused", async () => {
    const weak = publicKeySchema.parse(toBase64Url(Uint8Array.of(1, ...new Uint8Array(31))));
    const given = await signDelegation(alice, mesh, weak, NOW + 1000);
    const identity = { ...carol, publicKey: weak };
    expect(await verifyRequest(await sendAs(given, identity), welcoming)).toEqual(unauthorized);
  });

  it("P-49: a delegation by a stranger is forbidden", async () => {
    const foreign = await signDelegation(mallory, mesh, carol.publicKey, NOW + 1000);
    expect(await verifyRequest(await sendAs(foreign), welcoming)).toEqual(forbidden);
  });

  it("P-49: a delegate without the delegation is no one", async () => {
    const bare = withHeader(await sendAs(delegation), "outcome-mesh-delegation", undefined);
    expect((await verifyRequest(bare, welcoming)).ok).toBe(false);
  });

  it("P-49: a delegation added to a member's own request is refused", async () => {
    const header = toBase64Url(utf8Bytes(JSON.stringify(delegation)));
    const added = withHeader(await send(), "outcome-mesh-delegation", header);
    expect(await verifyRequest(added, welcoming)).toEqual(unauthorized);
  });

  it.each(["", "%", "AAAA", toBase64Url(utf8Bytes("{}")), toBase64Url(utf8Bytes("null"))])(
    "P-49: the delegation header %j is refused, and never throws",
    async (header) => {
      const request = withHeader(await sendAs(delegation), "outcome-mesh-delegation", header);
      expect(await verifyRequest(request, welcoming)).toEqual(unauthorized);
    },
  );
});

describe("content digests", () => {
  it("P-47: are SHA-256 in the form of RFC 9530", () => {
    // SHA-256 of the empty string, FIPS 180-4 examples.
    expect(contentDigest(new Uint8Array(0))).toBe(
      "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
    );
    expect(fromBase64Url("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")).toHaveLength(32);
  });
});
