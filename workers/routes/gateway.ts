/** The gateway: what the organisation's own requesters call. */
import {
  DELEGATION_MS,
  problemOf,
  provingStatements,
  queryRequestSchema,
  queryResponseSchema,
  REQUEST_MAX_BYTES,
  routeRequestSchema,
  routeResponseSchema,
  signDelegation,
  utf8Bytes,
  type QueryEvent,
  type RouteResponse,
} from "../../protocol/index.ts";
import { findOrigins } from "../gateway/find-origins.ts";
import { runQuery } from "../gateway/run-query.ts";
import { logFailure } from "../log.ts";
import { readSymbols, requirePlan } from "../domains.ts";
import { asMember } from "../node-context.ts";
import type { Routes } from "../route.ts";

const NDJSON = "application/x-ndjson";

export function mountGateway(routes: Routes): void {
  routes.addJson(
    {
      method: "post",
      path: "/v1/query",
      access: "requester",
      summary: `Similar outcomes from the whole mesh; with Accept: ${NDJSON} as a stream of events`,
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: queryResponseSchema },
    },
    queryRequestSchema,
    async ({ node, body, headers }) => {
      const events = runQuery(await asMember(node), body);
      // The first event comes before any answer is begun, so that a refusal still has its own status.
      const first = await events.next();
      if (headers.get("accept")?.includes(NDJSON)) {
        return new Response(streamOf(first, events, node.caller.traceparent), {
          headers: { "content-type": NDJSON },
        });
      }
      for (let event = first; !event.done; event = await events.next()) {
        if (event.value.type === "done") return Response.json(event.value.response);
      }
      throw new Error("the query ended without a response");
    },
  );

  routes.addJson(
    {
      method: "post",
      path: "/v1/route",
      access: "requester",
      summary:
        "Where to ask, for a client that computes its own signature and calls origins itself",
      maxBytes: REQUEST_MAX_BYTES,
      response: { status: 200, schema: routeResponseSchema },
    },
    routeRequestSchema,
    async ({ node, body }) => {
      const member = await asMember(node);
      const plan = await requirePlan(node, body.domain);
      const signature = readSymbols(body.signature, plan.symbols);
      const routing = await findOrigins(member, {
        plan,
        signature,
        limit: body.maxOrigins,
        // The client asks the origins, so lookups may take all.
        requests: node.subrequestLimit,
        deadline: node.now() + body.deadlineMs,
      });
      const { view } = routing;
      const found = routing.origins.map(({ node: id }) => id);
      const response: RouteResponse = {
        mesh: node.mesh,
        origins: routing.origins.flatMap(({ node: id, estimate }) => {
          const descriptor = view.descriptorOf(id);
          return descriptor ? [{ node: id, estimate, descriptor }] : [];
        }),
        statements: provingStatements(view, [node.identity.node, ...found], Infinity).filter(
          ({ type }) => type === "vote",
        ),
        delegation: await signDelegation(
          node.identity,
          node.mesh,
          body.delegate,
          node.now() + DELEGATION_MS,
        ),
        coverage: routing.coverage,
        cost: routing.cost,
      };
      return Response.json(response);
    },
  );
}

function streamOf(
  first: IteratorResult<QueryEvent, void>,
  rest: AsyncGenerator<QueryEvent, void>,
  traceparent: string | undefined,
): ReadableStream<Uint8Array> {
  let next: Promise<IteratorResult<QueryEvent, void>> | undefined = Promise.resolve(first);
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const event = await (next ?? rest.next());
        next = undefined;
        if (event.done) controller.close();
        else controller.enqueue(lineOf(event.value));
      } catch (error) {
        logFailure("query", error, traceparent);
        controller.enqueue(lineOf({ type: "failed", problem: problemOf("internal") }));
        controller.close();
      }
    },
    cancel: async () => {
      await rest.return();
    },
  });
}

function lineOf(event: QueryEvent): Uint8Array {
  return utf8Bytes(`${JSON.stringify(event)}\n`);
}
