/**
 * The operator's own Worker, as commands call it: what it says of itself without being asked who asks, then
 * requests signed with the node's key. Every failure is a `CliError` that says what to do.
 */
import { z } from "zod";
import {
  callPeer,
  domainIdSchema,
  meshIdSchema,
  nodeIdSchema,
  parseJson,
  tellPeer,
  utf8Bytes,
  type Identity,
  type MeshId,
  type NodeId,
  type PeerCall,
  type PeerFailure,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { unreachableError } from "../request-errors.ts";
import { callerOf } from "./caller.ts";

/** Verifying a charter of 64 founders takes a cold isolate seconds. */
const TIMEOUT_MS = 60_000;
/** 10,000 members with their descriptors and votes. */
const ANSWER_MAX_BYTES = 33_554_432;
const HEALTH_TIMEOUT_MS = 15_000;

const healthSchema = z.object({
  status: z.literal("ok"),
  ready: z.boolean(),
  mesh: meshIdSchema,
  node: nodeIdSchema,
  time: z.number(),
});

/** `GET /v1/domains`, as far as commands need it. */
export const domainListSchema = z.object({ domains: z.array(z.object({ id: domainIdSchema })) });

/** What a Worker says to anyone. */
export interface WorkerHealth {
  /** Whether it has its mesh's charter. */
  readonly ready: boolean;
  readonly mesh: MeshId;
  readonly node: NodeId;
  /** By how many milliseconds its clock is ahead of this machine's, to half the time that it took to answer. */
  readonly clockAheadMs: number;
  readonly roundTripMs: number;
}

export interface OwnNode {
  readonly url: string;
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly health: WorkerHealth;
  /** Sends a signed request without a body; its answer is JSON of `schema`. Throws a `CliError`. */
  read<T>(path: string, schema: z.ZodType<T>, method?: "GET" | "POST"): Promise<T>;
  /** Gives it a document. Throws a `CliError`. */
  put(path: string, body: unknown): Promise<void>;
}

/** Asks any Worker for its health. Throws a `CliError` where there is none. */
export async function readHealth(url: string): Promise<WorkerHealth> {
  const startedAt = Date.now();
  const { status, text } = await get(`${url}/health`).catch((error: unknown) => {
    const hint =
      "is the Worker deployed, and is that its address? `npx wrangler tail` shows its log";
    throw unreachableError(error, { what: "the Worker", url, hint }) ?? error;
  });
  const roundTripMs = Date.now() - startedAt;
  const json = parseJson(text);
  const health = healthSchema.safeParse(json.ok ? json.value : undefined);
  if (!health.success) {
    throw new CliError(`what answers at ${url} (status ${status}) is not a node of this version`, {
      exitCode: EXIT.unreachable,
      hint:
        status >= 500
          ? "are MESH_ID and the secrets NODE_KEY and REQUESTER_TOKEN set? `npx wrangler tail` names what is missing"
          : "is that the Worker's address, and is the Worker of this version?",
    });
  }
  const { ready, mesh, node, time } = health.data;
  const clockAheadMs = time - (startedAt + roundTripMs / 2);
  return { ready, mesh, node, clockAheadMs, roundTripMs };
}

async function get(url: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS);
  const response = await fetch(url, { redirect: "manual", signal });
  return { status: response.status, text: await response.text() };
}

/** Opens the Worker at `url` that runs under `identity`; refuses one of another node or, where given, another mesh. */
export async function openOwnNode(
  url: string,
  identity: Identity,
  mesh?: MeshId,
): Promise<OwnNode> {
  const health = await readHealth(url);
  if (health.node !== identity.node) {
    throw new CliError(`${url} is node ${health.node}, and the key is that of ${identity.node}`, {
      hint: "give this node's key with --key, or set the secret NODE_KEY to it",
    });
  }
  if (mesh !== undefined && health.mesh !== mesh) {
    throw new CliError(`${url} is a node of mesh ${health.mesh}, not of ${mesh}`, {
      hint: `set MESH_ID = "${mesh}" in wrangler.toml and deploy again`,
    });
  }
  return connect(url, identity, health);
}

function connect(url: string, identity: Identity, health: WorkerHealth): OwnNode {
  const { mesh, node } = health;
  const caller = callerOf(identity, mesh);
  const target = { node, key: identity.publicKey, meshUrl: url };
  const limits = { maxBytes: ANSWER_MAX_BYTES, timeoutMs: TIMEOUT_MS };
  return {
    url,
    identity,
    mesh,
    health,
    read: async (path, schema, method = "GET") => {
      const call: PeerCall = { method, path, ...limits };
      const { result } = await callPeer(caller, target, call, schema);
      if (result.ok) return result.value;
      throw ownNodeError(url, path, result.error);
    },
    put: async (path, body) => {
      const bytes = utf8Bytes(JSON.stringify(body));
      const call: PeerCall = { method: "PUT", path, body: bytes, ...limits };
      const { result } = await tellPeer(caller, target, call);
      if (!result.ok) throw ownNodeError(url, path, result.error);
    },
  };
}

function ownNodeError(url: string, path: string, { code, problem }: PeerFailure): CliError {
  if (code === "unreachable" || code === "timed-out" || code === "invalid-answer") {
    const reason = {
      unreachable: "it can not be reached",
      "timed-out": "it did not answer in time",
      "invalid-answer": "its answer is not of this version",
    }[code];
    return new CliError(`the Worker ${url}: ${reason}`, {
      exitCode: EXIT.unreachable,
      hint: `outcome-mesh doctor --url ${url} --key FILE finds out why`,
    });
  }
  const said = problem ? [problem.title, problem.detail].filter(Boolean).join("; ") : code;
  return new CliError(`the Worker ${url} refused ${path}: ${said}`, {
    exitCode: EXIT.refused,
    issues: problem?.errors,
    hint: hintFor(code, url),
  });
}

function hintFor(code: PeerFailure["code"], url: string): string | undefined {
  const hints: Partial<Record<PeerFailure["code"], string>> = {
    unauthorized: "is this machine's clock right?",
    "not-ready": `give it its mesh: outcome-mesh mesh join --mesh-url ${url} --key FILE --invitation FILE`,
    "not-found": OTHER_VERSION,
    "method-not-allowed": OTHER_VERSION,
    internal: "`npx wrangler tail` shows what went wrong",
  };
  return hints[code];
}

const OTHER_VERSION = "the Worker is of another version: deploy this one's";
