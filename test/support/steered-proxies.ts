/** Proxies before Workers and origins that count what comes, hold it back, or change what is answered. */
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { close, listen } from "./recording-proxy.ts";

export interface Arrival {
  readonly kind: "mesh" | "origin";
  readonly slug: string;
  readonly path: string;
  isAnswered: boolean;
}

/** What a proxy does with a request before or instead of passing it on. */
export interface Steering {
  /** Passed on once this resolves. */
  readonly hold?: Promise<unknown>;
  /** Answered in place of what is behind the proxy. */
  readonly answer?: unknown;
}

export class SteeredProxies {
  /** What came, of the paths that count. */
  readonly arrivals: Arrival[] = [];
  /** The most of them that were under way at once, over all proxies. */
  mostAtOnce = 0;
  #steer: (arrival: Arrival) => Steering = passOn;
  #underWay = 0;
  readonly #servers: Server[] = [];
  readonly #counted: readonly string[];

  /** Other paths than `counted` are passed on, uncounted. */
  constructor(counted: readonly string[]) {
    this.#counted = counted;
  }

  readonly interpose = async (
    kind: "mesh" | "origin",
    slug: string,
    url: string,
  ): Promise<string> => {
    const server = createServer((incoming, outgoing) => {
      this.#handle({ kind, slug, path: incoming.url ?? "/", isAnswered: false }, url, [
        incoming,
        outgoing,
      ]).catch(() => outgoing.destroy());
    });
    this.#servers.push(server);
    return listen(server);
  };

  /** From now on; what came before is forgotten. */
  steer(how: (arrival: Arrival) => Steering = passOn): void {
    this.#steer = how;
    this.arrivals.length = 0;
    this.mostAtOnce = 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(close));
  }

  async #handle(
    arrival: Arrival,
    target: string,
    [incoming, outgoing]: [IncomingMessage, ServerResponse],
  ): Promise<void> {
    const isCounted = this.#counted.includes(arrival.path);
    if (isCounted) this.#count(arrival, outgoing);
    const { hold, answer } = isCounted ? this.#steer(arrival) : {};
    const body = await collect(incoming);
    await hold;
    if (answer !== undefined) {
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(answer));
    } else {
      const { method = "GET", headers } = incoming;
      const onward = request(target + arrival.path, { method, headers });
      onward.end(body);
      const response = await answerOf(onward);
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      outgoing.end(await collect(response));
    }
    arrival.isAnswered = true;
  }

  #count(arrival: Arrival, outgoing: ServerResponse): void {
    this.arrivals.push(arrival);
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    // Also where the asker gives up.
    outgoing.once("close", () => {
      this.#underWay -= 1;
    });
  }
}

function passOn(): Steering {
  return {};
}

function answerOf(onward: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
