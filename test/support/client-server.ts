/** A real HTTP server on loopback whose answers a test writes: what SDK and origins are asked over. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  signedAnswerTo,
  type AnsweredRequest,
  type Identity,
  type MeshId,
  type ReceivedRequest,
} from "../../protocol/index.ts";

export interface ReceivedByServer {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer<ArrayBuffer>;
}

export type Handler = (request: ReceivedByServer, response: ServerResponse) => void | Promise<void>;

export interface TestServer {
  readonly url: string;
  /** Requests so far, in the order of their arrival. */
  readonly requests: readonly ReceivedByServer[];
  /** How the next requests are answered. */
  answerWith(handler: Handler): void;
  close(): Promise<void>;
}

/** Starts a server on a free port; until told otherwise it answers 404. */
export async function startTestServer(): Promise<TestServer> {
  const requests: ReceivedByServer[] = [];
  let handler: Handler = answerNotFound;
  const server = createServer((incoming, response) => {
    const serve = async (): Promise<void> => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(Buffer.from(piece));
      const request = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        headers: incoming.headers,
        body: Buffer.concat(pieces),
      };
      requests.push(request);
      await handler(request, response);
    };
    // A client that hung up is what some tests want; a handler that fails shows as a cut connection.
    serve().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${portOf(address)}`,
    requests,
    answerWith: (next) => {
      handler = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerNotFound(_: ReceivedByServer, response: ServerResponse): void {
  response.writeHead(404).end();
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A received request as the protocol's functions take it. */
export function receivedAt(
  url: string,
  { method, path, headers, body }: ReceivedByServer,
): ReceivedRequest {
  const fields = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return { method, url: url + path, headers: new Headers(fields), body };
}

/** Answers a request as the node of `identity`: signed. Text goes out as it is, all else as JSON. */
export async function sendSigned(
  out: ServerResponse,
  request: AnsweredRequest,
  { identity, mesh }: { readonly identity: Identity; readonly mesh: MeshId },
  status: number,
  content: unknown,
): Promise<void> {
  const body =
    typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  const plain = new Response(body === "" ? null : Uint8Array.from(Buffer.from(body)), { status });
  const signed = await signedAnswerTo(request, plain, { identity, mesh, now: Date.now() });
  out.writeHead(status, Object.fromEntries(signed.headers));
  out.end(new Uint8Array(await signed.arrayBuffer()));
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
  return address.port;
}
