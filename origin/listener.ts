/** The origin's HTTP server: listening, and stopping without cutting anyone off. */
import { createAdaptorServer } from "@hono/node-server";
import { Server, type IncomingMessage, type ServerResponse } from "node:http";
import {
  PROBLEM_MEDIA_TYPE,
  problemOf,
  problemResponse,
  REQUEST_MAX_BYTES,
} from "../protocol/index.ts";
import type { OriginConfig } from "./config.ts";

/** Requests that are not done after this time are cut off when the origin stops. */
const STOP_GRACE_MS = 10_000;

export interface Listener {
  /** Base URL at which it listens. */
  readonly url: string;
  /** Refuses new connections and requests, and finishes those that it has. */
  stop(): Promise<void>;
}

/** Throws the system's error where it can not listen. */
export async function startListener(
  serve: (request: Request) => Response | Promise<Response>,
  { host, port }: OriginConfig["listen"],
): Promise<Listener> {
  let isStopping = false;
  const open = new Set<ServerResponse>();
  const server = createAdaptorServer({
    fetch: (request: Request) => (isStopping ? refuseToServe() : serve(request)),
    overrideGlobalObjects: false,
  });
  if (!(server instanceof Server)) throw new TypeError("not an HTTP/1.1 server");
  server.on("checkContinue", refuseLargeBody);
  // Before the server's own listener, which may send the head at once.
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    if (isStopping) response.shouldKeepAlive = false;
    open.add(response);
    response.once("close", () => open.delete(response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    stop: async () => {
      isStopping = true;
      // Else a peer that asks all the time over one connection would keep it open until it is cut.
      for (const response of open) response.shouldKeepAlive = false;
      const grace = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(grace);
    },
  };
}

function refuseToServe(): Response {
  return problemResponse(
    "not-ready",
    { detail: "this origin is stopping" },
    { "retry-after": "5" },
  );
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
