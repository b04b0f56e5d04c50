/** What this node says of itself, and what its operator and origin tell it. */
import { z } from "zod";
import { knownDomain } from "../../durable-objects/domain-cache.ts";
import { membershipView } from "../../durable-objects/membership-view.ts";
import { libraryStub } from "../../durable-objects/stubs.ts";
import {
  charterSchema,
  contentId,
  decodeOntology,
  descriptorSchema,
  domainIdOf,
  domainIdSchema,
  domainSchema,
  DOMAIN_MAX_BYTES,
  canonicalBytes,
  meshIdSchema,
  nodeIdSchema,
  ontologyIdSchema,
  Refusal,
} from "../../protocol/index.ts";
import { asMember } from "../node-context.ts";
import type { Routes } from "../route.ts";

/** SNOMED CT compiled takes about 15 MB; a call of a Durable Object may carry 32 MiB, an isolate has 128 MB. */
const ONTOLOGY_MAX_BYTES = 25_165_824;

const wellKnownSchema = z.object({
  mesh: meshIdSchema,
  node: nodeIdSchema,
  charter: charterSchema,
  descriptor: descriptorSchema,
  membership: z.string(),
});
const domainListSchema = z.object({
  domains: z.array(z.object({ id: domainIdSchema, name: z.string(), title: z.string() })),
});
const healthSchema = z.object({
  status: z.literal("ok"),
  ready: z.boolean(),
  mesh: meshIdSchema,
  node: nodeIdSchema,
  /** This node's clock: whose differs by more than a minute is refused, and can not know why. */
  time: z.int(),
});

export function mountNode(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: "/.well-known/outcome-mesh",
      access: "public",
      summary: "This node's signed descriptor and its mesh's charter",
      response: { status: 200, schema: wellKnownSchema },
    },
    async ({ node }) => {
      const { view, mesh, identity } = await asMember(node);
      const descriptor = view.descriptorOf(identity.node);
      if (!descriptor) throw new Refusal("not-ready", { detail: "this node is not a live member" });
      return Response.json({
        mesh,
        node: identity.node,
        charter: view.charter,
        descriptor,
        membership: view.version,
      });
    },
  );

  routes.add(
    {
      method: "get",
      path: "/health",
      access: "public",
      summary: "Whether this node runs, which it is, its time, and whether it has its members",
      response: { status: 200, schema: healthSchema },
    },
    async ({ node }) => {
      const view = await membershipView(node.env, node.now());
      const { mesh, identity } = node;
      const ready = view !== undefined;
      return Response.json({ status: "ok", ready, mesh, node: identity.node, time: node.now() });
    },
  );

  mountDomains(routes);
  mountOntologies(routes);
}

function mountDomains(routes: Routes): void {
  routes.add(
    {
      method: "get",
      path: "/v1/domains",
      access: "requester-or-member",
      summary: "The domains that this node knows",
      response: { status: 200, schema: domainListSchema },
    },
    async ({ node }) => {
      const ids = await libraryStub(node.env).list("domain");
      const domains = await Promise.all(
        ids.map(async (id) => {
          const known = await knownDomain(node.env, domainIdSchema.parse(id));
          return known ? [{ id, name: known.domain.name, title: known.domain.title }] : [];
        }),
      );
      return Response.json({ domains: domains.flat() });
    },
  );

  routes.add(
    {
      method: "get",
      path: "/v1/domains/:id",
      access: "requester-or-member",
      summary: "A domain's document",
      response: { status: 200, schema: domainSchema },
    },
    async ({ node, params }) => {
      const id = domainIdSchema.safeParse(params["id"]);
      const known = id.success ? await knownDomain(node.env, id.data) : undefined;
      if (!known) throw new Refusal("unknown-domain");
      return Response.json(known.domain);
    },
  );

  routes.addJson(
    {
      method: "put",
      path: "/v1/domains/:id",
      access: "member",
      summary: "Give this node a domain; its id is the hash of its content",
      maxBytes: DOMAIN_MAX_BYTES,
      response: { status: 204 },
    },
    domainSchema,
    async ({ node, params, body }) => {
      requireSameId(params["id"], domainIdOf(body));
      const canonical = canonicalBytes(body);
      // 1e20 is longer in canonical form: what is stored must still be a domain when it is read.
      if (canonical.length > DOMAIN_MAX_BYTES) {
        throw new Refusal("too-large", {
          detail: `the domain may have ${DOMAIN_MAX_BYTES} bytes in canonical form`,
        });
      }
      await libraryStub(node.env).put("domain", domainIdOf(body), canonical);
      return noContent();
    },
  );
}

function mountOntologies(routes: Routes): void {
  const mediaType = "application/octet-stream";

  routes.add(
    {
      method: "get",
      path: "/v1/ontologies/:id",
      access: "requester-or-member",
      summary: "A compiled ontology",
      response: { status: 200, mediaType },
    },
    async ({ node, params }) => {
      const id = ontologyIdSchema.safeParse(params["id"]);
      const bytes = id.success ? await libraryStub(node.env).get("ontology", id.data) : undefined;
      if (!bytes)
        throw new Refusal("not-found", { detail: "this node does not have that ontology" });
      return new Response(bytes, { headers: { "content-type": mediaType } });
    },
  );

  routes.add(
    {
      method: "put",
      path: "/v1/ontologies/:id",
      access: "own-node",
      summary: "Give this node a compiled ontology; its id is the hash of its bytes",
      maxBytes: ONTOLOGY_MAX_BYTES,
      response: { status: 204 },
    },
    async ({ node, params, bytes }) => {
      requireSameId(params["id"], contentId(bytes));
      try {
        decodeOntology(bytes);
      } catch (error) {
        throw new Refusal("bad-request", { detail: error instanceof Error ? error.message : "" });
      }
      await libraryStub(node.env).put("ontology", contentId(bytes), bytes);
      return noContent();
    },
  );
}

function requireSameId(inPath: string | undefined, ofContent: string): void {
  if (inPath === ofContent) return;
  throw new Refusal("bad-request", { detail: `the content's id is ${ofContent}, not the path's` });
}

function noContent(): Response {
  return new Response(null, { status: 204 });
}
