/**
 * A proxy that keeps every byte of every request and response that goes through it, and can be told to treat
 * some of them badly: not to deliver, to deliver late, twice, or in part.
 */
import { once } from "node:events";
import {
  Agent,
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

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

/** What arrived, before anything is done with it. */
export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is done with a request; nothing named is done by default. */
export interface Treatment {
  /** It never arrives: the connection breaks, or stays silent until its sender gives up. */
  readonly undelivered?: "break" | "silence";
  /** Someone else takes it and answers, or does not. */
  readonly takeOver?: (arrival: Arrival, outgoing: ServerResponse) => void;
  /** It arrives this much later. */
  readonly delayMs?: number;
  /** Only so many bytes of its body arrive, then the connection breaks. */
  readonly requestBytes?: number;
  /** It arrives, and its answer is lost. */
  readonly answerLost?: boolean;
  /** Only so many bytes of the answer's body get back, then the connection breaks. */
  readonly answerBytes?: number;
  /** It arrives once more this much after it was answered; that answer goes nowhere. */
  readonly againAfterMs?: number;
}

export interface ProxyOptions {
  /** Asked once a request, when it is there as a whole. */
  readonly treat?: (arrival: Arrival) => Treatment;
  /** Called with each exchange once it is over; kept in `exchanges` where absent. */
  readonly onExchange?: (exchange: Exchange) => void;
}

export interface RecordingProxy {
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

/** Passes everything on to `target`, recording it. Bodies go through whole, one after another. */
export async function startRecordingProxy(
  target: string,
  { treat, onExchange }: ProxyOptions = {},
): Promise<RecordingProxy> {
  const exchanges: Exchange[] = [];
  const record = onExchange ?? ((exchange: Exchange) => void exchanges.push(exchange));
  // A connection that is kept would break when the target restarts, and look like a fault of the network.
  const agent = new Agent({ keepAlive: false });
  const server = createServer((incoming, outgoing) => {
    pass({ target, agent, treat, record }, incoming, outgoing).catch(() => outgoing.destroy());
  });
  return {
    url: await listen(server),
    exchanges,
    close: async () => {
      agent.destroy();
      await close(server);
    },
  };
}

interface Passage {
  readonly treat: ProxyOptions["treat"] | undefined;
  readonly target: string;
  readonly agent: Agent;
  readonly record: (exchange: Exchange) => void;
}

async function pass(
  { target, agent, treat, record }: Passage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = "GET", url: path = "/", headers } = incoming;
  const arrival = { method, path, headers, body: await collect(incoming) };
  const treatment = treat?.(arrival) ?? {};
  if (treatment.undelivered === "silence") return;
  if (treatment.undelivered === "break") {
    outgoing.destroy();
    return;
  }
  if (treatment.takeOver) {
    treatment.takeOver(arrival, outgoing);
    return;
  }
  if (treatment.delayMs !== undefined) await sleep(treatment.delayMs);
  const answer = await forward(target, agent, arrival, treatment.requestBytes);
  const responseBody = await collect(answer);
  record({
    method,
    path,
    requestHeaders: incoming.rawHeaders.join("\n"),
    requestBody: arrival.body,
    status: answer.statusCode ?? 502,
    responseHeaders: answer.rawHeaders.join("\n"),
    responseBody,
  });
  if (treatment.answerLost) outgoing.destroy();
  else sendBack(outgoing, answer, responseBody, treatment.answerBytes);
  if (treatment.againAfterMs !== undefined) {
    await sleep(treatment.againAfterMs);
    (await forward(target, agent, arrival)).resume();
  }
}

/** Sends a request on, or as much of it as `bytes` says; resolves with the head of the answer. */
async function forward(
  target: string,
  agent: Agent,
  { method, path, headers, body }: Arrival,
  bytes = Infinity,
): Promise<IncomingMessage> {
  const onward = request(target + path, { method, headers, agent });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
  if (bytes >= body.length) onward.end(body);
  else onward.write(body.subarray(0, bytes), () => setImmediate(() => onward.destroy()));
  return answered;
}

function sendBack(
  outgoing: ServerResponse,
  answer: IncomingMessage,
  body: Buffer,
  bytes = Infinity,
): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (bytes >= body.length) outgoing.end(body);
  else outgoing.write(body.subarray(0, bytes), () => setImmediate(() => outgoing.destroy()));
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
