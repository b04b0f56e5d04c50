/**
 * Who is no member gets nothing: a stranger with a valid key, a member whose lease is over and one that was
 * revoked, from any route of a Worker or an origin but the public ones. The Worker's routes are those that it
 * describes itself, so that a new one is tested here from its first day.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { LocalMesh, type LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import { putMembers } from "../../client/cli/local-mesh/operator.ts";
import { ORIGIN_ROUTES } from "../../origin/server.ts";
import {
  canonicalBytes,
  charterSchema,
  compileDomain,
  openIdentity,
  secretKeyFrom,
  signDescriptor,
  signVote,
  utf8Bytes,
  type CompiledDomain,
  type Identity,
} from "../../protocol/index.ts";
import { expectStatus, send, type Answer, type Outgoing } from "../support/bad-input/http.ts";
import { signedRequest } from "../support/bad-input/mesh.ts";
import { describedOperations, type DescribedOperation } from "../support/openapi.ts";
import { smallDomain } from "../support/small-example.ts";

/** What anyone may ask of a Worker; the documentation is not among what it describes. */
const PUBLIC = ["GET /.well-known/outcome-mesh", "GET /health"];
const DOCUMENTATION = ["/openapi.json", "/docs"];
/** Where a newcomer shows why it is a member: open to anyone, and of no use to who is none. */
const JOIN = "POST /v1/peer/join";
/** Long enough for every node to be given the descriptor before it ends. */
const SHORT_LEASE_MS = 4_000;

let directory: string;
let local: LocalMesh;
let target: LocalOrganisation;
let domain: CompiledDomain;
let outsiders: readonly (readonly [string, Identity])[];
let operations: readonly DescribedOperation[];

beforeAll(async () => {
  const compiled = compileDomain(smallDomain);
  if (!compiled.ok) throw new Error("the domain does not compile");
  domain = compiled.value;
  directory = await mkdtemp(join(tmpdir(), "outcome-mesh-strangers-"));
  local = await LocalMesh.open({
    directory,
    organisations: ["target", "peer", "lapsed", "revoked"].map((slug) => ({ slug, name: slug })),
    domains: [
      { compiled: domain, document: new TextDecoder().decode(canonicalBytes(smallDomain)) },
    ],
    ontologies: [],
  });
  await local.startWorkers();
  target = local.organisation("target");
  const ends = Date.now() + SHORT_LEASE_MS;
  await local.renew({ lapsed: { expiresAt: ends } });
  const { charter } = z
    .object({ charter: charterSchema })
    .parse(await (await fetch(`${target.meshUrl}/.well-known/outcome-mesh`)).json());
  const subject = local.organisation("revoked").identity.publicKey;
  const votes = await Promise.all(
    ["target", "peer"].map((slug) =>
      signVote(local.organisation(slug).identity, local.mesh, subject, "revoke", Date.now()),
    ),
  );
  const statements = votes.map((vote) => ({ type: "vote" as const, vote }));
  const { identity, meshUrl } = target;
  await putMembers({ identity, mesh: local.mesh, meshUrl }, { charter, statements });
  await local.startOrigin(target.slug);
  operations = await describedOperations(target.meshUrl);
  outsiders = [
    ["a stranger", await openIdentity(secretKeyFrom(randomBytes(32)))],
    ["a lapsed member", local.organisation("lapsed").identity],
    ["a revoked member", local.organisation("revoked").identity],
  ];
  await sleep(Math.max(0, ends + 100 - Date.now()));
});

afterAll(async () => {
  await local?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A refusal that says nothing of what the node holds. */
function expectNothing(answer: Answer, title: string): void {
  expect([401, 403], `${title}: ${answer.text}`).toContain(answer.status);
  expect(answer.headers["content-type"], title).toBe("application/problem+json");
  for (const secret of [domain.id, "Small", local.organisation("peer").identity.node]) {
    expect(answer.text, title).not.toContain(secret);
  }
}

function closedOperations(): readonly DescribedOperation[] {
  return operations.filter(({ method, path }) => {
    const name = `${method} ${path}`;
    return !PUBLIC.includes(name) && name !== JOIN;
  });
}

function filledIn(path: string): string {
  return path.replaceAll("{id}", domain.id).replaceAll(":domain", domain.id).replaceAll(":id", "x");
}

async function signed(
  identity: Identity,
  method: string,
  path: string,
  base = target.meshUrl,
): Promise<Outgoing> {
  // Without a body: who asks is judged before what is asked.
  const call = { method, path, type: "application/json" };
  return signedRequest(local, { ...target, meshUrl: base }, identity, call);
}

function unsigned(method: string, url: string, authorization?: string): Outgoing {
  const headers = {
    "content-type": "application/json",
    ...(authorization !== undefined && { authorization }),
  };
  return { method, url, headers };
}

test("the Worker describes routes of every kind, and what is public is no more than this", async () => {
  const names = operations.map(({ method, path }) => `${method} ${path}`);
  for (const known of [...PUBLIC, JOIN, "POST /v1/query", "POST /v1/peer/lookup"]) {
    expect(names).toContain(known);
  }
  for (const path of DOCUMENTATION) {
    expectStatus(await send(unsigned("GET", target.meshUrl + path)), 200, path);
  }
  for (const name of PUBLIC) {
    const [, path = ""] = name.split(" ");
    expectStatus(await send(unsigned("GET", target.meshUrl + path)), 200, path);
  }
});

test("a member and a requester are served where the others are not", async () => {
  const { identity } = local.organisation("peer");
  expectStatus(await send(await signed(identity, "GET", "/v1/domains")), 200);
  const token = `Bearer ${target.requesterToken}`;
  expectStatus(await send(unsigned("GET", `${target.meshUrl}/v1/domains`, token)), 200);
});

describe("a Worker's routes", () => {
  test("give nothing to who does not sign and has no token, or a wrong one", async () => {
    for (const { method, path } of closedOperations()) {
      const url = target.meshUrl + filledIn(path);
      for (const authorization of [undefined, "Bearer wrong", `Bearer ${"x".repeat(32)}`]) {
        const answer = await send(unsigned(method, url, authorization));
        expectNothing(answer, `${method} ${path} ${authorization}`);
      }
    }
  });

  test("give nothing to a stranger, a lapsed member and a revoked member that sign", async () => {
    for (const { method, path } of closedOperations()) {
      for (const [who, identity] of outsiders) {
        const answer = await send(await signed(identity, method, filledIn(path)));
        expectNothing(answer, `${method} ${path} by ${who}`);
      }
    }
  });

  test("give nothing to an outsider that signs in a member's name", async () => {
    const { node } = local.organisation("peer").identity;
    for (const { method, path } of closedOperations()) {
      for (const [who, identity] of outsiders) {
        const answer = await send(await signed({ ...identity, node }, method, filledIn(path)));
        expectNothing(answer, `${method} ${path} by ${who} as a member`);
      }
    }
  });

  test("to join needs to be a member: what an outsider shows is refused and not kept", async () => {
    const url = `${target.meshUrl}/v1/peer/join`;
    const before = await send(unsigned("GET", `${target.meshUrl}/.well-known/outcome-mesh`));
    // A lapsed member may come back: only its own key can sign it a new lease.
    for (const [who, identity] of outsiders.filter(([name]) => name !== "a lapsed member")) {
      const descriptor = await signDescriptor(identity, local.mesh, {
        version: 1,
        key: identity.publicKey,
        name: "an outsider",
        meshUrl: "https://outsider.example",
        domains: [],
        capacity: 1,
        epoch: 0,
        seq: Date.now(),
        issuedAt: Date.now(),
        expiresAt: Date.now() + 1000,
      });
      const statements = [{ type: "descriptor", descriptor }];
      const body = utf8Bytes(JSON.stringify({ statements }));
      const answer = await send({ ...unsigned("POST", url), body });
      expect([400, 403], `${who}: ${answer.text}`).toContain(answer.status);
      expect(answer.text).not.toContain(local.organisation("peer").identity.node);
    }
    const after = await send(unsigned("GET", `${target.meshUrl}/.well-known/outcome-mesh`));
    expect(JSON.parse(after.text)).toEqual(JSON.parse(before.text));
  });
});

describe("an origin's routes", () => {
  const routes = Object.entries(ORIGIN_ROUTES).flatMap(([path, methods]) =>
    path === "/health"
      ? []
      : methods
          .split(", ")
          .filter((method) => method !== "OPTIONS" && method !== "HEAD")
          .map((method) => ({ method, path })),
  );

  test("give nothing to who does not sign and has no token, or a wrong one", async () => {
    expect(routes.length).toBeGreaterThan(3);
    for (const { method, path } of routes) {
      const url = target.originUrl + filledIn(path);
      for (const authorization of [
        undefined,
        "Bearer wrong",
        `Bearer ${target.requesterToken}`,
        `Bearer ${local.organisation("revoked").operatorToken}`,
      ]) {
        const answer = await send(unsigned(method, url, authorization));
        expectNothing(answer, `${method} ${path} ${authorization}`);
      }
    }
  });

  test("give nothing to a stranger, a lapsed member and a revoked member that sign", async () => {
    for (const { method, path } of routes) {
      for (const [who, identity] of outsiders) {
        const request = await signed(identity, method, filledIn(path), target.originUrl);
        expectNothing(await send(request), `${method} ${path} by ${who}`);
      }
    }
  });
});
