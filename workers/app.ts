/** The organisation's Worker as one hono application. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { problemResponse, Refusal } from "../protocol/index.ts";
import { logFailure } from "./log.ts";
import { Routes, type App } from "./route.ts";
import { mountDocumentation } from "./routes/documentation.ts";
import { mountGateway } from "./routes/gateway.ts";
import { mountNode } from "./routes/node.ts";
import { mountPeer } from "./routes/peer.ts";

export function createApp(): App {
  const app: App = new Hono();
  // Browsers may call: requests carry a token or a signature, never a cookie.
  app.use(cors({ origin: "*", maxAge: 86_400 }));
  const routes = new Routes(app);
  mountGateway(routes);
  mountPeer(routes);
  mountNode(routes);
  mountDocumentation(app, routes.described);
  const paths = new Set(routes.described.map((route) => route.path));
  for (const path of paths) {
    app.all(path, () => problemResponse("method-not-allowed"));
  }
  app.notFound(() => problemResponse("not-found"));
  app.onError((error) => {
    if (error instanceof Refusal) return error.toResponse();
    logFailure("request", error);
    return problemResponse("internal");
  });
  return app;
}
