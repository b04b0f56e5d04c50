/**
 * A whole mesh on this machine: every organisation with its own Worker (workerd), Durable Objects, origin
 * process and database, talking over real HTTP. Behind `outcome-mesh up` and the end-to-end tests.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import {
  LEASE_MS,
  linkedOriginUrl,
  meshIdOf,
  openIdentity,
  signDescriptor,
  toStatements,
  type Charter,
  type CompiledDomain,
  type Descriptor,
  type Identity,
  type MeshId,
  type SealingKey,
  type SecretKey,
  type Statement,
} from "../../../protocol/index.ts";
import { openSealingKeys, readOriginConfig } from "../../../origin/index.ts";
import { putMembers } from "./operator.ts";
import { startOriginProcess, type OriginProcess } from "./origin-process.ts";
import { openState, type MemberState, type OrganisationName } from "./state.ts";
import { RunningWorkers, type LocalWorker } from "./workerd.ts";

const HOST = "http://127.0.0.1";
/** Nodes that verify their members at once: each takes most of a core for a second. */
const RENEWING_AT_ONCE = 4;
/** Each origin process takes 150 MB. */
const ORIGIN_PROCESSES_MAX = 8;
/** As good as none: an evaluation asks as fast as it is answered. */
const REQUESTS_PER_MINUTE = 1_000_000;
/** Evaluations ask thousands of times a day. */
const QUERIES_PER_DAY = 10_000_000;
/** Leases are renewed at this interval, as long as the mesh stays up. */
const RENEW_MS = LEASE_MS / 24;

/** Variables of a Worker that are added to what every local Worker has, or replace it. */
export type WorkerEnvironment = Readonly<Record<string, string>>;

export interface LocalMeshOptions {
  readonly directory: string;
  readonly organisations: readonly OrganisationName[];
  /** Domains that every origin holds, with the compiled ontologies they need. */
  readonly domains: readonly { readonly compiled: CompiledDomain; readonly document: string }[];
  readonly ontologies: readonly Uint8Array[];
  /** R. */
  readonly replicas?: number;
  /** Shards of each organisation. */
  readonly shards?: number;
  /** How many of the organisations, from the first, found the mesh; the others have to join it. By default all. */
  readonly founders?: number;
  /** Each Worker in a process of its own, so that it can be killed alone. */
  readonly separateWorkers?: boolean;
  /** More variables of every Worker, such as GOSSIP_SECONDS. */
  readonly environment?: WorkerEnvironment;
  /** Which queries its origins take; `required` by default: only sealed ones. */
  readonly sealing?: "required" | "optional";
  /** Organisations whose origins are asked over their link; the others listen. */
  readonly linked?: readonly string[];
  /** Puts something between an organisation and the others: returns the URL that its descriptor shall give. */
  readonly interpose?: (kind: "mesh" | "origin", slug: string, url: string) => Promise<string>;
}

export interface LocalOrganisation {
  readonly slug: string;
  readonly name: string;
  readonly identity: Identity;
  readonly key: SecretKey;
  readonly requesterToken: string;
  readonly operatorToken: string;
  /** Its Worker and its origin, as they listen. */
  readonly meshUrl: string;
  readonly originUrl: string;
  readonly sealingKey: SealingKey;
  /** Its origin's configuration file. */
  readonly configFile: string;
  readonly database: string;
}

export class LocalMesh {
  readonly mesh: MeshId;
  readonly organisations: readonly LocalOrganisation[];
  readonly #options: LocalMeshOptions;
  readonly charter: Charter;
  readonly #advertised = new Map<string, { meshUrl: string; originUrl: string }>();
  readonly #origins = new Map<string, OriginProcess>();
  #workers: RunningWorkers | undefined;
  #renewal: NodeJS.Timeout | undefined;

  /** Founds the mesh, or opens the one in `directory`; starts nothing yet. */
  static async open(options: LocalMeshOptions): Promise<LocalMesh> {
    const { directory, organisations, replicas = 3, founders } = options;
    const state = await openState(directory, organisations, replicas, founders);
    const mesh = meshIdOf(state.charter.charter);
    const opened = await Promise.all(
      state.members.map((member) => prepareOrganisation(options, mesh, member)),
    );
    return new LocalMesh(options, state.charter, opened);
  }

  private constructor(
    options: LocalMeshOptions,
    charter: Charter,
    organisations: readonly LocalOrganisation[],
  ) {
    this.#options = options;
    this.charter = charter;
    this.mesh = meshIdOf(charter.charter);
    this.organisations = organisations;
  }

  organisation(slug: string): LocalOrganisation {
    const found = this.organisations.find((organisation) => organisation.slug === slug);
    if (!found) throw new Error(`there is no organisation ${slug}`);
    return found;
  }

  /** Those who founded the mesh. */
  get founders(): readonly LocalOrganisation[] {
    const keys = new Set(this.charter.charter.founders);
    return this.organisations.filter(({ identity }) => keys.has(identity.publicKey));
  }

  /** Starts all Workers, and gives the founders' their members. */
  async startWorkers(): Promise<void> {
    const { directory, separateWorkers = false, interpose } = this.#options;
    this.#workers = await RunningWorkers.start(
      this.organisations.map(({ slug }) => this.#workerOf(slug)),
      join(directory, "workers"),
      separateWorkers ? 1 : undefined,
    );
    for (const { slug, meshUrl, originUrl } of this.organisations) {
      this.#advertised.set(slug, {
        meshUrl: (await interpose?.("mesh", slug, meshUrl)) ?? meshUrl,
        originUrl: this.#isLinked(slug)
          ? linkedOriginUrl(meshUrl)
          : ((await interpose?.("origin", slug, originUrl)) ?? originUrl),
      });
    }
    await this.renew();
    this.#renewal = setInterval(() => void this.renew(), RENEW_MS);
    this.#renewal.unref();
  }

  /** Ends an organisation's Worker at once, as a crash would. Needs `separateWorkers`, or others end with it. */
  async killWorker(slug: string): Promise<void> {
    await this.#running.kill(slug);
  }

  /** Starts a Worker that was killed, on the storage that it left; `environment` counts until it is killed again. */
  async startWorker(slug: string, environment: WorkerEnvironment = {}): Promise<void> {
    await this.#running.startProcess([this.#workerOf(slug, environment)]);
  }

  async restartWorker(slug: string, environment: WorkerEnvironment = {}): Promise<void> {
    await this.killWorker(slug);
    await this.startWorker(slug, environment);
  }

  /** Takes every Durable Object of an organisation out of memory. Returns how many were in it. */
  async evictObjects(slug: string): Promise<number> {
    return this.#running.evictObjects(slug);
  }

  #isLinked(slug: string): boolean {
    return this.#options.linked?.includes(slug) ?? false;
  }

  isWorkerUp(slug: string): boolean {
    return this.#workers?.isUp(slug) ?? false;
  }

  get #running(): RunningWorkers {
    if (!this.#workers) throw new Error("the Workers were not started");
    return this.#workers;
  }

  #workerOf(slug: string, environment: WorkerEnvironment = {}): LocalWorker {
    const { shards = 2, environment: common = {} } = this.#options;
    const { meshUrl, key, requesterToken } = this.organisation(slug);
    return {
      slug,
      port: Number(new URL(meshUrl).port),
      environment: {
        MESH_ID: this.mesh,
        NODE_KEY: key,
        REQUESTER_TOKEN: requesterToken,
        SHARDS: String(shards),
        ALLOWED_HOSTS: "127.0.0.1",
        MEMBER_RATE: String(REQUESTS_PER_MINUTE),
        LOG_LEVEL: "error",
        ...common,
        ...environment,
      },
    };
  }

  /** Signs new descriptors of the founders and gives them to each of them whose Worker is up. */
  async renew(
    changes: Readonly<Record<string, Partial<Descriptor["descriptor"]>>> = {},
  ): Promise<void> {
    const statements = toStatements(
      await Promise.all(this.founders.map(({ slug }) => this.describe(slug, changes[slug]))),
    );
    const limit = pLimit(RENEWING_AT_ONCE);
    await Promise.all(
      this.founders
        .filter(({ slug }) => this.isWorkerUp(slug))
        .map(({ slug }) => limit(() => this.giveStatements(slug, statements))),
    );
  }

  /** An organisation's new descriptor, signed by it. */
  describe(slug: string, changes: Partial<Descriptor["descriptor"]> = {}): Promise<Descriptor> {
    const { name, identity, meshUrl, originUrl, sealingKey } = this.organisation(slug);
    const now = Date.now();
    return signDescriptor(identity, this.mesh, {
      version: 1,
      key: identity.publicKey,
      name,
      ...(this.#advertised.get(slug) ?? { meshUrl, originUrl }),
      domains: this.#options.domains.map(({ compiled }) => compiled.id),
      capacity: 1,
      epoch: 0,
      seq: now,
      issuedAt: now,
      expiresAt: now + LEASE_MS,
      sealingKey,
      ...changes,
    });
  }

  /** Gives an organisation's node the charter and statements, as its operator. */
  async giveStatements(slug: string, statements: readonly Statement[]): Promise<void> {
    const { identity, meshUrl } = this.organisation(slug);
    const members = { charter: this.charter, statements: [...statements] };
    await putMembers({ identity, mesh: this.mesh, meshUrl }, members);
  }

  /** The origins that share a process: each has its own, up to as many as the machine bears. */
  get originGroups(): readonly (readonly LocalOrganisation[])[] {
    const placed = this.organisations.map((organisation, i) => ({
      organisation,
      process: i % ORIGIN_PROCESSES_MAX,
    }));
    return [...Map.groupBy(placed, ({ process: number }) => number).values()].map((group) =>
      group.map(({ organisation }) => organisation),
    );
  }

  /** Starts the origins of `slugs` in one process. */
  async startOrigin(...slugs: string[]): Promise<void> {
    const configFiles = slugs.map((slug) => this.organisation(slug).configFile);
    const started = await startOriginProcess(configFiles);
    for (const slug of slugs) this.#origins.set(slug, started);
  }

  /** Ends the process of an origin. */
  async stopOrigin(slug: string, how: "stop" | "kill" = "stop"): Promise<void> {
    await this.#origins.get(slug)?.[how]();
    this.#origins.delete(slug);
  }

  async stop(): Promise<void> {
    clearInterval(this.#renewal);
    await Promise.all([...this.#origins.keys()].map((slug) => this.stopOrigin(slug)));
    await this.#workers?.stop();
    this.#workers = undefined;
  }
}

/** Writes what the organisation's origin is configured with. */
async function prepareOrganisation(
  options: LocalMeshOptions,
  mesh: MeshId,
  member: MemberState,
): Promise<LocalOrganisation> {
  const { slug, name, key, requesterToken, operatorToken } = member;
  const directory = join(options.directory, "origins", slug);
  await mkdir(directory, { recursive: true });
  const secret = { mode: 0o600 };
  await writeFile(join(directory, "node.key"), `${key}\n`, secret);
  await writeFile(join(directory, "operator.token"), `${operatorToken}\n`, secret);
  const domains: string[] = [];
  for (const { compiled, document } of options.domains) {
    domains.push(`${compiled.domain.name}.json`);
    await writeFile(join(directory, `${compiled.domain.name}.json`), document);
  }
  const ontologies: string[] = [];
  for (const [i, bytes] of options.ontologies.entries()) {
    ontologies.push(`ontology-${i}.omo`);
    await writeFile(join(directory, `ontology-${i}.omo`), bytes);
  }
  const meshUrl = `${HOST}:${member.workerPort}`;
  const configFile = join(directory, "origin.json");
  const config = {
    meshId: mesh,
    meshUrl,
    listen: { host: "127.0.0.1", port: member.originPort },
    link: { enabled: options.linked?.includes(slug) ?? false },
    database: "origin.sqlite",
    keyFile: "node.key",
    operatorTokenFile: "operator.token",
    domains,
    ontologies,
    // Examples show single cases, and evaluate on their own, which they must leave out: both are opt-ins.
    policy: {
      minimumGroupSize: 1,
      allowExclusion: true,
      minimumCount: 1,
      requestsPerMinute: REQUESTS_PER_MINUTE,
      queriesPerDay: QUERIES_PER_DAY,
    },
    sealing: { mode: options.sealing ?? "required" },
    logLevel: "error",
  };
  await writeFile(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
  const { sealing } = await readOriginConfig(configFile, {});
  const { current } = await openSealingKeys(sealing);
  return {
    slug,
    name,
    identity: await openIdentity(key),
    key,
    requesterToken,
    operatorToken,
    meshUrl,
    originUrl: `${HOST}:${member.originPort}`,
    sealingKey: current.publicKey,
    configFile,
    database: join(directory, "origin.sqlite"),
  };
}
