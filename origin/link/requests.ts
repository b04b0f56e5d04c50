/**
 * The requests that came over the link: what is worked on, and the answers that the Worker has not confirmed. They
 * outlive the connection. No request is handed on twice, however often it comes.
 */
import {
  LINKED_ORIGIN_PATH,
  ORIGIN_QUERY_PATH,
  problemResponse,
  readBytes,
  ANSWER_MAX_BYTES,
  type LinkId,
  type LinkMessage,
  type OutgoingLinkMessage,
} from "../../protocol/index.ts";

/** Others have no business here over the link: operators come to the origin's own port. */
const REACHABLE = LINKED_ORIGIN_PATH + ORIGIN_QUERY_PATH;
/** Stands for the origin; the asker's signature does not cover it. */
const BASE = "http://origin.invalid";

type RequestMessage = Extract<LinkMessage, { kind: "request" }>;
type Answer = Extract<OutgoingLinkMessage, { kind: "answer" }>;

interface Held {
  readonly abort: AbortController;
  readonly timer: NodeJS.Timeout;
  answer: Answer | undefined;
}

export interface RequestsOptions {
  /** The origin's application. */
  readonly handle: (request: Request) => Response | Promise<Response>;
  /** Sends an answer, where there is a connection. */
  readonly deliver: (answer: Answer) => void;
  readonly onFailure: (error: unknown) => void;
}

export class Requests {
  readonly #options: RequestsOptions;
  readonly #held = new Map<LinkId, Held>();
  readonly #whenIdle: (() => void)[] = [];
  /** Since the start. */
  answered = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get held(): LinkId[] {
    return [...this.#held.keys()];
  }

  /** Requests that are worked on. */
  get inFlight(): number {
    return [...this.#held.values()].filter(({ answer }) => answer === undefined).length;
  }

  /** Works on a request that is new; sends the answer again to one that has one. */
  take(message: RequestMessage): void {
    const known = this.#held.get(message.id);
    if (known) {
      if (known.answer) this.#options.deliver(known.answer);
      return;
    }
    const { id, head } = message;
    const abort = new AbortController();
    // No one waits for it any longer than that, and the Worker may not be there to say so.
    const timer = setTimeout(() => this.release(id), head.timeoutMs);
    const held: Held = { abort, timer, answer: undefined };
    this.#held.set(id, held);
    void this.#work(message, held);
  }

  /** The Worker has the answer, or no one waits for it. */
  release(id: LinkId): void {
    const held = this.#held.get(id);
    if (!held) return;
    clearTimeout(held.timer);
    this.#held.delete(id);
    held.abort.abort();
    this.#checkIdle();
  }

  /** A new connection: sends the answers that are wanted, and forgets what is not. */
  resume(wanted: readonly LinkId[]): void {
    const still = new Set(wanted);
    for (const [id, { answer }] of this.#held) {
      if (!still.has(id)) this.release(id);
      else if (answer) this.#options.deliver(answer);
    }
  }

  /** Resolves once nothing is worked on. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      this.#checkIdle();
    });
  }

  /** Forgets all. */
  clear(): void {
    for (const id of this.held) this.release(id);
  }

  #checkIdle(): void {
    if (this.inFlight > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  async #work(message: RequestMessage, held: Held): Promise<void> {
    const { id } = message;
    const answer = await this.#answerTo(message, held.abort.signal);
    if (this.#held.get(id) !== held) return;
    held.answer = answer;
    this.answered += 1;
    this.#options.deliver(answer);
    this.#checkIdle();
  }

  async #answerTo(message: RequestMessage, signal: AbortSignal): Promise<Answer> {
    const { id } = message;
    if (!isReachable(message)) return refused(id, "not-found");
    try {
      const response = await this.#options.handle(requestOf(message, signal));
      const body = await readBytes(response, ANSWER_MAX_BYTES);
      if (!body.ok) return await refused(id, "internal");
      const { status, headers } = response;
      return {
        kind: "answer",
        id,
        head: { status, headers: Object.fromEntries(headers) },
        body: body.value,
      };
    } catch (error) {
      if (!signal.aborted) this.#options.onFailure(error);
      return refused(id, "internal");
    }
  }
}

function isReachable({ head }: RequestMessage): boolean {
  return head.method === "POST" && head.path === REACHABLE;
}

/** The request as its asker signed it: method, path, header fields and body. */
function requestOf({ head, body }: RequestMessage, signal: AbortSignal): Request {
  const { method, path, headers } = head;
  return new Request(new URL(path, BASE), { method, headers, body: Uint8Array.from(body), signal });
}

/** Unsigned: the Worker signs it, as it does what it refuses itself. */
async function refused(id: LinkId, code: "not-found" | "internal"): Promise<Answer> {
  const response = problemResponse(code);
  const body = new Uint8Array(await response.arrayBuffer());
  const head = { status: response.status, headers: Object.fromEntries(response.headers) };
  return { kind: "answer", id, head, body };
}
