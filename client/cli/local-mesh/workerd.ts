/** Organisations' Workers in workerd, each with its own port, secrets and Durable Object storage. */
import { Log, LogLevel, Miniflare } from "miniflare";
import { workerBundle } from "./worker-bundle.ts";

/** As in wrangler.toml. */
const COMPATIBILITY_DATE = "2026-11-02";
const COMPATIBILITY_FLAGS = ["global_fetch_strictly_public"];
/** The time to start a process grows with the square of its Workers' code; each process takes 80 MB. */
const WORKERS_PER_PROCESS = 8;
const OBJECTS = {
  ROUTING_SHARD: "RoutingShard",
  MEMBERSHIP: "Membership",
  DOMAIN_LIBRARY: "DomainLibrary",
  REQUEST_GUARD: "RequestGuard",
  SHARD_LAYOUTS: "ShardLayouts",
} as const;

export interface LocalWorker {
  /** Names the Worker's storage. */
  readonly slug: string;
  readonly port: number;
  /** Variables and secrets. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface RunningWorkers {
  stop(): Promise<void>;
}

/** Starts the Workers; storage goes below `directory`. */
export async function startWorkers(
  workers: readonly LocalWorker[],
  directory: string,
): Promise<RunningWorkers> {
  const contents = await workerBundle();
  const running: Miniflare[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((miniflare) => miniflare.dispose()));
  };
  try {
    for (let from = 0; from < workers.length; from += WORKERS_PER_PROCESS) {
      const group = workers.slice(from, from + WORKERS_PER_PROCESS);
      const miniflare = new Miniflare({
        workers: group.map((worker) => workerOptions(worker, contents)),
        resourcePersistencePath: directory,
        host: "127.0.0.1",
        port: 0,
        cf: false,
        telemetry: { enabled: false },
        log: new Log(LogLevel.WARN),
      });
      running.push(miniflare);
      await miniflare.ready;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

function workerOptions({ slug, port, environment }: LocalWorker, contents: string) {
  const texts = Object.entries(environment).map(
    ([name, value]) => [name, { type: "text", value }] as const,
  );
  const objects = Object.entries(OBJECTS).map(
    ([name, exportName]) => [name, { type: "durable-object", worker: slug, exportName }] as const,
  );
  const classes = Object.values(OBJECTS).map(
    (name) => [name, { type: "durable-object", storage: "sqlite" }] as const,
  );
  return {
    config: {
      name: slug,
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: COMPATIBILITY_FLAGS,
      manifest: {
        mainModule: "index.js",
        modules: { "index.js": { type: "esm" as const, contents } },
      },
      env: Object.fromEntries([...texts, ...objects]),
      exports: Object.fromEntries(classes),
    },
    dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port }] },
  };
}
