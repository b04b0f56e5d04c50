/** The origin's HTTP interface: which path leads where, and how refusals and errors look. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import {
  answerToError,
  LINKED_ORIGIN_PATH,
  ORIGIN_QUERY_PATH,
  problemResponse,
  Refusal,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  signedAnswerTo,
} from "../protocol/index.ts";
import type { OriginContext } from "./context.ts";
import { logFailure } from "./log.ts";
import { depositOutcome } from "./routes/deposit.ts";
import { answerQuery } from "./routes/query.ts";
import { reportMetrics, reportStatus } from "./routes/status.ts";
import { withdrawOutcome } from "./routes/withdraw.ts";
import { noteRequest, watchRequests } from "./telemetry/index.ts";

const PREFLIGHT_S = 86_400;
const OUTCOMES_PATH = "/v1/outcomes";
const OUTCOME_PATH = "/v1/outcomes/:domain/:id";
const STATUS_PATH = "/v1/status";
const METRICS_PATH = "/metrics";
const HEALTH_PATH = "/health";

/** Every path, with the methods that it takes. */
export const ORIGIN_ROUTES: Readonly<Record<string, string>> = {
  [ORIGIN_QUERY_PATH]: "POST, OPTIONS",
  [OUTCOMES_PATH]: "POST",
  [OUTCOME_PATH]: "DELETE",
  [STATUS_PATH]: "GET, HEAD",
  [METRICS_PATH]: "GET, HEAD",
  [HEALTH_PATH]: "GET, HEAD",
};

export function createServer(context: OriginContext): Hono {
  // What comes over the link keeps the path that its asker signed.
  const app = new Hono({ getPath: pathOf });
  const { metrics, indexes } = context;
  app.use(watchRequests(metrics.observe, (id) => indexes.get(id)?.compiled.domain.name));
  // A client in a browser asks with a delegate key; operators' routes are for no web page.
  app.use(
    ORIGIN_QUERY_PATH,
    cors({
      origin: "*",
      allowMethods: ["POST"],
      allowHeaders: [...REQUEST_HEADERS],
      exposeHeaders: [...RESPONSE_HEADERS],
      maxAge: PREFLIGHT_S,
    }),
  );
  app.use(async (c, next) => {
    await next();
    const { identity, mesh, now } = context;
    const signed = await signedAnswerTo(c.req.raw, c.res, { identity, mesh, now: now() });
    if (signed === c.res) return;
    // Hono would add the header fields of the response that it replaces.
    c.res = undefined;
    c.res = signed;
  });
  app.post(ORIGIN_QUERY_PATH, (c) =>
    answerQuery(context, c.req.raw, {
      onSender: (sender) => noteRequest({ sender }),
      onError: (error) => {
        c.error = error instanceof Error ? error : new Error(String(error));
        if (error instanceof Refusal) return;
        logFailure("request", error, c.req.header("traceparent"));
      },
    }),
  );
  app.post(OUTCOMES_PATH, (c) => depositOutcome(context, c.req.raw));
  app.delete(OUTCOME_PATH, (c) => withdrawOutcome(context, c.req.raw, c.req.param()));
  app.get(STATUS_PATH, (c) => reportStatus(context, c.req.raw));
  app.get(METRICS_PATH, (c) => reportMetrics(context, c.req.raw));
  app.get(HEALTH_PATH, () => Response.json({ status: "ok" }));

  for (const [path, allowed] of Object.entries(ORIGIN_ROUTES)) {
    app.all(path, () => {
      const detail = `allowed: ${allowed}`;
      const response = problemResponse("method-not-allowed", { detail });
      response.headers.set("allow", allowed);
      return response;
    });
  }
  app.notFound(() => problemResponse("not-found"));
  app.onError((error, c) =>
    answerToError(error, () => logFailure("request", error, c.req.header("traceparent"))),
  );
  return app;
}

/** The path below the origin's address, whether that is its own or one at its Worker. */
function pathOf({ url }: Request): string {
  const { pathname } = new URL(url);
  const isBelow = pathname.startsWith(`${LINKED_ORIGIN_PATH}/`);
  return isBelow ? pathname.slice(LINKED_ORIGIN_PATH.length) : pathname;
}
