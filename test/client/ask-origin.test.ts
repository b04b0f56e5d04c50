import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ANSWER_MAX_BYTES,
  askOriginOverHttp,
  callPolicy,
  contentDigest,
  openQuery,
  openSealingKey,
  ORIGIN_QUERY_PATH,
  problemCode,
  problemOf,
  REQUEST_MAX_BYTES,
  SEALED_MEDIA_TYPE,
  SEALED_QUERY_CONTENT_MAX_BYTES,
  sealingKeySchema,
  secretKeyFrom,
  signAnswer,
  signDelegation,
  signDescriptor,
  verifyRequest,
  type Answer,
  type AskOriginOptions,
  type DescriptorStatement,
  type Identity,
  type OriginOutcome,
  type QueryEntry,
  type Receipt,
  type SignedAnswer,
} from "../../protocol/index.ts";
import {
  receivedAt,
  sendJson,
  sendSigned,
  startTestServer,
  type Handler,
  type ReceivedByServer,
  type TestServer,
} from "../support/client-server.ts";
import {
  alice,
  bob,
  carol,
  domainIdFrom,
  mesh,
  otherMesh,
  statementOf,
} from "../unit/support/identities.ts";
import { receiptOf } from "../support/receipts.ts";

const ASKER = alice;
const ORIGIN = bob;
const DOMAIN = domainIdFrom("domain");
const QUERY = { domain: DOMAIN, profile: { age: 61 }, k: 2 };
const PATIENT_MS = 10_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function ask(handler: Handler, change: Partial<AskOriginOptions> = {}): Promise<OriginOutcome> {
  server.answerWith(handler);
  return askOriginOverHttp({
    fetch,
    identity: ASKER,
    mesh,
    origin: { node: ORIGIN.node, key: ORIGIN.publicKey, originUrl: server.url },
    query: QUERY,
    deadline: Date.now() + PATIENT_MS,
    now: Date.now,
    mayCall: callPolicy({ ownUrl: server.url }),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    ...change,
  });
}

/** Sends what the origin says, signed by it as HTTP answers are: what is wrong with it lies within. */
function say(
  request: ReceivedByServer,
  response: ServerResponse,
  status: number,
  content: unknown,
): Promise<void> {
  const signer = { identity: ORIGIN, mesh };
  return sendSigned(response, receivedAt(server.url, request), signer, status, content);
}

const saying =
  (content: unknown, status = 200): Handler =>
  (request, response) =>
    say(request, response, status, content);

const result = (reference: string) => ({
  reference,
  score: 0.9,
  features: { age: 0.9 },
  intervention: { treatment: "rest" },
  result: { recovered: true },
});

function answerTo(request: ReceivedByServer, change: Partial<Answer> = {}): Answer {
  return {
    version: 1,
    node: ORIGIN.node,
    domain: DOMAIN,
    query: contentDigest(request.body),
    answeredAt: Date.now(),
    results: [result("a"), result("b")],
    warnings: [{ path: "profile.terms.0", message: "unknown term" }],
    ...change,
  };
}

/** Answers as an honest origin does, but for `change` to the answer before and `forge` after signing. */
function answering(
  change: Partial<Answer> = {},
  forge: (signed: SignedAnswer) => unknown = (signed) => signed,
): Handler {
  return async (request, response) => {
    const signed = await signAnswer(ORIGIN, mesh, answerTo(request, change));
    await say(request, response, 200, forge(signed));
  };
}

/** Answers with a receipt, but for the changes: to what is logged, and to the receipt that is given. */
function answeringWithReceipt(
  changes: Partial<QueryEntry> = {},
  forge: (receipt: Receipt) => Receipt = (receipt) => receipt,
  identity = ORIGIN,
): Handler {
  return async (request, response) => {
    const answer = answerTo(request);
    const good = await receiptOf(answer, { identity, mesh, asker: ASKER.node, changes });
    const signed = await signAnswer(ORIGIN, mesh, { ...answer, receipt: forge(good) });
    await say(request, response, 200, signed);
  };
}

/** An honest answer, filled up with spaces to `size` bytes. */
const padded =
  (size: number): Handler =>
  async (request, response) => {
    const signed = JSON.stringify(await signAnswer(ORIGIN, mesh, answerTo(request)));
    await say(request, response, 200, signed.padEnd(size));
  };

/** Who the server finds the request to be from, as an origin would. */
function senderOf(received: ReceivedByServer | undefined, acceptsDelegates: boolean) {
  if (!received) throw new Error("nothing was received");
  return verifyRequest(receivedAt(server.url, received), {
    mesh,
    self: ORIGIN.node,
    now: Date.now(),
    keyOf: (node) => (node === ASKER.node ? ASKER.publicKey : undefined),
    acceptsDelegates,
  });
}

const NOTHING = { results: [], warnings: [] };

describe("P-113: a receipt that comes with an answer", () => {
  it("is kept where it proves that the origin logged this very query and answer", async () => {
    const outcome = await ask(answeringWithReceipt());
    expect(outcome.status).toBe("answered");
    expect(outcome.receipt).toMatchObject({ entry: { asker: ASKER.node } });
  });

  it("names the node in whose name a client asks", async () => {
    const delegation = await signDelegation(ASKER, mesh, carol.publicKey, Date.now() + PATIENT_MS);
    const outcome = await ask(answeringWithReceipt(), { identity: carol, delegation });
    expect(outcome.status).toBe("answered");
  });

  it.each<[string, Handler]>([
    ["another asker", answeringWithReceipt({ asker: carol.node })],
    ["another domain", answeringWithReceipt({ domain: domainIdFrom("another") })],
    ["another query", answeringWithReceipt({ query: DOMAIN })],
    ["another answer", answeringWithReceipt({ answer: DOMAIN })],
    ["no answer", answeringWithReceipt({ answer: undefined })],
    ["a refusal", answeringWithReceipt({ decision: { outcome: "refused", reasons: [] } })],
    ["fewer results", answeringWithReceipt({ released: { count: 1, references: ["a"] } })],
    ["other results", answeringWithReceipt({ released: { count: 2, references: ["a", "c"] } })],
    ["a log that another node signed", answeringWithReceipt({}, undefined, carol)],
    [
      "an entry that is not in the log",
      answeringWithReceipt({}, (good) => ({ ...good, entry: { ...good.entry, at: 1 } })),
    ],
    [
      "a checkpoint that was changed",
      answeringWithReceipt({}, ({ checkpoint: { checkpoint, signature }, ...good }) => ({
        ...good,
        checkpoint: { checkpoint: { ...checkpoint, signedAt: 1 }, signature },
      })),
    ],
    [
      "another query's opening",
      answeringWithReceipt({}, (good) => ({
        ...good,
        opening: { ...good.opening, query: contentDigest(new Uint8Array([1])) },
      })),
    ],
  ])("makes the answer invalid where it is of %s", async (_, handler) => {
    expect(await ask(handler)).toMatchObject({ status: "invalid", ...NOTHING });
  });
});

describe("asking an origin over HTTP", () => {
  it("takes the results of an answer that the origin signed for this query", async () => {
    const outcome = await ask(answering());
    const received = server.requests.at(-1);
    expect(outcome).toMatchObject({
      status: "answered",
      results: [result("a"), result("b")],
      warnings: [{ path: "profile.terms.0", message: "unknown term" }],
    });
    expect(received).toMatchObject({ method: "POST", path: "/v1/outcomes/query" });
    expect(JSON.parse(String(received?.body))).toEqual(QUERY);
    expect(outcome.bytesSent).toBe(received?.body.length);
    expect(outcome.bytesReceived).toBeGreaterThan(300);
  });

  it("signs the request as the asker, for that origin", async () => {
    await ask(answering());
    const sender = await senderOf(server.requests.at(-1), false);
    expect(sender).toMatchObject({ ok: true, value: { node: ASKER.node } });
  });

  it("with a delegation, signs with the client's own key in the name of its node", async () => {
    const delegation = await signDelegation(ASKER, mesh, carol.publicKey, Date.now() + PATIENT_MS);
    await ask(answering(), { identity: carol, delegation });
    const received = server.requests.at(-1);
    expect(await senderOf(received, true)).toMatchObject({
      ok: true,
      value: { node: ASKER.node },
    });
    expect(await senderOf(received, false)).toEqual({ ok: false, error: "unauthorized" });
  });

  it("never uses a nonce twice", async () => {
    await ask(answering());
    await ask(answering());
    const [first, second] = server.requests
      .slice(-2)
      .map(({ headers }) => String(headers["signature-input"]));
    expect(first).toMatch(/nonce="/);
    expect(first).not.toBe(second);
  });

  it.each<[string, Handler]>([
    ["of another node", answering({ node: carol.node })],
    ["for another domain", answering({ domain: domainIdFrom("another") })],
    ["to another query", answering({ query: contentDigest(new Uint8Array([1])) })],
    ["with more results than were asked for", answering({ results: ["a", "b", "c"].map(result) })],
    [
      "changed after it was signed",
      answering({}, ({ answer, signature }) => ({
        answer: { ...answer, results: [{ ...result("a"), score: 1 }] },
        signature,
      })),
    ],
    [
      "signed by another key",
      async (request, response) => {
        await say(request, response, 200, await signAnswer(carol, mesh, answerTo(request)));
      },
    ],
    [
      "signed for another mesh",
      async (request, response) => {
        await say(request, response, 200, await signAnswer(ORIGIN, otherMesh, answerTo(request)));
      },
    ],
    ["with a field that the schema does not know", answering({}, (s) => ({ ...s, extra: 1 }))],
    ["without a signature", answering({}, ({ answer }) => ({ answer }))],
    ["that is not JSON", saying("<html>hello</html>")],
    ["that is not UTF-8", saying(Buffer.from([0x22, 0xff, 0x22]))],
    ["that is empty", saying("")],
    [
      "with half a surrogate pair, which has no canonical form",
      answering({}, ({ answer, signature }) => ({
        answer: { ...answer, warnings: [{ path: "\ud800", message: "" }] },
        signature,
      })),
    ],
    ["with a refusal that is no problem document", saying({}, 403)],
    [
      "whose bytes it did not sign for this request",
      async (request, response) => {
        sendJson(response, 200, await signAnswer(ORIGIN, mesh, answerTo(request)));
      },
    ],
    ["with a refusal that it did not sign", (_, out) => sendJson(out, 403, problemOf("forbidden"))],
    [
      "with a refusal that another node signed",
      (request, out) =>
        sendSigned(
          out,
          receivedAt(server.url, request),
          { identity: { ...carol, node: ORIGIN.node }, mesh },
          403,
          problemOf("forbidden"),
        ),
    ],
  ])("does not believe an answer %s", async (_, handler) => {
    expect(await ask(handler)).toMatchObject({ status: "invalid", ...NOTHING });
  });

  it.each([301, 302, 303, 307, 308])("does not follow a redirect (%d)", async (status) => {
    const before = server.requests.length;
    const outcome = await ask((request, response) => {
      if (request.path === "/elsewhere") return answering()(request, response);
      return void response.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect(outcome).toMatchObject({ status: "invalid", ...NOTHING });
    expect(server.requests.slice(before).map(({ path }) => path)).toEqual(["/v1/outcomes/query"]);
  });

  it.each([
    ["forbidden", 403],
    ["bad-profile", 422],
    ["unknown-domain", 404],
  ] as const)("says why an origin refuses: %s", async (code, status) => {
    const problem = problemOf(code, { detail: "because" });
    const outcome = await ask(saying(problem, status));
    expect(outcome).toMatchObject({ status: "refused", problem, ...NOTHING });
  });

  it("takes a failure of the origin for being unreachable, and keeps its problem", async () => {
    const problem = problemOf("internal");
    expect(await ask(saying(problem, 500))).toMatchObject({
      status: "unreachable",
      problem,
      ...NOTHING,
    });
    expect(await ask((_, response) => void response.writeHead(502).end("bad gateway"))).toEqual(
      expect.objectContaining({ status: "unreachable", problem: undefined, ...NOTHING }),
    );
  });

  it("takes an origin that found the time to be over for one that timed out", async () => {
    const problem = problemOf("too-late");
    expect(await ask(saying(problem, 504))).toMatchObject({ status: "timed-out", problem });
  });

  it("tells the origin how long it waits, and passes the trace on as a step of its own", async () => {
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    await ask(answering(), { traceparent, deadline: Date.now() + 5000 });
    const headers = server.requests.at(-1)?.headers;
    const timeout = Number(headers?.["outcome-mesh-timeout"]);
    expect(timeout).toBeGreaterThan(0);
    expect(timeout).toBeLessThanOrEqual(5000);
    expect(headers?.["traceparent"]).toMatch(/^00-(ab){16}-[0-9a-f]{16}-01$/);
    expect(headers?.["traceparent"]).not.toBe(traceparent);
    await ask(answering());
    expect(server.requests.at(-1)?.headers).not.toHaveProperty("traceparent");
  });

  it("takes a cut connection for being unreachable, before and within the answer", async () => {
    const atOnce = await ask((_, response) => void response.destroy());
    const within = await ask((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("{", () => response.destroy());
    });
    expect(atOnce).toMatchObject({ status: "unreachable", bytesReceived: 0, ...NOTHING });
    expect(within).toMatchObject({ status: "unreachable", ...NOTHING });
  });

  it("takes a closed port and a descriptor without an origin for being unreachable", async () => {
    const gone = await startTestServer();
    await gone.close();
    const target = { node: ORIGIN.node, key: ORIGIN.publicKey };
    const closed = await ask(answering(), { origin: { ...target, originUrl: gone.url } });
    const none = await ask(answering(), { origin: target });
    expect(closed).toMatchObject({ status: "unreachable", ...NOTHING });
    expect(none).toMatchObject({ status: "unreachable", bytesSent: 0, ...NOTHING });
  });

  it("does not call where it may not, and takes that for being unreachable", async () => {
    const before = server.requests.length;
    const outcome = await ask(answering(), {
      mayCall: callPolicy({ ownUrl: "https://own.example" }),
    });
    expect(outcome).toMatchObject({ status: "unreachable", bytesSent: 0, ...NOTHING });
    expect(server.requests.length).toBe(before);
  });

  it("waits no longer than its deadline for an origin that does not answer", async () => {
    const startedAt = performance.now();
    const outcome = await ask(() => undefined, { deadline: Date.now() + 100 });
    expect(outcome).toMatchObject({ status: "timed-out", bytesReceived: 0, ...NOTHING });
    expect(outcome.bytesSent).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it("waits no longer than its deadline for an answer that trickles, and counts what came", async () => {
    const outcome = await ask(
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 10);
        response.on("close", () => clearInterval(timer));
      },
      { deadline: Date.now() + 200 },
    );
    expect(outcome).toMatchObject({ status: "timed-out", ...NOTHING });
    expect(outcome.bytesReceived).toBeGreaterThan(0);
  });

  it("does not wait for a fetch that does not heed its signal", async () => {
    const outcome = await ask(answering(), {
      fetch: () => new Promise(() => undefined),
      deadline: Date.now() + 50,
    });
    expect(outcome.status).toBe("timed-out");
  });

  it("asks nothing when the deadline is past, or the asker has given up", async () => {
    let calls = 0;
    const counting: Partial<AskOriginOptions> = {
      fetch: async (url, init) => {
        calls += 1;
        return fetch(url, init);
      },
    };
    const late = await ask(answering(), { ...counting, deadline: Date.now() - 1 });
    const given = await ask(answering(), { ...counting, signal: AbortSignal.abort() });
    expect([late, given]).toEqual([
      expect.objectContaining({ status: "timed-out", bytesSent: 0 }),
      expect.objectContaining({ status: "timed-out", bytesSent: 0 }),
    ]);
    // Signing takes a moment: what must not be sent would be by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls).toBe(0);
  });

  it("stops waiting when the asker gives up", async () => {
    const stop = new AbortController();
    const pending = ask(() => stop.abort(), { signal: stop.signal });
    expect(await pending).toMatchObject({ status: "timed-out", ...NOTHING });
  });

  it.each([
    ["announced", true],
    ["streamed", false],
  ])("leaves an answer that is too large (%s)", async (_, isAnnounced) => {
    const outcome = await ask((__, response) => {
      response.writeHead(200, isAnnounced ? { "content-length": ANSWER_MAX_BYTES + 1 } : {});
      const piece = Buffer.alloc(65_536, " ");
      const pump = (): void => {
        while (!response.destroyed && response.write(piece)) continue;
      };
      response.on("drain", pump);
      pump();
    });
    expect(outcome).toMatchObject({ status: "invalid", ...NOTHING });
    expect(outcome.bytesReceived).toBeLessThan(2 * ANSWER_MAX_BYTES);
  });

  it("reads an answer of the largest size, and leaves one that is a byte larger", async () => {
    const largest = await ask(padded(ANSWER_MAX_BYTES));
    const larger = await ask(padded(ANSWER_MAX_BYTES + 1));
    expect(largest).toMatchObject({ status: "answered", bytesReceived: ANSWER_MAX_BYTES });
    expect(larger.status).toBe("invalid");
  });

  it("does not read an endless refusal", async () => {
    const outcome = await ask((_, response) => {
      response.writeHead(403);
      const timer = setInterval(() => response.write(Buffer.alloc(65_536, " ")), 1);
      response.on("close", () => clearInterval(timer));
    });
    expect(outcome.status).toBe("invalid");
  });
});

const SEALING = await openSealingKey(secretKeyFrom(new Uint8Array(32).fill(1)));
const OLD_SEALING = await openSealingKey(secretKeyFrom(new Uint8Array(32).fill(2)));
const NONCE = new Uint8Array(16).fill(3);

/** The origin, as one knows it who read a descriptor with `sealingKey`. */
const sealedTarget = (sealingKey: string | undefined) => ({
  origin: {
    node: ORIGIN.node,
    key: ORIGIN.publicKey,
    originUrl: server.url,
    sealingKey: sealingKey === undefined ? undefined : sealingKeySchema.parse(sealingKey),
  },
});

/** Opens a query as an honest origin with `SEALING`, and seals what `reply` makes of the body within. */
const unsealing =
  (reply: (body: Uint8Array) => Promise<{ status: number; content: unknown }>): Handler =>
  async (request, response) => {
    const context = {
      mesh,
      from: ASKER.node,
      to: ORIGIN.node,
      method: "POST",
      path: ORIGIN_QUERY_PATH,
    };
    const opened = await openQuery(request.body, [SEALING], context);
    if (!opened.ok) return refusingKey()(request, response);
    const { status, content } = await reply(opened.value.body);
    const body = Uint8Array.from(Buffer.from(JSON.stringify(content)));
    const sealed = await opened.value.answer.seal({ status, body }, NONCE);
    return say(request, response, 200, Buffer.from(sealed));
  };

const honest = unsealing(async (body) => ({
  status: 200,
  content: await signAnswer(ORIGIN, mesh, {
    ...answerTo({ method: "POST", path: "", headers: {}, body: Buffer.from(body) }),
  }),
}));

/** Refuses the key, with a descriptor in which there is one of `SEALING`, but for `change`. */
const refusingKey =
  (
    change: Partial<DescriptorStatement> = {},
    signer: Identity = ORIGIN,
    code: "unknown-sealing-key" | "sealing-required" = "unknown-sealing-key",
  ): Handler =>
  async (request, response) => {
    const now = Date.now();
    const lease = { issuedAt: now - 1000, expiresAt: now + 60_000 };
    const statement = statementOf(ORIGIN, { ...lease, sealingKey: SEALING.publicKey, ...change });
    const descriptor = await signDescriptor(signer, mesh, statement);
    const problem = problemOf(code, { statements: [{ type: "descriptor", descriptor }] });
    return say(request, response, problem.status, problem);
  };

describe("asking an origin that has a sealing key", () => {
  it("P-122: sends nothing but the sealed query, and takes the sealed answer to what is within", async () => {
    const outcome = await ask(honest, sealedTarget(SEALING.publicKey));
    expect(outcome).toMatchObject({ status: "answered", results: [result("a"), result("b")] });
    const received = server.requests.at(-1);
    expect(received?.headers["content-type"]).toBe(SEALED_MEDIA_TYPE);
    expect(received?.body.includes(DOMAIN)).toBe(false);
    expect([outcome.bytesSent, outcome.bytesReceived]).toEqual([1024, 4096]);
  });

  it("P-126: takes a sealed refusal for what it says", async () => {
    const problem = problemOf("forbidden", { detail: "not you" });
    const refusing = unsealing(async () => ({ status: 403, content: problem }));
    const late = unsealing(async () => ({ status: 504, content: problemOf("too-late") }));
    const failing = unsealing(async () => ({ status: 500, content: problemOf("internal") }));
    const target = sealedTarget(SEALING.publicKey);
    expect(await ask(refusing, target)).toMatchObject({ status: "refused", problem });
    expect((await ask(late, target)).status).toBe("timed-out");
    expect((await ask(failing, target)).status).toBe("unreachable");
  });

  it.each<[string, Handler]>([
    ["in the clear, which who read the query would not give", answering()],
    ["sealed to another query", (request, out) => say(request, out, 200, Buffer.alloc(4096, 1))],
    ["of no size class", (request, out) => say(request, out, 200, Buffer.alloc(100, 1))],
    [
      "sealed, about the sealed bytes and not those within",
      async (request, out) => {
        const content = await signAnswer(ORIGIN, mesh, answerTo(request));
        return unsealing(async () => ({ status: 200, content }))(request, out);
      },
    ],
  ])("P-126: does not believe an answer %s", async (_, handler) => {
    const outcome = await ask(handler, sealedTarget(SEALING.publicKey));
    expect(outcome).toMatchObject({ status: "invalid", ...NOTHING });
  });

  it.each([
    ["another key", OLD_SEALING.publicKey, "unknown-sealing-key"],
    ["none", undefined, "sealing-required"],
  ] as const)(
    "P-127: with %s, asks once more with the key that the refusal proves",
    async (_, known, code) => {
      const before = server.requests.length;
      const outcome = await ask((request, out) => {
        const isFirst = server.requests.length === before + 1;
        return isFirst ? refusingKey({}, ORIGIN, code)(request, out) : honest(request, out);
      }, sealedTarget(known));
      expect(outcome.status).toBe("answered");
      const sent = server.requests.slice(before).map(({ body }) => body.length);
      expect(sent).toHaveLength(2);
      expect(outcome.bytesSent).toBe((sent[0] ?? 0) + (sent[1] ?? 0));
    },
  );

  it.each<[string, Handler]>([
    ["for ever", refusingKey()],
    ["with the key that was used", refusingKey({ sealingKey: OLD_SEALING.publicKey })],
    ["with a descriptor that another signed", refusingKey({}, carol)],
    ["with another node's descriptor", refusingKey({ key: carol.publicKey }, carol)],
    ["with one that has expired", refusingKey({ issuedAt: 1, expiresAt: 2 })],
    ["with one that has no key", (request, out) => refuseWithoutKey(request, out)],
  ])("P-127: an origin that refuses %s is asked twice at most", async (_, handler) => {
    const before = server.requests.length;
    const outcome = await ask(handler, sealedTarget(OLD_SEALING.publicKey));
    expect(outcome.status).toBe("refused");
    expect(outcome.problem && problemCode(outcome.problem)).toBe("unknown-sealing-key");
    const bodies = server.requests.slice(before).map(({ body }) => body);
    expect(bodies.length).toBeLessThanOrEqual(2);
    // Never in the clear, whatever the origin says.
    for (const body of bodies) expect(body.includes(DOMAIN)).toBe(false);
  });

  it("P-124: does not ask with a query that is too long to be sealed, or to a key that no one has", async () => {
    const before = server.requests.length;
    const profile = { text: "x".repeat(SEALED_QUERY_CONTENT_MAX_BYTES) };
    const long = await ask(honest, {
      ...sealedTarget(SEALING.publicKey),
      query: { ...QUERY, profile },
    });
    expect(long).toMatchObject({ status: "refused", problem: { status: 413 }, bytesSent: 0 });
    const zero = Buffer.alloc(32).toString("base64url");
    expect(await ask(honest, sealedTarget(zero))).toMatchObject({ status: "invalid" });
    expect(server.requests.length).toBe(before);
    const { length } = JSON.stringify({ ...QUERY, profile: { text: "" } });
    const longest = { text: "x".repeat(SEALED_QUERY_CONTENT_MAX_BYTES - length) };
    const outcome = await ask(honest, {
      ...sealedTarget(SEALING.publicKey),
      query: { ...QUERY, profile: longest },
    });
    expect(outcome).toMatchObject({ status: "answered", bytesSent: REQUEST_MAX_BYTES });
  });
});

const refuseWithoutKey: Handler = async (request, response) => {
  const now = Date.now();
  const statement = statementOf(ORIGIN, { issuedAt: now - 1000, expiresAt: now + 60_000 });
  const descriptor = await signDescriptor(ORIGIN, mesh, statement);
  const problem = problemOf("unknown-sealing-key", {
    statements: [{ type: "descriptor", descriptor }],
  });
  return say(request, response, problem.status, problem);
};
