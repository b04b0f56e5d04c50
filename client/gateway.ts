/** Requests to the organisation's own gateway. */
import { z } from "zod";
import {
  domainIdSchema,
  parseJson,
  queryEventSchema,
  routeResponseSchema,
  type MeshId,
  type QueryEvent,
  type QueryInput,
  type RouteInput,
  type RouteResponse,
} from "../protocol/index.ts";
import { linesOf } from "./ndjson.ts";
import { errorOf, ProtocolError } from "./problem-error.ts";
import { nodeDocumentSchema, type NodeDocument } from "./route-proof.ts";

export interface GatewayOptions {
  /** Base URL of the organisation's Worker. */
  readonly gateway: string;
  /** Its requester token. */
  readonly token: string;
  /** The mesh that is meant, so that a private query trusts no gateway's word for who its members are. */
  readonly mesh?: MeshId;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

const domainListSchema = z.object({
  domains: z.array(z.object({ id: domainIdSchema, name: z.string(), title: z.string() })),
});
export type DomainSummary = z.infer<typeof domainListSchema>["domains"][number];

export class Gateway {
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = { ...options, gateway: options.gateway.replace(/\/+$/, "") };
  }

  /** The gateway's own `fetch`, which also calls origins in a private query. */
  get fetch(): typeof fetch {
    return this.#options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Its base URL. */
  get url(): string {
    return this.#options.gateway;
  }

  /** The mesh that the caller named. */
  get mesh(): MeshId | undefined {
    return this.#options.mesh;
  }

  async *query(input: QueryInput, signal?: AbortSignal): AsyncGenerator<QueryEvent, void> {
    const response = await this.#send("POST", "/v1/query", {
      body: input,
      accept: "application/x-ndjson",
      signal,
    });
    if (!response.body) throw new ProtocolError("the gateway's answer has no body");
    for await (const line of linesOf(response.body)) {
      const json = parseJson(line);
      const event = queryEventSchema.safeParse(json.ok ? json.value : undefined);
      if (!event.success) throw new ProtocolError("a line of the stream is not an event");
      yield event.data;
    }
  }

  async route(input: RouteInput, signal?: AbortSignal): Promise<RouteResponse> {
    const response = await this.#send("POST", "/v1/route", { body: input, signal });
    return this.#read(response, routeResponseSchema);
  }

  /** What the node says of itself and its mesh, as yet unproven. */
  async nodeDocument(signal?: AbortSignal): Promise<NodeDocument> {
    const response = await this.#send("GET", "/.well-known/outcome-mesh", { signal });
    return this.#read(response, nodeDocumentSchema);
  }

  async domains(): Promise<readonly DomainSummary[]> {
    return (await this.#read(await this.#send("GET", "/v1/domains"), domainListSchema)).domains;
  }

  /** A domain's document, as text. */
  async domainText(id: string): Promise<string> {
    return (await this.#send("GET", `/v1/domains/${encodeURIComponent(id)}`)).text();
  }

  async ontologyBytes(id: string): Promise<Uint8Array> {
    const response = await this.#send("GET", `/v1/ontologies/${encodeURIComponent(id)}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async #send(
    method: string,
    path: string,
    {
      body,
      accept = "application/json",
      signal,
    }: { body?: unknown; accept?: string; signal?: AbortSignal | undefined } = {},
  ): Promise<Response> {
    const response = await this.fetch(this.#options.gateway + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        accept,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      redirect: "manual",
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (response.status === 200) return response;
    throw errorOf(response.status, await response.text());
  }

  async #read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
    const json = parseJson(await response.text());
    const parsed = schema.safeParse(json.ok ? json.value : undefined);
    if (!parsed.success) throw new ProtocolError("the gateway's answer is not of the protocol");
    return parsed.data;
  }
}
