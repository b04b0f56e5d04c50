/**
 * A whole mesh on this machine: every organisation with its own Worker (workerd), Durable Objects, origin
 * process and database, talking over real HTTP. Behind `outcome-mesh up` and the end-to-end tests.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import {
  LEASE_MS,
  meshIdOf,
  openIdentity,
  signDescriptor,
  type Charter,
  type CompiledDomain,
  type Descriptor,
  type Identity,
  type MeshId,
  type SecretKey,
} from "../../../protocol/index.ts";
import { putMembers } from "./operator.ts";
import { startOriginProcess, type OriginProcess } from "./origin-process.ts";
import { openState, type MemberState, type OrganisationName } from "./state.ts";
import { startWorkers, type RunningWorkers } from "./workerd.ts";

const HOST = "http://127.0.0.1";
/** Nodes that verify their members at once: each takes most of a core for a second. */
const RENEWING_AT_ONCE = 4;
/** Each origin process takes 150 MB. */
const ORIGIN_PROCESSES_MAX = 8;
/** Leases are renewed at this interval, as long as the mesh stays up. */
const RENEW_MS = LEASE_MS / 24;

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
  /** Variables of every Worker, such as REPAIR_SECONDS. */
  readonly environment?: Readonly<Record<string, string>>;
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
  /** Its origin's configuration file. */
  readonly configFile: string;
  readonly database: string;
}

export class LocalMesh {
  readonly mesh: MeshId;
  readonly organisations: readonly LocalOrganisation[];
  readonly #options: LocalMeshOptions;
  readonly #charter: Charter;
  readonly #advertised = new Map<string, { meshUrl: string; originUrl: string }>();
  readonly #origins = new Map<string, OriginProcess>();
  #workers: RunningWorkers | undefined;
  #renewal: NodeJS.Timeout | undefined;

  /** Founds the mesh, or opens the one in `directory`; starts nothing yet. */
  static async open(options: LocalMeshOptions): Promise<LocalMesh> {
    const { directory, organisations, replicas = 3 } = options;
    const state = await openState(directory, organisations, replicas);
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
    this.#charter = charter;
    this.mesh = meshIdOf(charter.charter);
    this.organisations = organisations;
  }

  organisation(slug: string): LocalOrganisation {
    const found = this.organisations.find((organisation) => organisation.slug === slug);
    if (!found) throw new Error(`there is no organisation ${slug}`);
    return found;
  }

  /** Starts all Workers and gives them their members. */
  async startWorkers(): Promise<void> {
    const { directory, shards = 2, environment, interpose } = this.#options;
    this.#workers = await startWorkers(
      this.organisations.map((organisation) => ({
        slug: organisation.slug,
        port: Number(new URL(organisation.meshUrl).port),
        environment: {
          MESH_ID: this.mesh,
          NODE_KEY: organisation.key,
          REQUESTER_TOKEN: organisation.requesterToken,
          SHARDS: String(shards),
          ...environment,
        },
      })),
      join(directory, "workers"),
    );
    for (const { slug, meshUrl, originUrl } of this.organisations) {
      this.#advertised.set(slug, {
        meshUrl: (await interpose?.("mesh", slug, meshUrl)) ?? meshUrl,
        originUrl: (await interpose?.("origin", slug, originUrl)) ?? originUrl,
      });
    }
    await this.renew();
    this.#renewal = setInterval(() => void this.renew(), RENEW_MS);
    this.#renewal.unref();
  }

  /** Signs new descriptors and gives them to every node. */
  async renew(
    changes: Readonly<Record<string, Partial<Descriptor["descriptor"]>>> = {},
  ): Promise<void> {
    const now = Date.now();
    const domains = this.#options.domains.map(({ compiled }) => compiled.id);
    const descriptors = await Promise.all(
      this.organisations.map(({ slug, name, identity, meshUrl, originUrl }) =>
        signDescriptor(identity, this.mesh, {
          version: 1,
          key: identity.publicKey,
          name,
          ...(this.#advertised.get(slug) ?? { meshUrl, originUrl }),
          domains,
          capacity: 1,
          epoch: 0,
          seq: now,
          issuedAt: now,
          expiresAt: now + LEASE_MS,
          ...changes[slug],
        }),
      ),
    );
    const members = { charter: this.#charter, descriptors };
    const limit = pLimit(RENEWING_AT_ONCE);
    await Promise.all(
      this.organisations.map(({ identity, meshUrl }) =>
        limit(() => putMembers({ identity, mesh: this.mesh, meshUrl }, members)),
      ),
    );
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
    database: "origin.sqlite",
    keyFile: "node.key",
    operatorTokenFile: "operator.token",
    domains,
    ontologies,
    // Examples evaluate on their own cases, and must leave these out.
    policy: { allowExclusion: true, minimumCount: 1 },
  };
  await writeFile(configFile, `${JSON.stringify(config, undefined, 2)}\n`);
  return {
    slug,
    name,
    identity: await openIdentity(key),
    key,
    requesterToken,
    operatorToken,
    meshUrl,
    originUrl: `${HOST}:${member.originPort}`,
    configFile,
    database: join(directory, "origin.sqlite"),
  };
}
