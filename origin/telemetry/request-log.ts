/** What is kept of every served request: a line in the log, and counts. */
import { performance } from "node:perf_hooks";
import type { MiddlewareHandler } from "hono";
import { ORIGIN_QUERY_PATH, Refusal, traceIdOf, type DomainId } from "../../protocol/index.ts";
import { logEvent } from "../log.ts";
import { takingNotes, type RequestNotes } from "./request-notes.ts";

/** A route's name: its path may hold a record's id. */
export type RouteName =
  | "query"
  | "deposit"
  | "withdraw"
  | "status"
  | "metrics"
  | "health"
  | "other";

const ROUTE_OF_PATH: Readonly<Record<string, RouteName>> = {
  [ORIGIN_QUERY_PATH]: "query",
  "/v1/outcomes": "deposit",
  "/v1/status": "status",
  "/metrics": "metrics",
  "/health": "health",
};
/** Asked for by machines, all the time. */
const POLLED: ReadonlySet<RouteName> = new Set(["status", "metrics", "health"]);

export interface ServedRequest extends RequestNotes {
  readonly route: RouteName;
  readonly status: number;
  readonly durationMs: number;
  /** The code of the problem that was answered. */
  readonly code: string | undefined;
  /** What became of it: `released` or another decision, `refused`, `failed`. */
  readonly outcome: string;
}

/** Sees every request to its end, whatever answers it. */
export function watchRequests(
  observe: (request: ServedRequest) => void,
  nameOf: (domain: DomainId) => string | undefined,
): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = performance.now();
    const notes = await takingNotes(next);
    // A sealed refusal has the status of an answer.
    const status = c.error && c.res.ok ? statusOf(c.error) : c.res.status;
    const route = routeOf(c.req.path);
    const request: ServedRequest = {
      ...notes,
      route,
      status,
      durationMs: performance.now() - startedAt,
      code: c.error instanceof Refusal ? c.error.code : undefined,
      outcome: outcomeOf(status, notes),
    };
    observe(request);
    const { domain, durationMs, code, outcome } = request;
    const fields = {
      route,
      method: c.req.method,
      status,
      outcome,
      code,
      durationMs: Math.round(durationMs * 100) / 100,
      member: notes.sender,
      domain: domain && nameOf(domain),
      results: notes.results,
      traceId: traceIdOf(c.req.header("traceparent")),
    };
    logEvent("request", fields, POLLED.has(route) && status < 500 ? "debug" : "info");
  };
}

function statusOf(error: Error): number {
  return error instanceof Refusal ? error.toResponse().status : 500;
}

function routeOf(path: string): RouteName {
  return ROUTE_OF_PATH[path] ?? (path.startsWith("/v1/outcomes/") ? "withdraw" : "other");
}

function outcomeOf(status: number, { decision = "released" }: RequestNotes): string {
  if (status < 400) return decision;
  return status === 500 ? "failed" : "refused";
}
