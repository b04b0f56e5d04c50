/** The link to the own origin: how the origin makes it, and how others reach the origin through it. */
import type { LinkAnswer, LinkFailure } from "../../durable-objects/origin-link/exchanges.ts";
import { linkStub } from "../../durable-objects/stubs.ts";
import {
  err,
  LINKED_ORIGIN_PATH,
  linkStatusSchema,
  linkTimeout,
  ORIGIN_LINK_PATH,
  ORIGIN_QUERY_PATH,
  Refusal,
  REQUEST_HEADERS,
  REQUEST_MAX_BYTES,
  signedAnswerSchema,
  type Result,
} from "../../protocol/index.ts";
import { logFailure } from "../log.ts";
import type { Call, Routes } from "../route.ts";

const QUERY_PATH = LINKED_ORIGIN_PATH + ORIGIN_QUERY_PATH;
/** What the origin needs of a request to know who asks, and for what. */
const FORWARDED = [...REQUEST_HEADERS, "accept"];
/** An origin that lost its connection tries anew within seconds. */
const RETRY_AFTER_S = "5";
const BUSY_RETRY_AFTER_S = "1";
/** Statuses whose answer has no body, and of which a `Response` takes none. */
const WITHOUT_BODY = new Set([204, 205, 304]);

export function mountLink(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: ORIGIN_LINK_PATH,
      access: "own-node",
      summary: "How the link to the origin is; with an upgrade to WebSocket, make it",
      response: { status: 200, schema: linkStatusSchema },
    },
    async ({ node, headers }) => {
      const link = linkStub(node.env);
      if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
        return Response.json(await link.status());
      }
      return link.fetch("https://link/", { headers: { upgrade: "websocket" } });
    },
  );

  routes.add(
    {
      method: "post",
      path: QUERY_PATH,
      access: "asker",
      summary: "Ask this node's origin over its link, as the origin itself would be asked",
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: signedAnswerSchema },
    },
    async (call) => {
      const answer = await askOrigin(call);
      if (!answer.ok) throw refusalOf(answer.error);
      const { status, headers, body } = answer.value;
      const content = WITHOUT_BODY.has(status) ? null : Uint8Array.from(body);
      return new Response(content, { status, headers });
    },
  );
}

async function askOrigin({
  node,
  bytes,
  headers,
  leftMs = 0,
}: Call): Promise<Result<LinkAnswer, LinkFailure>> {
  const forwarded = FORWARDED.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const fields = Object.fromEntries(forwarded);
  const request = { method: "POST", path: QUERY_PATH, headers: fields, body: bytes };
  try {
    return await linkStub(node.env).ask(request, linkTimeout(leftMs));
  } catch (error) {
    // The object was restarted, as each deployment does: the origin is about to connect to the new one.
    logFailure("origin link", error, node.caller.traceparent);
    return err("away");
  }
}

function refusalOf(failure: LinkFailure): Refusal {
  switch (failure) {
    case "away":
      return new Refusal(
        "origin-unavailable",
        { detail: "the origin is not connected to its Worker" },
        { "retry-after": RETRY_AFTER_S },
      );
    case "silent":
      return new Refusal(
        "origin-unavailable",
        { detail: "the origin did not answer in the time that the sender waits" },
        { "retry-after": RETRY_AFTER_S },
      );
    case "busy":
      return new Refusal(
        "origin-busy",
        { detail: "the origin has as many requests as it takes" },
        { "retry-after": BUSY_RETRY_AFTER_S },
      );
  }
}
