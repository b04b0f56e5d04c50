/**
 * How every endpoint is made: bounded body, then who asks, then what is asked, then the work within the time that
 * the asker waits, then the signed answer. What a route declares here is also what the API description says of it.
 */
import type { Hono, MiddlewareHandler } from "hono";
import type { z } from "zod";
import type { Env } from "../durable-objects/env.ts";
import {
  continueTrace,
  parseJsonBody,
  rateLimitHeaders,
  readRequestBody,
  Refusal,
  signedAnswerTo,
  timeLimit,
  type NodeId,
} from "../protocol/index.ts";
import { authorize, type Access } from "./auth.ts";
import { logRefusal } from "./log.ts";
import { nodeContext, type NodeContext } from "./node-context.ts";

/** What hono's context has of a request. */
interface AppEnv {
  Bindings: Env;
  Variables: {
    /** The trace that it belongs to, once that is known. */
    traceparent?: string;
    /** The member that sent it, once that is verified. */
    sender?: NodeId;
  };
}
export type App = Hono<AppEnv>;

export interface RouteSpec {
  readonly method: "get" | "put" | "post";
  /** With `:name` parameters. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** The largest body; none is read where absent. */
  readonly maxBytes?: number;
  readonly response: {
    readonly status: number;
    readonly schema?: z.ZodType;
    readonly mediaType?: string;
  };
}

export interface Call {
  readonly node: NodeContext;
  /** The body as it came. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** The member that sent the request, where one did. */
  readonly sender: NodeId | undefined;
  /** Aborted when the sender waits no longer: whatever is still done then is done for no one. */
  readonly signal: AbortSignal;
  /** How long a member that sent the request still waits, in milliseconds. */
  readonly leftMs: number | undefined;
}

/** Signs every answer, also refusals, to a request that names this node: see `signedAnswerTo`. */
export const signAnswers: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  // A link has begun, or an origin has signed its answer itself.
  if (c.res.status === 101 || c.res.headers.has("signature")) return;
  const { identity, mesh, now, logLevel } = await nodeContext(c.env);
  const signed = await signedAnswerTo(c.req.raw, c.res, { identity, mesh, now: now() });
  if (signed === c.res) return;
  if (!signed.ok && logLevel === "info") {
    logRefusal({
      code: c.error instanceof Refusal ? c.error.code : String(signed.status),
      method: c.req.method,
      path: c.req.path,
      sender: c.get("sender"),
      traceparent: c.get("traceparent") ?? c.req.header("traceparent"),
    });
  }
  // Hono would add the header fields of the response that it replaces.
  c.res = undefined;
  c.res = signed;
};

/** A route as the API description needs it. */
export interface DescribedRoute extends RouteSpec {
  /** Of a JSON body. */
  readonly body?: z.ZodType;
}

export class Routes {
  readonly #app: App;
  readonly described: DescribedRoute[] = [];

  constructor(app: App) {
    this.#app = app;
  }

  /** A route without a body, or one that takes its body as it comes. */
  add(spec: RouteSpec, handle: (call: Call) => Promise<Response>): void {
    this.described.push(spec);
    this.#mount(spec, handle);
  }

  /** A route with a JSON body of `schema`. */
  addJson<B>(
    spec: RouteSpec,
    schema: z.ZodType<B>,
    handle: (call: Call & { readonly body: B }) => Promise<Response>,
  ): void {
    this.described.push({ ...spec, body: schema });
    this.#mount(spec, (call) => {
      return handle({ ...call, body: parseJsonBody(call.headers, schema, call.bytes) });
    });
  }

  #mount(spec: RouteSpec, handle: (call: Call) => Promise<Response>): void {
    this.#app.on(spec.method.toUpperCase(), spec.path, async (c) => {
      const own = await nodeContext(c.env);
      const startedAt = own.now();
      const { headers } = c.req.raw;
      const traceparent = continueTrace(headers.get("traceparent"), own.caller.random);
      c.set("traceparent", traceparent);
      // A requester finds its query's trace by it in every organisation's log.
      if (spec.access === "requester") c.res.headers.set("traceparent", traceparent);
      const node = { ...own, caller: { ...own.caller, traceparent } };
      const bytes = await readRequestBody(c.req.raw, spec.maxBytes ?? 0);
      const request = { method: c.req.method, url: c.req.url, headers, body: bytes };
      const sender = await authorize(node, spec.access, request, (id) => c.set("sender", id));
      const call = { node, bytes, params: c.req.param(), headers, sender: sender?.node };
      if (!sender) return handle({ ...call, signal: c.req.raw.signal, leftMs: undefined });
      for (const [name, value] of Object.entries(
        sender.quota ? rateLimitHeaders(sender.quota) : {},
      )) {
        c.res.headers.set(name, value);
      }
      const leftMs = sender.timeoutMs - (node.now() - startedAt);
      if (leftMs <= 0) throw tooLate();
      const { signal, lift } = timeLimit(leftMs);
      return Promise.race([handle({ ...call, signal, leftMs }), refuseWhenAborted(signal)]).finally(
        lift,
      );
    });
  }
}

function refuseWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(tooLate()), { once: true });
  });
}

function tooLate(): Refusal {
  return new Refusal("too-late", { detail: "the time that the sender waits is over" });
}
