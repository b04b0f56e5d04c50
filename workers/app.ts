/** The organisation's Worker as one hono application. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { answerToError, problemResponse, RESPONSE_HEADERS } from "../protocol/index.ts";
import { logFailure } from "./log.ts";
import { Routes, signAnswers, type App } from "./route.ts";
import { mountDocumentation } from "./routes/documentation.ts";
import { mountGateway } from "./routes/gateway.ts";
import { mountLink } from "./routes/link.ts";
import { mountMembership } from "./routes/membership.ts";
import { mountNode } from "./routes/node.ts";
import { mountPeer } from "./routes/peer.ts";
import { mountRepair } from "./routes/repair.ts";
import { mountStatus } from "./routes/status.ts";

export function createApp(): App {
  const app: App = new Hono();
  // Browsers may call: requests carry a token or a signature, never a cookie.
  app.use(
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "PUT", "POST"],
      exposeHeaders: [...RESPONSE_HEADERS],
      maxAge: 86_400,
    }),
  );
  app.use(signAnswers);
  const routes = new Routes(app);
  mountGateway(routes);
  mountPeer(routes);
  mountMembership(routes);
  mountRepair(routes);
  mountNode(routes);
  mountLink(routes);
  mountStatus(routes);
  mountDocumentation(app, routes.described);
  for (const [path, allowed] of methodsByPath(app)) {
    app.all(path, (c) => {
      c.header("allow", allowed);
      return problemResponse("method-not-allowed", { detail: `allowed: ${allowed}` });
    });
  }
  app.notFound(() => problemResponse("not-found"));
  app.onError((error, c) =>
    answerToError(error, () => logFailure("request", error, c.get("traceparent"))),
  );
  return app;
}

/** What each path answers to, as the Allow header has it. Middleware is for all methods, and does not count. */
function methodsByPath(app: App): Map<string, string> {
  const allowed = new Map<string, string>();
  for (const { method, path } of app.routes) {
    if (method === "ALL") continue;
    const also = method === "GET" ? "GET, HEAD" : method;
    const known = allowed.get(path);
    allowed.set(path, known === undefined ? also : `${known}, ${also}`);
  }
  return allowed;
}
