/** A proxy that keeps every byte of every request and response that goes through it. */
import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** Header names and values as they came. */
  readonly requestHeaders: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly responseHeaders: string;
  readonly responseBody: Buffer;
}

export interface RecordingProxy {
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

/** Passes everything on to `target`, recording it. Bodies go through whole, one after another. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const exchanges: Exchange[] = [];
  const server = createServer((incoming, outgoing) => {
    pass(target, incoming, outgoing).then(
      (exchange) => exchanges.push(exchange),
      () => outgoing.destroy(),
    );
  });
  return { url: await listen(server), exchanges, close: () => close(server) };
}

async function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Exchange> {
  const requestBody = await collect(incoming);
  const { method = "GET", url: path = "/" } = incoming;
  const onward = request(target + path, { method, headers: incoming.headers });
  onward.end(requestBody);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
  const responseBody = await collect(answer);
  const status = answer.statusCode ?? 502;
  outgoing.writeHead(status, answer.headers);
  outgoing.end(responseBody);
  return {
    method,
    path,
    requestHeaders: incoming.rawHeaders.join("\n"),
    requestBody,
    status,
    responseHeaders: answer.rawHeaders.join("\n"),
    responseBody,
  };
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Listens on any port of the loopback interface; the base URL. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return `http://127.0.0.1:${address.port}`;
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}
