/** The Worker's configuration: its environment, parsed once an isolate. */
import { z } from "zod";
import type { Env } from "../durable-objects/env.ts";
import {
  issuesOf,
  meshIdSchema,
  openIdentity,
  secretKeySchema,
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
  SHARDS: z.coerce.number().int().min(1).max(SHARDS_MAX),
});

export interface Config {
  readonly mesh: MeshId;
  readonly identity: Identity;
  readonly requesterToken: string;
  readonly shards: number;
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
  const { MESH_ID, NODE_KEY, REQUESTER_TOKEN, SHARDS } = result.data;
  return {
    mesh: MESH_ID,
    identity: await openIdentity(NODE_KEY),
    requesterToken: REQUESTER_TOKEN,
    shards: SHARDS,
  };
}
