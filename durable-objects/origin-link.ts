/**
 * The connection to the organisation's own origin, where that takes none from outside: a WebSocket that the origin
 * opened. One object a node. It sleeps between messages while the socket stays. It stores nothing, and gives requests
 * to the origin as they came: who asks, and whether it may, the origin finds out.
 */
import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import {
  Assembler,
  decodeLinkMessage,
  encodeLinkMessage,
  LINK_CLOSE,
  LINK_MESSAGE_MAX_BYTES,
  LINK_PING,
  LINK_PONG,
  LINK_SILENCE_MS,
  type LinkMessage,
  type LinkStatus,
  type OutgoingLinkMessage,
  type Result,
} from "../protocol/index.ts";
import type { Env } from "./env.ts";
import {
  Exchanges,
  type Connection,
  type LinkAnswer,
  type LinkFailure,
  type LinkRequest,
} from "./origin-link/exchanges.ts";

/** An origin that was there so short a time ago is expected back at any moment. */
const RETURN_MS = 15_000;

/** What a socket is, kept with it while the object sleeps. */
const socketSchema = z.object({
  /** When it was accepted, in milliseconds since 1970; no two have the same. */
  serial: z.int(),
  /** `new`: before its hello. `leaving`: takes no new requests. `dropped`: closed from here. */
  state: z.enum(["new", "ready", "leaving", "dropped"]),
  maxInFlight: z.int(),
});
type SocketState = z.infer<typeof socketSchema>;

interface Socket extends SocketState {
  readonly socket: WebSocket;
}

export class OriginLink extends DurableObject<Env> {
  readonly #exchanges = new Exchanges(
    () => this.#current(),
    (serial, id) => {
      const held = this.#sockets().find((socket) => socket.serial === serial);
      if (held) say(held.socket, { kind: "release", id, head: {} });
    },
  );
  readonly #assemblers = new WeakMap<WebSocket, Assembler>();
  readonly #heardAt = new WeakMap<WebSocket, number>();
  /** When a connection was last there, or may have been. */
  #seenAt = Date.now();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // Pings are answered while the object sleeps.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(LINK_PING, LINK_PONG));
  }

  /** The origin's upgrade to WebSocket, whose sender the Worker has verified. */
  override async fetch(): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    const last = Math.max(0, ...this.#sockets().map(({ serial }) => serial));
    const serial = Math.max(Date.now(), last + 1);
    this.ctx.acceptWebSocket(server);
    keep(server, { serial, state: "new", maxInFlight: 0 });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Has the origin answer a request, within `timeoutMs`. */
  async ask(request: LinkRequest, timeoutMs: number): Promise<Result<LinkAnswer, LinkFailure>> {
    return this.#exchanges.ask(request, timeoutMs, Date.now() - this.#seenAt < RETURN_MS);
  }

  async status(): Promise<LinkStatus> {
    const current = this.#current();
    return {
      connected: current !== undefined,
      ...(current && { connectedSince: current.serial, maxInFlight: current.maxInFlight }),
      ...this.#exchanges.counts,
    };
  }

  override async webSocketMessage(socket: WebSocket, data: ArrayBuffer | string): Promise<void> {
    this.#heardAt.set(socket, Date.now());
    // A ping that came while the object was being woken is answered here.
    if (data === LINK_PING) return socket.send(LINK_PONG);
    if (typeof data === "string") return socket.close(LINK_CLOSE.malformed, "not a frame");
    const assembler = this.#assemblers.get(socket) ?? new Assembler(LINK_MESSAGE_MAX_BYTES);
    this.#assemblers.set(socket, assembler);
    const assembled = assembler.take(new Uint8Array(data));
    if (!assembled.ok) return socket.close(LINK_CLOSE.malformed, assembled.error);
    if (!assembled.value) return undefined;
    const message = decodeLinkMessage(assembled.value);
    const isTaken = message.ok && this.#take(socket, message.value);
    if (!isTaken) socket.close(LINK_CLOSE.malformed, "not a message of this version");
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    // Without an answer to its close, the other end waits for one.
    if (socket.readyState === WebSocket.CLOSING) socket.close(LINK_CLOSE.done);
    this.#ended(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    this.#ended(socket);
  }

  /** False where an origin does not say such a thing. */
  #take(socket: WebSocket, message: LinkMessage): boolean {
    switch (message.kind) {
      case "hello":
        this.#welcome(socket, message.head);
        return true;
      case "answer": {
        const { id, head, body } = message;
        // Whether or not someone waits for it: the origin need not keep it.
        say(socket, { kind: "release", id, head: {} });
        this.#exchanges.answered(id, { ...head, body });
        return true;
      }
      case "goodbye":
        this.#seenAt = Date.now();
        keep(socket, { ...stateOf(socket), state: "leaving" });
        return true;
      case "welcome":
      case "request":
      case "release":
        return false;
    }
  }

  /** The newest connection counts. Of the others, one that is leaving may still answer what it has. */
  #welcome(
    socket: WebSocket,
    { maxInFlight, held }: Extract<LinkMessage, { kind: "hello" }>["head"],
  ): void {
    const others = this.#sockets().filter((other) => other.socket !== socket);
    const answering = others.filter(({ state }) => state === "leaving");
    keep(socket, { ...stateOf(socket), state: "ready", maxInFlight });
    for (const other of others) {
      if (other.state === "leaving") continue;
      drop(other.socket, LINK_CLOSE.replaced, "replaced by a newer connection");
    }
    const connection = connectionOf({ socket, ...stateOf(socket) });
    const serials = new Set(answering.map(({ serial }) => serial));
    const wanted = this.#exchanges.connected(connection, held, serials);
    say(socket, { kind: "welcome", head: { wanted } });
    this.#exchanges.resume();
  }

  #ended(socket: WebSocket): void {
    this.#seenAt = Date.now();
    this.#exchanges.ended(stateOf(socket).serial);
  }

  /** The connection for new requests. One that is silent for too long is closed here. */
  #current(): Connection | undefined {
    for (const held of this.#sockets()) {
      if (held.state !== "ready") continue;
      if (Date.now() - this.#lastHeard(held) <= LINK_SILENCE_MS) return connectionOf(held);
      drop(held.socket, LINK_CLOSE.silent, "nothing was heard for too long");
    }
    return undefined;
  }

  #lastHeard({ socket, serial }: Socket): number {
    const pinged = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return Math.max(serial, pinged, this.#heardAt.get(socket) ?? 0);
  }

  #sockets(): Socket[] {
    return this.ctx
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.OPEN)
      .map((socket) => ({ socket, ...stateOf(socket) }));
  }
}

function stateOf(socket: WebSocket): SocketState {
  return socketSchema.parse(socket.deserializeAttachment());
}

function keep(socket: WebSocket, state: SocketState): void {
  socket.serializeAttachment(state);
}

/** Noted at once: the event that it is closed may take its time where the other end is gone. */
function drop(socket: WebSocket, code: number, reason: string): void {
  keep(socket, { ...stateOf(socket), state: "dropped" });
  socket.close(code, reason);
}

function connectionOf({ socket, serial, maxInFlight }: Socket): Connection {
  return { serial, maxInFlight, send: (frame) => socket.send(frame) };
}

function say(socket: WebSocket, message: OutgoingLinkMessage): void {
  for (const frame of encodeLinkMessage(message)) socket.send(frame);
}
