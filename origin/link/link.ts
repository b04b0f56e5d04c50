/**
 * The link to the own Worker: one connection at a time, opened anew whenever it breaks. What is under way outlives a
 * connection: answers go over the next one.
 */
import {
  LINK_CLOSE,
  linkBackoff,
  type Identity,
  type LinkMessage,
  type MeshId,
} from "../../protocol/index.ts";
import { logEvent, logFailure } from "../log.ts";
import { pause } from "../mesh/publisher.ts";
import { openConnection, type Ending, type LinkConnection } from "./connection.ts";
import { Requests } from "./requests.ts";

/** A connection that held so long was good: the next is tried at once. */
const STABLE_MS = 10_000;
/** Another origin with this key has the link. The two must not take it from each other all the time. */
const REPLACED_PAUSE_MS = 60_000;
/** Requests that are not done after this time are not waited for when the origin stops. */
const STOP_GRACE_MS = 10_000;

/** How a link is. */
export interface LinkReport {
  /** `waiting`: between two attempts. `stopping`: finishes what it has. */
  readonly state: "connecting" | "connected" | "waiting" | "stopping";
  /** Milliseconds since 1970. */
  readonly connectedSince?: number | undefined;
  /** Connections after the first. */
  readonly reconnects: number;
  /** Requests that are worked on now, and those answered since the start. */
  readonly inFlight: number;
  readonly answered: number;
  /** Why there is no connection. */
  readonly reason?: string;
}

export interface LinkOptions {
  readonly identity: Identity;
  readonly mesh: MeshId;
  /** Base URL of the own Worker. */
  readonly meshUrl: string;
  readonly maxInFlight: number;
  /** The origin's application. */
  readonly handle: (request: Request) => Response | Promise<Response>;
}

export interface RunningLink {
  report(): LinkReport;
  /** Takes no new requests, answers those under way, and closes. */
  stop(): Promise<void>;
}

/** Starts to hold a link; does not wait for it. */
export function startLink(options: LinkOptions): RunningLink {
  const link = new Link(options);
  const running = link.run().catch((error: unknown) => logFailure("link", error));
  return {
    report: () => link.report(),
    stop: async () => {
      await link.stop();
      await running;
    },
  };
}

class Link {
  readonly #options: LinkOptions;
  readonly #requests: Requests;
  readonly #stopping = new AbortController();
  #connection: LinkConnection | undefined;
  #connectedSince: number | undefined;
  #connections = 0;
  #isWaiting = false;
  #reason: string | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#requests = new Requests({
      handle: options.handle,
      deliver: (answer) => {
        // Before the Worker's welcome it is kept: the welcome says whether it is wanted.
        if (this.#connectedSince !== undefined) this.#connection?.send(answer);
      },
      onFailure: (error) => logFailure("link request", error),
    });
  }

  report(): LinkReport {
    const isConnected = this.#connectedSince !== undefined;
    const trying = this.#isWaiting ? "waiting" : "connecting";
    return {
      state: this.#stopping.signal.aborted ? "stopping" : isConnected ? "connected" : trying,
      ...(isConnected && { connectedSince: this.#connectedSince }),
      reconnects: Math.max(0, this.#connections - 1),
      inFlight: this.#requests.inFlight,
      answered: this.#requests.answered,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    let attempt = 0;
    while (!signal.aborted) {
      const { code, reason, lastedMs } = await this.#connect();
      if (signal.aborted) return;
      if (reason !== this.#reason) logEvent("link-down", { reason });
      this.#reason = reason;
      if (lastedMs >= STABLE_MS) attempt = 0;
      const wait =
        code === LINK_CLOSE.replaced ? REPLACED_PAUSE_MS : linkBackoff(attempt++, Math.random());
      this.#isWaiting = true;
      await pause(wait, signal);
      this.#isWaiting = false;
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#connectedSince !== undefined) {
      this.#connection?.send({ kind: "goodbye", head: {} });
      const idle = new AbortController();
      void this.#requests.idle().then(() => idle.abort());
      await pause(STOP_GRACE_MS, idle.signal);
    }
    this.#requests.clear();
    this.#connection?.close();
  }

  async #connect(): Promise<Ending & { readonly lastedMs: number }> {
    const { identity, mesh, meshUrl, maxInFlight } = this.#options;
    const connection = await openConnection({
      identity,
      mesh,
      meshUrl,
      onOpen: () => {
        connection.send({ kind: "hello", head: { maxInFlight, held: this.#requests.held } });
      },
      onMessage: (message) => this.#take(message),
    });
    this.#connection = connection;
    // It may have been stopped while it was opened.
    if (this.#stopping.signal.aborted) connection.close();
    const ending = await connection.ended;
    const lastedMs = Date.now() - (this.#connectedSince ?? Date.now());
    this.#connection = undefined;
    this.#connectedSince = undefined;
    return { ...ending, lastedMs };
  }

  #take(message: LinkMessage): void {
    switch (message.kind) {
      case "welcome":
        this.#connectedSince = Date.now();
        this.#connections += 1;
        this.#reason = undefined;
        logEvent("link-up", {});
        this.#requests.resume(message.head.wanted);
        return;
      case "request":
        if (!this.#stopping.signal.aborted) this.#requests.take(message);
        return;
      case "release":
        this.#requests.release(message.id);
        return;
      case "hello":
      case "answer":
      case "goodbye":
      // What only an origin says: a Worker that does is none of ours, and tells nothing by it.
    }
  }
}
