/**
 * Every endpoint of a Worker with a good request. `bad-input-routes.test.ts` compares this table with the
 * Worker's own /openapi.json, so that no endpoint is forgotten.
 */
import {
  canonicalBytes,
  contentId,
  domainIdOf,
  domainSchema,
  encodeSlotKeys,
  encodeSlots,
  parseJson,
  toBase64Url,
  utf8Bytes,
  type Identity,
  type Statement,
} from "../../../protocol/index.ts";
import { compiled, fullDomainDocument, ontology, ontologyBytes, profile } from "./documents.ts";
import { send, type Answer, type Outgoing } from "./http.ts";
import type { Json } from "./json-schema.ts";
import { signedRequest, type BadInputMesh } from "./mesh.ts";
import { z } from "zod";

export type Access =
  | "public"
  | "requester"
  | "member"
  | "requester-or-member"
  | "requester-or-own-node"
  | "own-node";

export interface Endpoint {
  readonly method: "GET" | "PUT" | "POST";
  /** As /openapi.json has it. */
  readonly path: string;
  readonly access: Access;
  /** Of the answer to a good request. */
  readonly status: number;
  /** The largest body. */
  readonly maxBytes?: number;
  /** A JSON body, complete in every optional field. */
  readonly json?: Json;
  /** A body that is not JSON. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** By title, or by path and what is below: where a bound's last good value is refused for another reason. */
  readonly otherwise?: Readonly<Record<string, number>>;
  /** Replaces {id} in the path. */
  readonly id?: (body: Uint8Array<ArrayBuffer> | undefined) => string;
}

export async function endpointsOf(mesh: BadInputMesh): Promise<Endpoint[]> {
  const { target, members, held } = mesh;
  const [place] = held;
  if (!place) throw new Error("the target holds no slot");
  const signature = place.symbols;
  const domain = compiled.id;
  const own = target.identity;
  const budget = { maxOrigins: 24, deadlineMs: 10_000 };
  return [
    { method: "GET", path: "/.well-known/outcome-mesh", access: "public", status: 200 },
    { method: "GET", path: "/health", access: "public", status: 200 },
    { method: "GET", path: "/v1/node/status", access: "requester-or-own-node", status: 200 },
    { method: "GET", path: "/v1/node/link", access: "own-node", status: 200 },
    { method: "GET", path: "/v1/domains", access: "requester-or-member", status: 200 },
    {
      method: "GET",
      path: "/v1/domains/{id}",
      access: "requester-or-member",
      status: 200,
      id: () => domain,
    },
    {
      method: "GET",
      path: "/v1/ontologies/{id}",
      access: "requester-or-member",
      status: 200,
      id: () => ontology.id,
    },
    { method: "GET", path: "/v1/node/members", access: "member", status: 200 },
    {
      method: "PUT",
      path: "/v1/node/members",
      access: "own-node",
      status: 204,
      maxBytes: 8_388_608,
      json: jsonOf(members),
      // Whatever is changed of what was signed is no longer signed.
      otherwise: {
        "charter.charter": 400,
        "charter.charter.replicas: is 1": 204,
        ...spoiltStatements(members.statements, 400),
      },
    },
    {
      method: "PUT",
      path: "/v1/node/holdings",
      access: "own-node",
      status: 204,
      maxBytes: 16_384,
      json: {
        domains: [domain],
        sealingKey: toBase64Url(new Uint8Array(32).fill(9)),
        linked: false,
      },
    },
    {
      method: "POST",
      path: "/v1/peer/gossip",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: {
        digest: HASH,
        statements: jsonOf(members.statements),
        held: [{ bucket: 0, hashes: [HASH] }],
      },
      otherwise: { "held: has 256 items": 400, ...spoiltStatements(members.statements, 200) },
    },
    {
      method: "POST",
      path: "/v1/peer/join",
      access: "public",
      status: 200,
      maxBytes: 65_536,
      json: { statements: jsonOf(descriptorsFirst(members.statements)) },
      otherwise: spoiltStatements(descriptorsFirst(members.statements), 200),
    },
    {
      method: "PUT",
      path: "/v1/domains/{id}",
      access: "member",
      status: 204,
      maxBytes: 262_144,
      json: jsonOf(fullDomainDocument),
      id: idOfDomain,
    },
    {
      method: "PUT",
      path: "/v1/ontologies/{id}",
      access: "own-node",
      status: 204,
      maxBytes: 25_165_824,
      bytes: ontologyBytes,
      id: (body) => contentId(body ?? new Uint8Array()),
    },
    {
      method: "POST",
      path: "/v1/peer/lookup",
      access: "member",
      status: 200,
      maxBytes: 4096,
      json: {
        domain,
        signature: toBase64Url(signature),
        trees: place.trees,
        limit: 10,
        membership: "v",
      },
      otherwise: { signature: 400, "trees.0: is 63": 400 },
    },
    {
      method: "POST",
      path: "/v1/peer/publish",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: { entries: [await mesh.statement(own, { signature })] },
    },
    {
      method: "POST",
      path: "/v1/peer/withdraw",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: {
        entries: [
          await mesh.statement(own, { signature: held[1]?.symbols ?? signature, count: 0 }),
        ],
      },
    },
    {
      method: "POST",
      path: "/v1/peer/repair/digests",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: { of: "slots", slots: encodeSlots([0]) },
      // As long as may be, but of no whole number of slots.
      otherwise: { slots: 400 },
    },
    {
      method: "POST",
      path: "/v1/peer/repair/items",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: { slots: encodeSlots([0]), after: encodeSlotKeys([SLOT_KEY]) },
      otherwise: { slots: 400 },
    },
    {
      method: "POST",
      path: "/v1/peer/repair/entries",
      access: "member",
      status: 200,
      maxBytes: 1_048_576,
      json: { items: encodeSlotKeys([SLOT_KEY]) },
    },
    { method: "POST", path: "/v1/node/repair", access: "own-node", status: 200 },
    {
      method: "POST",
      path: "/v1/query",
      access: "requester",
      status: 200,
      maxBytes: 1_048_576,
      json: {
        domain,
        profile,
        k: 10,
        ...budget,
        exhaustive: false,
        excludeGroups: ["group-1"],
        purpose: "research",
      },
    },
    {
      method: "POST",
      path: "/v1/route",
      access: "requester",
      status: 200,
      maxBytes: 1_048_576,
      json: { domain, signature: toBase64Url(signature), ...budget, delegate: own.publicKey },
      otherwise: { signature: 400 },
    },
  ];
}

const HASH = toBase64Url(new Uint8Array(8));
const SLOT_KEY = { slot: 0, key: new Uint8Array(16) };

/** A newcomer's own descriptor is what a join is about. */
function descriptorsFirst(statements: readonly Statement[]): Statement[] {
  return statements.toSorted(
    (a, b) => Number(b.type === "descriptor") - Number(a.type === "descriptor"),
  );
}

/**
 * What becomes of a statement of which a field was changed within its bounds: it is no longer signed. An older
 * one is passed over unread; one as it was is good; what contradicts nothing is no proof.
 */
function spoiltStatements(
  statements: readonly Statement[],
  whereUnsigned: number,
): Record<string, number> {
  const accepted = whereUnsigned === 400 ? 204 : whereUnsigned;
  const entries = statements.map(({ type }, i): [string, number][] => {
    const at = `statements.${i}.${type}`;
    if (type === "equivocation") {
      // It is known by its signatures, and so is held already, if it is one at all.
      const spoilt = ["first", "second"].flatMap((one) =>
        ["seq", "meshUrl", "originUrl", "issuedAt", "expiresAt"].map((name): [string, number] => [
          `${at}.${one}.descriptor.${name}`,
          400,
        ]),
      );
      return [...spoilt, [at, accepted]];
    }
    return [
      [`${at}.descriptor.seq: is 0`, accepted],
      [`${at}.descriptor.capacity: is 1`, accepted],
      [`${at}.descriptor.epoch: is 0`, accepted],
      [`${at}.issuedAt: is 0`, accepted],
      // Within its own bounds, but not with the rest of the descriptor.
      ...["meshUrl", "originUrl", "issuedAt", "expiresAt"].map((name): [string, number] => [
        `${at}.descriptor.${name}`,
        400,
      ]),
      [at, whereUnsigned],
    ];
  });
  return Object.fromEntries(entries.flat());
}

export function nameOf({ method, path }: Pick<Endpoint, "method" | "path">): string {
  return `${method} ${path}`;
}

/** The id that the content has, where it is a domain: so that only what is wrong with it is wrong. */
function idOfDomain(body: Uint8Array<ArrayBuffer> | undefined): string {
  try {
    const json = parseJson(new TextDecoder().decode(body));
    const parsed = domainSchema.safeParse(json.ok ? json.value : undefined);
    return parsed.success ? domainIdOf(parsed.data) : compiled.id;
  } catch {
    return compiled.id;
  }
}

/** The body of the endpoint's good request. */
export function goodBody({ json, bytes }: Endpoint): Uint8Array<ArrayBuffer> | undefined {
  return json === undefined ? bytes : bytesOf(json);
}

export function bytesOf(json: Json): Uint8Array<ArrayBuffer> {
  return utf8Bytes(JSON.stringify(json));
}

export interface CallOptions {
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** Undefined for none. */
  readonly type?: string | undefined;
  /** Who signs; by default whoever may. */
  readonly identity?: Identity;
  readonly path?: string;
  readonly method?: string;
}

export function pathOf({ path, id }: Endpoint, body: Uint8Array<ArrayBuffer> | undefined): string {
  return id ? path.replace("{id}", id(body)) : path;
}

/** The endpoint's request, by someone who may send it; its good one unless `options` say otherwise. */
export async function requestTo(
  mesh: BadInputMesh,
  endpoint: Endpoint,
  options: CallOptions = {},
): Promise<Outgoing> {
  const { local, target, peer } = mesh;
  const body = "body" in options ? options.body : goodBody(endpoint);
  const json = endpoint.json === undefined ? undefined : "application/json";
  const type = "type" in options ? options.type : json;
  const method = options.method ?? endpoint.method;
  const path = options.path ?? pathOf(endpoint, body);
  const needsToken = endpoint.access === "requester" || endpoint.access === "public";
  if (needsToken && !options.identity) {
    const headers = {
      authorization: `Bearer ${target.requesterToken}`,
      ...(type !== undefined && { "content-type": type }),
    };
    return { method, url: target.meshUrl + path, headers, body };
  }
  const identity =
    options.identity ?? (endpoint.access.endsWith("own-node") ? target.identity : peer.identity);
  return signedRequest(local, target, identity, { method, path, body, type });
}

export async function call(
  mesh: BadInputMesh,
  endpoint: Endpoint,
  options: CallOptions = {},
): Promise<Answer> {
  return send(await requestTo(mesh, endpoint, options));
}

export function jsonOf(value: unknown): Json {
  return z.json().parse(JSON.parse(new TextDecoder().decode(canonicalBytes(value))));
}
