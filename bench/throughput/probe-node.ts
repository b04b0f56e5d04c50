/**
 * One organisation of a mesh of 64, alone in a process of workerd: the production bundle behind a Worker that adds the
 * calls of `probe/probe.ts`. The others run nowhere; they publish and ask.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { Log, LogLevel, Miniflare } from "miniflare";
import { putMembers } from "../../client/cli/local-mesh/operator.ts";
import { freePorts } from "../../client/cli/local-mesh/state.ts";
import { workerBundle } from "../../client/cli/local-mesh/worker-bundle.ts";
import { workerOptions } from "../../client/cli/local-mesh/workerd.ts";
import { callerOf } from "../../client/cli/mesh/caller.ts";
import {
  canonicalBytes,
  createPlacement,
  LEASE_MS,
  meshIdOf,
  openIdentity,
  secretKeyFrom,
  signCharter,
  signDescriptor,
  SLOTS,
  tellPeer,
  toStatements,
  utf8Bytes,
  type Identity,
  type MeshId,
} from "../../protocol/index.ts";
import { heapBytes } from "./memory.ts";
import { compiledDomain, throughputDomain } from "./people.ts";

const MEMBERS = 64;
/** As good as none. */
const REQUESTS_PER_MINUTE = 1_000_000_000;
/** No round of comparing replicas falls into a measurement: there are none. */
const REPAIR_SECONDS = 86_400;
const TIMEOUT_MS = 120_000;
const PROBE = "bench/throughput/probe/probe.js";
/** As which the probe imports the bundle. */
const PRODUCT = "workers/index.ts";

export interface ProbeNode {
  readonly url: string;
  readonly mesh: MeshId;
  /** The node's own first. */
  readonly members: readonly [Identity, ...Identity[]];
  readonly shards: number;
  holds(slot: number): boolean;
  /** Calls the probe with a body; returns the number that it answers. */
  probe(path: string, body: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Memory in use; only before `restart`, which leaves the inspector out of what is measured. */
  heapBytes(): Promise<number>;
  /** Starts the process anew on the storage that there is. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProbeNodeOptions {
  readonly seed: string;
  readonly shards: number;
  /** `all`: the node holds every slot, as in a mesh of three. `few`: one in 64, as in one of some 200. */
  readonly holds: "all" | "few";
}

export async function startProbeNode({
  seed,
  shards,
  holds,
}: ProbeNodeOptions): Promise<ProbeNode> {
  const keys = Array.from({ length: MEMBERS }, (_, i) =>
    secretKeyFrom(sha256(utf8Bytes(`${seed}/member ${i}`))),
  );
  const [own, ...others] = await Promise.all(keys.map(openIdentity));
  const [port = 0, inspectorPort = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  if (!own) throw new RangeError("a mesh needs a member");
  const identities: [Identity, ...Identity[]] = [own, ...others];
  const placed = holds === "all" ? [own] : identities;
  const placement = createPlacement(
    placed.map(({ node }) => ({ node, capacity: 1 })),
    1,
  );
  const charter = await signCharter(
    {
      version: 1,
      name: "throughput",
      founders: identities.map(({ publicKey }) => publicKey),
      admission: { rule: "founders", threshold: 1 },
      replicas: 1,
      slots: SLOTS,
    },
    identities,
  );
  const mesh = meshIdOf(charter.charter);
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-throughput-"));
  const options = await probeOptions(directory, inspectorPort, {
    slug: "probe",
    port,
    environment: {
      MESH_ID: mesh,
      NODE_KEY: keys[0] ?? "",
      REQUESTER_TOKEN: "a requester of the bench",
      SHARDS: String(shards),
      ALLOWED_HOSTS: "127.0.0.1",
      MEMBER_RATE: String(REQUESTS_PER_MINUTE),
      REPAIR_SECONDS: String(REPAIR_SECONDS),
      LOG_LEVEL: "error",
    },
  });
  let running = new Miniflare(options);
  const stop = async (): Promise<void> => {
    await running.dispose();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await running.ready;
    const now = Date.now();
    const descriptors = await Promise.all(
      identities.map((identity, i) =>
        signDescriptor(identity, mesh, {
          version: 1,
          key: identity.publicKey,
          name: `member ${i}`,
          meshUrl: url,
          domains: [compiledDomain.id],
          capacity: placed.includes(identity) ? 1 : 0,
          epoch: 0,
          seq: 1,
          issuedAt: now,
          expiresAt: now + LEASE_MS,
        }),
      ),
    );
    await putMembers(
      { identity: own, mesh, meshUrl: url },
      { charter, statements: toStatements(descriptors) },
    );
    await putDomain(own, mesh, url);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    mesh,
    members: identities,
    shards,
    holds: (slot) => placement.replicasOf(slot).includes(own.node),
    probe: async (path, body) => {
      const response = await fetch(url + path, { method: "POST", body });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      const answer: unknown = await response.json();
      if (typeof answer !== "object" || answer === null || !("n" in answer)) {
        throw new Error(`${path} answered ${JSON.stringify(answer)}`);
      }
      return Number(answer.n);
    },
    heapBytes: () => heapBytes(inspectorPort),
    restart: async () => {
      await running.dispose();
      const { inspectorPort: _, ...uninspected } = options;
      running = new Miniflare(uninspected);
      await running.ready;
    },
    stop,
  };
}

async function probeOptions(
  directory: string,
  inspectorPort: number,
  worker: Parameters<typeof workerOptions>[0],
) {
  const source = await readFile(join(import.meta.dirname, "probe", "probe.ts"), "utf8");
  const contents = await workerBundle();
  const { config, dev } = workerOptions(worker, contents);
  return {
    workers: [
      {
        config: {
          ...config,
          manifest: {
            mainModule: PROBE,
            modules: {
              [PROBE]: { type: "esm" as const, contents: stripTypeScriptTypes(source) },
              [PRODUCT]: { type: "esm" as const, contents },
            },
          },
          env: {
            ...config.env,
            EMPTY_OBJECT: {
              type: "durable-object",
              worker: worker.slug,
              exportName: "EmptyObject",
            },
          },
          exports: {
            ...config.exports,
            EmptyObject: { type: "durable-object" as const, storage: "sqlite" as const },
          },
        },
        dev,
      },
    ],
    resourcePersistencePath: directory,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    inspectorPort,
    telemetry: { enabled: false },
    log: new Log(LogLevel.WARN),
  };
}

async function putDomain(identity: Identity, mesh: MeshId, url: string): Promise<void> {
  const { result } = await tellPeer(
    callerOf(identity, mesh),
    { node: identity.node, key: identity.publicKey, meshUrl: url },
    {
      method: "PUT",
      path: `/v1/domains/${compiledDomain.id}`,
      body: canonicalBytes(throughputDomain),
      maxBytes: 65_536,
      timeoutMs: TIMEOUT_MS,
    },
  );
  if (!result.ok) throw new Error(`the domain was not taken: ${JSON.stringify(result.error)}`);
}
