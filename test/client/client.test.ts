import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, ProblemError, ProtocolError, type QueryEvent } from "../../client/index.ts";
import { LINE_MAX_LENGTH } from "../../client/ndjson.ts";
import {
  canonicalBytes,
  encodeOntology,
  problemOf,
  queryResponseSchema,
  type QueryResponse,
} from "../../protocol/index.ts";
import {
  sendJson,
  startTestServer,
  type Handler,
  type TestServer,
} from "../support/client-server.ts";
import { compileSample, domainOf, sampleDocument } from "../unit/support/domains.ts";
import { bob, domainIdFrom } from "../unit/support/identities.ts";
import { smallOntology, smallSource } from "../unit/support/ontologies.ts";

const TOKEN = "a token of a requester";
const DOMAIN = domainIdFrom("domain");
const INPUT = { domain: DOMAIN, profile: { age: 61 }, k: 2 };
const NDJSON = { "content-type": "application/x-ndjson" };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function clientOf(handler: Handler) {
  server.answerWith(handler);
  return createClient({ gateway: server.url, token: TOKEN });
}

const origin = {
  node: bob.node,
  // More than one byte a character, so that a chunk can end within one.
  organisation: "Zürich – 病院 🏥",
  estimate: 0.8,
  status: "answered" as const,
  results: 1,
  milliseconds: 12,
  bytesSent: 100,
  bytesReceived: 200,
};
const result = {
  reference: "a",
  score: 0.9,
  features: { age: 0.9 },
  intervention: { treatment: "rest" },
  result: { recovered: true },
};
const response: QueryResponse = queryResponseSchema.parse({
  domain: DOMAIN,
  ranking: [{ ...result, rank: 1, node: bob.node, organisation: origin.organisation }],
  origins: [origin],
  coverage: {
    slotsAsked: 6,
    slotsAnswered: 6,
    overBudget: 0,
    originsFound: 1,
    originsAsked: 1,
    originsAnswered: 1,
    originsRefused: 0,
    originsTimedOut: 0,
    originsFailed: 0,
  },
  cost: {
    lookupRequests: 3,
    hedged: 0,
    confirmations: 0,
    bytesSent: 400,
    bytesReceived: 500,
    rowsScanned: 60,
    milliseconds: 20,
    originRequests: 1,
  },
  warnings: [],
});
const EVENTS: readonly QueryEvent[] = [
  {
    type: "route",
    coverage: { slotsAsked: 6, slotsAnswered: 6, overBudget: 0 },
    origins: [{ node: bob.node, organisation: origin.organisation, estimate: 0.8 }],
  },
  { type: "origin", origin, results: [result] },
  { type: "done", response },
];
const lines = (events: readonly unknown[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** Streams `bytes` cut into chunks of `size`, each a write of its own. */
function streaming(bytes: Buffer, size: number): Handler {
  return async (_, out) => {
    out.writeHead(200, NDJSON);
    for (let at = 0; at < bytes.length; at += size) await write(out, bytes.subarray(at, at + size));
    out.end();
  };
}

function write(out: ServerResponse, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    out.write(chunk, () => setImmediate(resolve));
  });
}

async function collect(events: AsyncIterable<QueryEvent>): Promise<QueryEvent[]> {
  const all: QueryEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("a query through the gateway", () => {
  it("sends the input with the token, and asks for a stream", async () => {
    await clientOf(streaming(Buffer.from(lines(EVENTS)), 1e6))
      .query(INPUT)
      .response();
    const request = server.requests.at(-1);
    expect(request).toMatchObject({ method: "POST", path: "/v1/query" });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      accept: "application/x-ndjson",
      "content-type": "application/json",
    });
    expect(JSON.parse(String(request?.body))).toEqual(INPUT);
  });

  it.each([1, 2, 3, 7, 64, 1e6])("gives the same events in chunks of %d bytes", async (size) => {
    const client = clientOf(streaming(Buffer.from(lines(EVENTS)), size));
    expect(await collect(client.query(INPUT))).toEqual(EVENTS);
  });

  it("takes a last line without its end", async () => {
    const client = clientOf(streaming(Buffer.from(lines(EVENTS).trimEnd()), 50));
    expect(await client.query(INPUT).response()).toEqual(response);
  });

  it("gives the response whether or not its events were iterated", async () => {
    const client = clientOf(streaming(Buffer.from(lines(EVENTS)), 20));
    const unread = client.query(INPUT);
    expect(await unread.response()).toEqual(response);
    expect(await unread.response()).toEqual(response);
    const read = client.query(INPUT);
    expect(await collect(read)).toHaveLength(3);
    expect(await read.response()).toEqual(response);
  });

  it("sends nothing before it is iterated or awaited", async () => {
    const before = server.requests.length;
    clientOf(streaming(Buffer.from(lines(EVENTS)), 20)).query(INPUT);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.requests.length).toBe(before);
  });

  it("yields each event when it comes, not when all have come", async () => {
    const gate = Promise.withResolvers<void>();
    const client = clientOf(async (_, out) => {
      out.writeHead(200, NDJSON);
      out.write(lines(EVENTS.slice(0, 1)));
      await gate.promise;
      out.end(lines(EVENTS.slice(1)));
    });
    const events = client.query(INPUT)[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { type: "route" } });
    gate.resolve();
    expect(await events.next()).toMatchObject({ value: { type: "origin" } });
  });

  it("throws the problem that ends a stream, and keeps the events before it", async () => {
    const problem = problemOf("internal", { detail: "a shard is lost" });
    const events = [...EVENTS.slice(0, 2), { type: "failed", problem }];
    const run = clientOf(streaming(Buffer.from(lines(events)), 33)).query(INPUT);
    const seen: QueryEvent[] = [];
    const reading = (async () => {
      for await (const event of run) seen.push(event);
    })();
    await expect(reading).rejects.toMatchObject({
      name: "ProblemError",
      code: "internal",
      problem,
    });
    expect(seen).toEqual(EVENTS.slice(0, 2));
    await expect(run.response()).rejects.toThrow("a shard is lost");
  });

  it.each([
    ["is no JSON", "{nonsense}\n"],
    ["is no event", `{"type":"gossip"}\n`],
    ["is half an event", lines(EVENTS).slice(0, -20)],
  ])("throws a ProtocolError where a line %s", async (_, text) => {
    const run = clientOf(streaming(Buffer.from(text), 40)).query(INPUT);
    await expect(run.response()).rejects.toThrow(ProtocolError);
  });

  it("throws a ProtocolError where the stream ends without a response", async () => {
    const run = clientOf(streaming(Buffer.from(lines(EVENTS.slice(0, 2))), 40)).query(INPUT);
    await expect(run.response()).rejects.toThrow("ended without a response");
  });

  it("leaves a line that is longer than any event", async () => {
    let isCut = false;
    const client = clientOf((_, out) => {
      out.writeHead(200, NDJSON);
      out.on("close", () => (isCut = true));
      const piece = Buffer.alloc(262_144, "x");
      const pump = (): void => {
        while (!out.destroyed && out.write(piece)) continue;
      };
      out.on("drain", pump);
      pump();
    });
    await expect(client.query(INPUT).response()).rejects.toThrow("too long");
    await expect.poll(() => isCut).toBe(true);
    expect(LINE_MAX_LENGTH).toBeGreaterThan(200 * 256 * 100);
  });

  it("fails when the connection is cut within the stream", async () => {
    const run = clientOf((_, out) => {
      out.writeHead(200, NDJSON);
      out.write(lines(EVENTS.slice(0, 1)), () => out.destroy());
    }).query(INPUT);
    await expect(run.response()).rejects.toThrow(TypeError);
  });

  it("stops when its signal aborts, and lets go of the connection", async () => {
    let isCut = false;
    const stop = new AbortController();
    const run = clientOf((_, out) => {
      out.writeHead(200, NDJSON);
      out.on("close", () => (isCut = true));
      out.write(lines(EVENTS.slice(0, 1)));
    }).query(INPUT, { signal: stop.signal });
    const reading = (async () => {
      for await (const event of run) if (event.type === "route") stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await expect.poll(() => isCut).toBe(true);
  });

  it("lets go of the connection when its reader leaves the loop", async () => {
    let isCut = false;
    const run = clientOf((_, out) => {
      out.writeHead(200, NDJSON);
      out.on("close", () => (isCut = true));
      out.write(lines(EVENTS.slice(0, 1)));
    }).query(INPUT);
    for await (const event of run) if (event.type === "route") break;
    await expect.poll(() => isCut).toBe(true);
    await expect(run.response()).rejects.toThrow("ended without a response");
  });
});

describe("a gateway that says no", () => {
  it("gives its problem document as a ProblemError that names each field", async () => {
    const problem = problemOf("bad-request", { errors: [{ path: "k", message: "must be less" }] });
    const run = clientOf((_, out) => sendJson(out, 400, problem)).query(INPUT);
    const error: unknown = await run.response().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ code: "bad-request", problem });
    expect(String(error)).toContain("k must be less");
  });

  it("has no code where the problem is not of this protocol", async () => {
    const problem = { type: "about:blank", title: "Teapot", status: 418 };
    const client = clientOf((_, out) => sendJson(out, 418, problem));
    await expect(client.domains()).rejects.toMatchObject({ code: undefined, problem });
  });

  it.each([
    ["an HTML page", 500, "<html>oops</html>"],
    ["a redirect", 302, ""],
    ["nothing where something is due", 204, ""],
    ["another document", 200, `{"hello":1}`],
  ])("gives a ProtocolError for %s", async (_, status, body) => {
    const before = server.requests.length;
    const client = clientOf((__, out) => {
      // A bodiless status can not carry the text; a redirect must not be followed.
      out.writeHead(status, { location: "/elsewhere" }).end(status === 204 ? undefined : body);
    });
    await expect(client.domains()).rejects.toThrow(ProtocolError);
    expect(server.requests.length).toBe(before + 1);
  });
});

describe("domains and ontologies", () => {
  const document = domainOf(sampleDocument());
  const { id } = compileSample();
  const ontology = smallOntology();
  const ontologyBytes = Buffer.from(encodeOntology(smallSource));
  const library: Handler = (request, out) => {
    switch (request.path) {
      case "/v1/domains":
        return sendJson(out, 200, { domains: [{ id, name: "sample", title: "Sample" }] });
      case `/v1/domains/${id}`:
        return void out.end(canonicalBytes(document));
      case `/v1/ontologies/${ontology.id}`:
        return void out.end(ontologyBytes);
      default:
        return sendJson(out, 404, problemOf("unknown-domain"));
    }
  };

  it("lists, fetches and compiles what the gateway has", async () => {
    const client = clientOf(library);
    expect(await client.domains()).toEqual([{ id, name: "sample", title: "Sample" }]);
    expect(await client.domain(id)).toEqual(document);
    expect((await client.ontology(ontology.id)).terms).toEqual(ontology.terms);
    expect((await client.compile(id)).id).toBe(id);
  });

  it("does not take another document for the one that an id names", async () => {
    const client = clientOf((_, out) => void out.end(canonicalBytes(document)));
    await expect(client.domain(DOMAIN)).rejects.toThrow(ProtocolError);
    const forged = clientOf((_, out) => void out.end(ontologyBytes.subarray(1)));
    await expect(forged.ontology(ontology.id)).rejects.toThrow(ProtocolError);
  });

  it("says that the gateway does not know a domain", async () => {
    await expect(clientOf(library).compile(DOMAIN)).rejects.toMatchObject({
      code: "unknown-domain",
    });
  });
});

describe("the client's options", () => {
  it("uses the fetch it is given, and a gateway with or without a trailing slash", async () => {
    const asked: string[] = [];
    const client = createClient({
      gateway: "https://gateway.example/base/",
      token: TOKEN,
      fetch: async (url) => {
        asked.push(url instanceof Request ? url.url : String(url));
        return Response.json({ domains: [] });
      },
    });
    expect(await client.domains()).toEqual([]);
    expect(asked).toEqual(["https://gateway.example/base/v1/domains"]);
  });
});
