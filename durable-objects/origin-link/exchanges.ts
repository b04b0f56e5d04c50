/**
 * Requests on their way to the origin and back: those that wait for a place, those that the origin has, and what
 * becomes of them where the connection breaks. In memory only: whoever asked waits on this very object.
 */
import {
  encodeLinkMessage,
  err,
  ok,
  toBase64Url,
  type LinkAnswerHead,
  type LinkId,
  type LinkRequestHead,
  type Result,
} from "../../protocol/index.ts";

/** A request may have 1 MiB, an object has 128 MB; all but a few queries are below 10 kB. */
const WAITING_MAX_BYTES = 33_554_432;
/** Eight times what an origin takes at once by default: what comes later would hardly be answered in time. */
const WAITING_MAX = 256;
/** A connection that broke is there again within two seconds, or it will take longer than most wait. */
const AWAY_WAIT_MS = 2_000;
/** An origin answers none in less: what has no more time is not sent. */
const SEND_MIN_MS = 10;
const ID_BYTES = 8;

/** A request and an answer as they are handed to and from the object. */
export interface LinkRequest extends Omit<LinkRequestHead, "timeoutMs"> {
  readonly body: Uint8Array;
}
export interface LinkAnswer extends LinkAnswerHead {
  readonly body: Uint8Array;
}

/** `away`: not connected. `silent`: it has the request, and gave no answer in time. `busy`: others came before. */
export type LinkFailure = "away" | "silent" | "busy";

/** The connection over which new requests go. */
export interface Connection {
  /** Which: no two of an object have the same, and later ones have greater. */
  readonly serial: number;
  readonly maxInFlight: number;
  send(frame: Uint8Array<ArrayBuffer>): void;
}

interface Exchange {
  readonly id: LinkId;
  readonly request: LinkRequest;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** The connection that it went over. */
  sentOver: number | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly settle: (result: Result<LinkAnswer, LinkFailure>) => void;
}

export class Exchanges {
  readonly #current: () => Connection | undefined;
  readonly #abandon: (serial: number, id: LinkId) => void;
  /** In the order in which they came. */
  readonly #waiting = new Map<LinkId, Exchange>();
  #bytes = 0;

  /**
   * `current` returns the connection for new requests, where there is one; `abandon` tells the origin at the other end
   * of a connection that no one waits for an answer any more.
   */
  constructor(
    current: () => Connection | undefined,
    abandon: (serial: number, id: LinkId) => void,
  ) {
    this.#current = current;
    this.#abandon = abandon;
  }

  /**
   * Has the origin answer `request`, and fails after `timeoutMs` at the latest. Where the origin is not there it is
   * waited for, if it `mayReturn` soon: the connection breaks at each deployment.
   */
  ask(
    request: LinkRequest,
    timeoutMs: number,
    mayReturn: boolean,
  ): Promise<Result<LinkAnswer, LinkFailure>> {
    const isAway = this.#current() === undefined;
    if (isAway && !mayReturn) return Promise.resolve(err("away"));
    const bytes = this.#bytes + request.body.length;
    if (this.#waiting.size >= WAITING_MAX || bytes > WAITING_MAX_BYTES) {
      return Promise.resolve(err("busy"));
    }
    const id = toBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
    return new Promise((settle) => {
      const deadline = Date.now() + timeoutMs;
      const exchange = { id, request, deadline, sentOver: undefined, timer: undefined, settle };
      this.#waiting.set(id, exchange);
      this.#bytes = bytes;
      this.#check(exchange, isAway ? Math.min(AWAY_WAIT_MS, timeoutMs / 2) : timeoutMs);
      this.#send();
    });
  }

  /**
   * A connection has begun, to an origin that has `held` already. Returns which of these are still waited for; the
   * others that had been sent are sent again, except over the connections that are still answering.
   */
  connected(
    { serial }: Connection,
    held: readonly LinkId[],
    answering: ReadonlySet<number>,
  ): LinkId[] {
    const known = new Set(held);
    for (const exchange of this.#waiting.values()) {
      if (known.has(exchange.id)) exchange.sentOver = serial;
      else if (exchange.sentOver !== undefined && !answering.has(exchange.sentOver)) {
        exchange.sentOver = undefined;
      }
    }
    return held.filter((id) => this.#waiting.has(id));
  }

  /** Sends what waits, as far as the origin takes it. */
  resume(): void {
    this.#send();
  }

  /** A connection has ended. What went over it goes over the current one; else it waits for the next. */
  ended(serial: number): void {
    const current = this.#current();
    if (!current) return;
    for (const exchange of this.#waiting.values()) {
      if (exchange.sentOver === serial) exchange.sentOver = undefined;
    }
    this.#send();
  }

  /** The origin has answered. An answer that no one waits for is passed over. */
  answered(id: LinkId, answer: LinkAnswer): void {
    const exchange = this.#waiting.get(id);
    if (exchange) this.#end(exchange, ok(answer));
  }

  get counts(): { readonly inFlight: number; readonly queued: number } {
    const all = [...this.#waiting.values()];
    const inFlight = all.filter(({ sentOver }) => sentOver !== undefined).length;
    return { inFlight, queued: all.length - inFlight };
  }

  #send(): void {
    const connection = this.#current();
    if (!connection) return;
    const { serial, maxInFlight } = connection;
    const waiting = [...this.#waiting.values()];
    let room = maxInFlight - waiting.filter(({ sentOver }) => sentOver === serial).length;
    for (const exchange of waiting) {
      if (room <= 0) return;
      const timeoutMs = exchange.deadline - Date.now();
      if (exchange.sentOver !== undefined || timeoutMs < SEND_MIN_MS) continue;
      exchange.sentOver = serial;
      room -= 1;
      const { body, ...head } = exchange.request;
      const { id } = exchange;
      const message = { kind: "request" as const, id, head: { ...head, timeoutMs }, body };
      for (const frame of encodeLinkMessage(message)) connection.send(frame);
    }
  }

  /** Looks at an exchange again after `ms`: it may be over by then, or may have been sent after all. */
  #check(exchange: Exchange, ms: number): void {
    exchange.timer = setTimeout(() => {
      const left = exchange.deadline - Date.now();
      const isLost = exchange.sentOver === undefined && this.#current() === undefined;
      if (left > 0 && !isLost) this.#check(exchange, left);
      else this.#giveUp(exchange);
    }, ms);
  }

  #giveUp(exchange: Exchange): void {
    const { id, sentOver } = exchange;
    if (sentOver !== undefined) this.#abandon(sentOver, id);
    if (this.#current() === undefined) this.#end(exchange, err("away"));
    else this.#end(exchange, err(sentOver === undefined ? "busy" : "silent"));
  }

  #end(exchange: Exchange, result: Result<LinkAnswer, LinkFailure>): void {
    if (exchange.timer !== undefined) clearTimeout(exchange.timer);
    this.#waiting.delete(exchange.id);
    this.#bytes -= exchange.request.body.length;
    exchange.settle(result);
    this.#send();
  }
}
