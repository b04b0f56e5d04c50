/** Puts an origin together from its configuration, and takes it apart again in the right order. */
import { createAdaptorServer } from "@hono/node-server";
import { Server, type IncomingMessage, type ServerResponse } from "node:http";
import {
  MemberGuard,
  openIdentity,
  PROBLEM_MEDIA_TYPE,
  problemOf,
  REQUEST_MAX_BYTES,
} from "../protocol/index.ts";
import type { OriginConfig } from "./config.ts";
import { loadDomains } from "./domains.ts";
import {
  createMembership,
  createPeerClient,
  createPublisher,
  provisionWorker,
  type Publication,
} from "./mesh/index.ts";
import { openRankingIndexes } from "./ranking/index.ts";
import { createServer } from "./server.ts";
import { openStore } from "./store/index.ts";

/** Requests that are not done after this time are cut off when the origin stops. */
const STOP_GRACE_MS = 10_000;

export interface RunningOrigin {
  /** Base URL at which it listens. */
  readonly url: string;
  /** Sends the mesh what waits, now. The origin also does so by itself. */
  publish(): Promise<Publication>;
  /** Accepts no more requests, finishes those it has, and closes the database. */
  close(): Promise<void>;
}

/**
 * Starts an origin. It does not wait for its Worker: what the mesh has to hear waits in the outbox.
 * Throws a `ConfigError`, or the system's error where it can not open its database or listen.
 */
export async function startOrigin(config: OriginConfig): Promise<RunningOrigin> {
  const identity = await openIdentity(config.key);
  const loaded = await loadDomains(config);
  const { minimumCount } = config.policy;
  const store = openStore(config.database, loaded.domains, { minimumCount });
  const closing = new AbortController();
  try {
    const indexes = await openRankingIndexes(store, loaded.domains, config.database);
    const { meshId: mesh, meshUrl } = config;
    const own = { node: identity.node, key: identity.publicKey, meshUrl };
    const { allowedHosts } = config;
    const { signal } = closing;
    const client = createPeerClient({ identity, mesh, meshUrl, allowedHosts, signal });
    const guard = new MemberGuard(store.floors);
    const membership = createMembership({ client, mesh, own });
    const publisher = createPublisher({ store, identity, mesh, client, membership });
    const app = createServer({
      identity,
      mesh,
      operatorToken: config.operatorToken,
      policy: config.policy,
      logLevel: config.logLevel,
      store,
      indexes,
      membership,
      publisher,
      guard,
      now: Date.now,
    });
    const { server, url } = await listen(app.fetch, config.listen);
    const provisioned = provisionWorker({ client, own, loaded, signal });
    publisher.start();
    for (const index of indexes.values()) index.follow();
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await stopListening(server);
      closing.abort();
      await Promise.all([publisher.stop(), provisioned]);
      guard.settle();
      await Promise.all([...indexes.values()].map((index) => index.close()));
      store.close();
    };
    return { url, publish: () => publisher.drain(), close: () => (closed ??= close()) };
  } catch (error) {
    closing.abort();
    store.close();
    throw error;
  }
}

async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: OriginConfig["listen"],
): Promise<{ server: Server; url: string }> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false });
  if (!(server instanceof Server)) throw new TypeError("not an HTTP/1.1 server");
  server.on("checkContinue", refuseLargeBody);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  return { server, url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}` };
}

/** A sender that waits to be let on is told before it sends that its body is too large; others while they send. */
function refuseLargeBody(this: Server, request: IncomingMessage, response: ServerResponse): void {
  if (Number(request.headers["content-length"] ?? 0) <= REQUEST_MAX_BYTES) {
    response.writeContinue();
    this.emit("request", request, response);
    return;
  }
  const problem = problemOf("too-large", {
    detail: `the body may have ${REQUEST_MAX_BYTES} bytes`,
  });
  response.writeHead(problem.status, { "content-type": PROBLEM_MEDIA_TYPE, connection: "close" });
  response.end(JSON.stringify(problem));
}

async function stopListening(server: Server): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(grace);
}
