/**
 * The Worker under test: the production bundle as it is, and beside it what it is measured against. Everything but
 * `/bench/` is the product's. The import below names the bundle: see `probe-node.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../../durable-objects/env.ts";
import type { StoredEntry } from "../../../durable-objects/routing-shard-store.ts";
import product from "../../../workers/index.ts";
import type { ProbeLookup } from "./probe-lookup.ts";

export {
  DomainLibrary,
  Membership,
  OriginLink,
  RequestGuard,
  RoutingShard,
  ShardLayouts,
} from "../../../workers/index.ts";

interface ProbeEnv extends Env {
  readonly EMPTY_OBJECT: DurableObjectNamespace<EmptyObject>;
}

/** What the least Durable Object costs. */
export class EmptyObject extends DurableObject<ProbeEnv> {
  async nothing(): Promise<number> {
    return 0;
  }
}

const ENTRY_KEY_BYTES = 16;
const VERIFICATIONS_AT_ONCE = 500;
/** As long as what is signed of an entry of 128 symbols. */
const SIGNED_BYTES = 262;

export default {
  async fetch(request, env, context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/bench/empty":
        // The same body is read, so that only the objects differ.
        await request.json();
        return Response.json({ n: await env.EMPTY_OBJECT.getByName("empty").nothing() });
      case "/bench/lookup":
        return Response.json({ n: await lookUp(env, await request.json<ProbeLookup>()) });
      case "/bench/fill":
        return Response.json({
          n: await fill(env, searchParams.get("shard") ?? "", await request.arrayBuffer()),
        });
      case "/bench/verify":
        return Response.json({ n: await verifyMany(Number(searchParams.get("count"))) });
      default:
        return product.fetch(request, env, context);
    }
  },
  scheduled: (controller, env) => product.scheduled(controller, env),
} satisfies ExportedHandler<ProbeEnv>;

/** One call of each shard; returns how many origins they found. */
async function lookUp(env: ProbeEnv, lookup: ProbeLookup): Promise<number> {
  const { domain, limit, shards } = lookup;
  const signature = Uint8Array.from(lookup.signature);
  const answers = await Promise.all(
    Object.entries(shards).map(([name, trees]) =>
      env.ROUTING_SHARD.getByName(name).lookup({
        domain,
        signature,
        trees,
        limit,
        now: Date.now(),
      }),
    ),
  );
  return answers.reduce((sum, { origins }) => sum + origins.length, 0);
}

/** Hands packed statements (length as u16, entry key, statement) to a shard as `acceptStatements` does once they are verified. */
async function fill(env: ProbeEnv, shard: string, body: ArrayBuffer): Promise<number> {
  const bytes = new Uint8Array(body);
  const view = new DataView(body);
  const entries: StoredEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + ENTRY_KEY_BYTES + view.getUint16(at);
    const key = bytes.slice(at + 2, at + 2 + ENTRY_KEY_BYTES);
    entries.push({ key, epoch: 0, seq: 1, statement: bytes.slice(at + 2 + ENTRY_KEY_BYTES, end) });
    at = end;
  }
  const outcomes = await env.ROUTING_SHARD.getByName(shard).store(entries);
  return outcomes.filter((outcome) => outcome === "new").length;
}

/** Verifies one signature `count` times; returns how often it was right. */
async function verifyMany(count: number): Promise<number> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  if (!("publicKey" in pair)) throw new Error("not a pair of keys");
  const { publicKey, privateKey } = pair;
  const message = new Uint8Array(SIGNED_BYTES).fill(7);
  const signature = await crypto.subtle.sign("Ed25519", privateKey, message);
  let right = 0;
  for (let done = 0; done < count; done += VERIFICATIONS_AT_ONCE) {
    const batch = Array.from({ length: Math.min(VERIFICATIONS_AT_ONCE, count - done) }, () =>
      crypto.subtle.verify("Ed25519", publicKey, signature, message),
    );
    right += (await Promise.all(batch)).filter(Boolean).length;
  }
  return right;
}
