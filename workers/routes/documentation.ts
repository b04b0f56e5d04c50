/** The API's description: OpenAPI 3.1 from the routes' own schemas, and a page of it without any script. */
import { html } from "hono/html";
import { z } from "zod";
import { problemSchema } from "../../protocol/index.ts";
import type { Access } from "../auth.ts";
import type { App, DescribedRoute } from "../route.ts";

const ACCESS: Record<Access, { readonly words: string; readonly security: object[] }> = {
  public: { words: "anyone", security: [] },
  requester: { words: "requester token", security: [{ requesterToken: [] }] },
  member: { words: "a member's signature", security: [{ messageSignature: [] }] },
  "requester-or-member": {
    words: "requester token or a member's signature",
    security: [{ requesterToken: [] }, { messageSignature: [] }],
  },
  "requester-or-own-node": {
    words: "requester token or this node's own signature",
    security: [{ requesterToken: [] }, { messageSignature: [] }],
  },
  asker: {
    words: "the signature of a member or its delegate",
    security: [{ messageSignature: [] }],
  },
  "own-node": { words: "this node's own signature", security: [{ messageSignature: [] }] },
};

export function mountDocumentation(app: App, described: readonly DescribedRoute[]): void {
  const document = describe(described);
  app.get("/openapi.json", (c) => c.json(document));
  app.get("/docs", (c) => {
    c.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(page(described));
  });
}

function describe(described: readonly DescribedRoute[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of described) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Outcome Mesh node",
      version: "1",
      description: "One organisation's node. Every refusal is a problem document (RFC 9457).",
    },
    paths,
    components: {
      securitySchemes: {
        requesterToken: { type: "http", scheme: "bearer" },
        messageSignature: {
          type: "apiKey",
          in: "header",
          name: "Signature",
          description: "HTTP Message Signature (RFC 9421); docs/protocol.md has the profile",
        },
      },
    },
  };
}

function operation({ path, access, summary, body, response }: DescribedRoute): object {
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const mediaType = response.mediaType ?? (response.schema && "application/json");
  return {
    summary,
    security: ACCESS[access].security,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: jsonContent("application/json", schemaOf(body, "input")),
      },
    }),
    responses: {
      [response.status]: {
        description: "done",
        ...(mediaType && {
          content: jsonContent(
            mediaType,
            response.schema ? schemaOf(response.schema, "output") : {},
          ),
        }),
      },
      default: {
        description: "refused",
        content: jsonContent("application/problem+json", schemaOf(problemSchema, "output")),
      },
    },
  };
}

function jsonContent(mediaType: string, schema: object): object {
  return { [mediaType]: { schema } };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function page(described: readonly DescribedRoute[]) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Outcome Mesh node: API</title>
        <style>
          body {
            font:
              16px/1.5 system-ui,
              sans-serif;
            max-width: 60rem;
            margin: 2rem auto;
            padding: 0 1rem;
          }
          h2 {
            margin: 2rem 0 0;
            font-size: 1.1rem;
          }
          code,
          pre {
            font:
              0.85rem/1.4 ui-monospace,
              monospace;
          }
          pre {
            background: #f4f4f2;
            padding: 0.75rem;
            overflow: auto;
            max-height: 24rem;
          }
          p {
            margin: 0.25rem 0;
          }
        </style>
      </head>
      <body>
        <h1>Outcome Mesh node</h1>
        <p>
          The same as a machine reads it: <a href="/openapi.json">/openapi.json</a>. Every refusal
          is a problem document (RFC 9457).
        </p>
        ${described.map(
          ({ method, path, access, summary, body, response }) => html`
            <h2><code>${method.toUpperCase()} ${path}</code></h2>
            <p>${summary}.</p>
            <p>For: ${ACCESS[access].words}. Answers ${response.status}.</p>
            ${body ? schemaBlock("Body", schemaOf(body, "input")) : ""}
            ${response.schema ? schemaBlock("Answer", schemaOf(response.schema, "output")) : ""}
          `,
        )}
      </body>
    </html>`;
}

function schemaBlock(title: string, schema: object) {
  return html`<details>
    <summary>${title}</summary>
    <pre>${JSON.stringify(schema, null, 2)}</pre>
  </details>`;
}
