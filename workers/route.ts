/**
 * How every endpoint is made: bounded body, then who asks, then what is asked, then the work. What a route
 * declares here is also what the API description says of it.
 */
import type { Hono } from "hono";
import type { z } from "zod";
import type { Env } from "../durable-objects/env.ts";
import { parseBody, readRequestBody, Refusal, type NodeId } from "../protocol/index.ts";
import { authorize, type Access } from "./auth.ts";
import { nodeContext, type NodeContext } from "./node-context.ts";

export type App = Hono<{ Bindings: Env }>;

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
}

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
      const mediaType = call.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
      if (mediaType !== "application/json") {
        throw new Refusal("unsupported-media-type", {
          detail: "needs content-type: application/json",
        });
      }
      return handle({ ...call, body: parseBody(schema, call.bytes) });
    });
  }

  #mount(spec: RouteSpec, handle: (call: Call) => Promise<Response>): void {
    this.#app.on(spec.method.toUpperCase(), spec.path, async (c) => {
      const node = await nodeContext(c.env);
      const { headers } = c.req.raw;
      const bytes = await readRequestBody(c.req.raw, spec.maxBytes ?? 0);
      const request = { method: c.req.method, url: c.req.url, headers, body: bytes };
      const sender = await authorize(node, spec.access, request);
      return handle({ node, bytes, params: c.req.param(), headers, sender });
    });
  }
}
