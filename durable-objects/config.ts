/** The node's configuration: its environment, parsed once an isolate. Used by the Worker and its Durable Objects. */
import { z } from "zod";
import type { Env } from "./env.ts";
import {
  callPolicy,
  domainSecretsSchema,
  endpointSchema,
  issuesOf,
  meshIdSchema,
  openIdentity,
  secretKeySchema,
  type Caller,
  type DomainSecret,
  type Fetch,
  type Identity,
  type MeshId,
} from "../protocol/index.ts";

/** Enough for a node of 60 million entries; each shard is a Durable Object. */
const SHARDS_MAX = 256;

const environmentSchema = z.object({
  /** Which mesh this node belongs to. */
  MESH_ID: meshIdSchema,
  /** Secret: the organisation's Ed25519 seed. */
  NODE_KEY: secretKeySchema,
  /** Secret: what the organisation's own requesters present. */
  REQUESTER_TOKEN: z.string().min(16, "must have at least 16 characters"),
  /** Secret: of the keyed domains in which the gateway computes signatures, apart by spaces. */
  DOMAIN_SECRETS: domainSecretsSchema.default([]),
  SHARDS: z.coerce.number().int().min(1).max(SHARDS_MAX),
  /** What the node's own descriptor says. Where there is no URL, the operator gives the descriptor. */
  NODE_NAME: z.string().min(1).max(100).optional(),
  MESH_URL: endpointSchema.optional(),
  ORIGIN_URL: endpointSchema.optional(),
  CAPACITY: z.coerce.number().int().min(1).max(1000).default(1),
  /** Hosts that are not public, and that this node may call nonetheless; separated by commas. */
  ALLOWED_HOSTS: z
    .string()
    .default("")
    .transform((text) =>
      text
        .split(",")
        .map((host) => host.trim())
        .filter(Boolean),
    ),
  GOSSIP_SECONDS: z.coerce.number().min(0.1).max(3600).default(30),
  REPAIR_SECONDS: z.coerce.number().min(0.1).max(86_400).default(600),
  /** Requests that one query may send: 50 is what the platform's free plan allows one invocation. */
  SUBREQUEST_LIMIT: z.coerce.number().int().min(4).max(1000).default(50),
  /** Requests that one member may send in a minute. */
  MEMBER_RATE: z.coerce.number().int().min(1).default(6000),
  /** `info` logs each signed request that is refused, too. */
  LOG_LEVEL: z.enum(["info", "error"]).default("info"),
  /** Added to the clock: what a clock that is off does can be tried with it. */
  CLOCK_OFFSET_MS: z.coerce.number().int().default(0),
});

export interface Config {
  readonly mesh: MeshId;
  readonly identity: Identity;
  readonly requesterToken: string;
  readonly domainSecrets: readonly DomainSecret[];
  readonly shards: number;
  /** What the node's descriptor says of it; undefined where the operator gives the descriptor. */
  readonly description: NodeDescription | undefined;
  readonly allowedHosts: readonly string[];
  readonly gossipMs: number;
  readonly repairMs: number;
  readonly subrequestLimit: number;
  /** Requests a minute. */
  readonly memberRate: number;
  readonly logLevel: "info" | "error";
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls other organisations in this node's name. */
  readonly caller: Caller;
}

export interface NodeDescription {
  readonly name: string;
  readonly meshUrl: string;
  readonly originUrl?: string;
  readonly capacity: number;
}

const parsed = new WeakMap<Env, Promise<Config>>();

/** Throws an error that names every missing or malformed variable. */
export function configOf(env: Env): Promise<Config> {
  const known = parsed.get(env);
  if (known) return known;
  const made = parseEnvironment(env);
  parsed.set(env, made);
  return made;
}

async function parseEnvironment(env: Env): Promise<Config> {
  const result = environmentSchema.safeParse(env);
  if (!result.success) {
    const issues = issuesOf(result.error).map(({ path, message }) => `${path} ${message}`);
    throw new Error(`the environment is not complete: ${issues.join("; ")}`);
  }
  const { MESH_ID: mesh, MESH_URL: meshUrl, ORIGIN_URL: originUrl, ...rest } = result.data;
  const identity = await openIdentity(rest.NODE_KEY);
  const now = (): number => Date.now() + rest.CLOCK_OFFSET_MS;
  return {
    mesh,
    identity,
    requesterToken: rest.REQUESTER_TOKEN,
    domainSecrets: rest.DOMAIN_SECRETS,
    shards: rest.SHARDS,
    description:
      meshUrl === undefined
        ? undefined
        : {
            name: rest.NODE_NAME ?? new URL(meshUrl).hostname,
            meshUrl,
            ...(originUrl !== undefined && { originUrl }),
            capacity: rest.CAPACITY,
          },
    allowedHosts: rest.ALLOWED_HOSTS,
    gossipMs: rest.GOSSIP_SECONDS * 1000,
    repairMs: rest.REPAIR_SECONDS * 1000,
    subrequestLimit: rest.SUBREQUEST_LIMIT,
    memberRate: rest.MEMBER_RATE,
    logLevel: rest.LOG_LEVEL,
    now,
    caller: {
      fetch: globalFetch,
      identity,
      mesh,
      now,
      random: randomBytes,
      mayCall: callPolicy({ ownUrl: meshUrl, allowedHosts: rest.ALLOWED_HOSTS }),
    },
  };
}

/** Called through a function of our own: the global one must not be called as a method. */
const globalFetch: Fetch = (url, init) => fetch(url, init);

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
