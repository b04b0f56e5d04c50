/** Organisations' Workers in workerd, each with its own port, secrets and Durable Object storage. */
import { Log, LogLevel, Miniflare } from "miniflare";
import pLimit from "p-limit";
import { workerBundle } from "./worker-bundle.ts";

/** As in wrangler.toml. */
const COMPATIBILITY_DATE = "2026-11-02";
const COMPATIBILITY_FLAGS = ["global_fetch_strictly_public"];
/** The time to start a process grows with the square of its Workers' code; each process takes 80 MB. */
const WORKERS_PER_PROCESS = 8;
/** Processes that start at once: more would only wait for each other. */
const STARTING_AT_ONCE = 4;
const OBJECTS = {
  ROUTING_SHARD: "RoutingShard",
  MEMBERSHIP: "Membership",
  DOMAIN_LIBRARY: "DomainLibrary",
  REQUEST_GUARD: "RequestGuard",
  SHARD_LAYOUTS: "ShardLayouts",
  ORIGIN_LINK: "OriginLink",
} as const;

export interface LocalWorker {
  /** Names the Worker's storage. */
  readonly slug: string;
  readonly port: number;
  /** Variables and secrets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One process of workerd. */
interface WorkerProcess {
  readonly miniflare: Miniflare;
  readonly slugs: readonly string[];
}

/** The Workers that run, each in a process of its own or several in one. */
export class RunningWorkers {
  readonly #contents: string;
  readonly #directory: string;
  readonly #processes = new Map<string, WorkerProcess>();

  private constructor(contents: string, directory: string) {
    this.#contents = contents;
    this.#directory = directory;
  }

  /** Starts the Workers; storage goes below `directory`. */
  static async start(
    workers: readonly LocalWorker[],
    directory: string,
    workersPerProcess: number = WORKERS_PER_PROCESS,
  ): Promise<RunningWorkers> {
    const running = new RunningWorkers(await workerBundle(), directory);
    try {
      const groups = Array.from({ length: Math.ceil(workers.length / workersPerProcess) }, (_, i) =>
        workers.slice(i * workersPerProcess, (i + 1) * workersPerProcess),
      );
      const limit = pLimit(STARTING_AT_ONCE);
      await Promise.all(groups.map((group) => limit(() => running.startProcess(group))));
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  }

  /** Starts `workers` in one process. Their storage is what it was when they ran last. */
  async startProcess(workers: readonly LocalWorker[]): Promise<void> {
    const slugs = workers.map(({ slug }) => slug);
    const up = slugs.find((slug) => this.#processes.has(slug));
    if (up !== undefined) throw new Error(`the Worker of ${up} runs already`);
    const miniflare = new Miniflare({
      workers: workers.map((worker) => workerOptions(worker, this.#contents)),
      resourcePersistencePath: this.#directory,
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.WARN),
    });
    for (const slug of slugs) this.#processes.set(slug, { miniflare, slugs });
    await miniflare.ready;
  }

  isUp(slug: string): boolean {
    return this.#processes.has(slug);
  }

  /** Ends a Worker's process at once, as a crash would (SIGKILL), and with it all Workers that share it. */
  async kill(slug: string): Promise<void> {
    const found = this.#processes.get(slug);
    if (!found) return;
    for (const shared of found.slugs) this.#processes.delete(shared);
    await found.miniflare.dispose();
  }

  /** Takes every Durable Object of a Worker out of memory. Returns how many were in it. */
  async evictObjects(slug: string): Promise<number> {
    const { miniflare } = this.#process(slug);
    const evicted = await Promise.all(
      Object.values(OBJECTS).map(async (className) => {
        const ids = await miniflare.listDurableObjectIds(className, slug);
        return Promise.all(ids.map((id) => evict(miniflare, slug, className, id)));
      }),
    );
    return evicted.flat().filter(Boolean).length;
  }

  /** Ends all. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((slug) => this.kill(slug)));
  }

  #process(slug: string): WorkerProcess {
    const found = this.#processes.get(slug);
    if (!found) throw new Error(`the Worker of ${slug} does not run`);
    return found;
  }
}

/** False where the object was not in memory. */
async function evict(
  miniflare: Miniflare,
  slug: string,
  className: string,
  id: string,
): Promise<boolean> {
  try {
    await miniflare.unsafeEvictDurableObject(slug, className, { id });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes("not currently running")) return false;
    throw error;
  }
}

/** What miniflare starts a Worker with. */
export function workerOptions({ slug, port, environment }: LocalWorker, contents: string) {
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
    dev: {
      unsafeDirectSockets: [{ host: "127.0.0.1", port }],
      // Not used, and its one store would be shared by all processes.
      cacheAPI: false,
    },
  };
}
