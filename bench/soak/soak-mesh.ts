/**
 * Four organisations as they may be run: one deposits by hand, one reads a file and one a PostgreSQL over their links,
 * which go through a proxy that can be cut, and one has the default policy and low quotas.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { LocalMesh, type LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  canonicalBytes,
  compileDomain,
  domainSchema,
  type CompiledDomain,
} from "../../protocol/index.ts";
import { startPostgres, type TestPostgres } from "../../test/support/postgres/postgres.ts";
import { startTcpProxy, type TcpProxy } from "../../test/support/tcp-proxy.ts";
import type { Incidents } from "./incidents.ts";
import { startWatchedOrigin, type WatchedOrigin } from "./origin-process.ts";

export const DEPOSITOR = "ash";
export const FILE = "birch";
export const TABLE = "cedar";
export const GUARDED = "elm";
export const SLUGS = [DEPOSITOR, FILE, TABLE, GUARDED] as const;
export const LINKED = [FILE, TABLE] as const;

/** By each other organisation; used up well before the end, also of a run of some minutes. */
export const GUARDED_QUERIES_PER_DAY = 100;

const document = domainSchema.parse({
  outcomeMesh: 1,
  name: "soak",
  title: "Soak",
  features: [
    { name: "age", kind: "numeric", weight: 1, tolerance: 20, min: 0, max: 130 },
    { name: "site", kind: "category", weight: 1 },
    { name: "signs", kind: "set", weight: 2 },
  ],
  intervention: [{ name: "treatment", kind: "categorical" }],
  result: [{ name: "recovered", kind: "binary", better: true }],
  signature: { symbols: 96, trees: 16, rootDepth: 1, candidates: 100 },
});

const configSchema = z.looseObject({ policy: z.looseObject({}) });

export interface SoakMesh {
  readonly local: LocalMesh;
  readonly domain: CompiledDomain;
  readonly directory: string;
  /** What the organisation `FILE` reads. */
  readonly file: string;
  readonly postgres: TestPostgres;
  /** Between each linked origin and its Worker. */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly origins: ReadonlyMap<string, WatchedOrigin>;
  stopOrigins(): Promise<void>;
  stop(): Promise<void>;
}

/** The file and the table are to be there, however empty. */
export async function startSoakMesh(incidents: Incidents): Promise<SoakMesh> {
  const compiled = compileDomain(document);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-soak-"));
  const postgres = await startPostgres();
  const local = await LocalMesh.open({
    directory,
    organisations: SLUGS.map((slug) => ({ slug, name: `Organisation ${slug}` })),
    domains: [
      { compiled: compiled.value, document: new TextDecoder().decode(canonicalBytes(document)) },
    ],
    ontologies: [],
    replicas: 3,
    separateWorkers: true,
    linked: LINKED,
  });
  const proxies = new Map<string, TcpProxy>();
  const origins = new Map<string, WatchedOrigin>();
  const stopOrigins = async (): Promise<void> => {
    await Promise.all([...origins.values()].map((origin) => origin.stop()));
  };
  const stop = async (): Promise<void> => {
    await stopOrigins();
    await local.stop();
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const file = join(dirname(local.organisation(FILE).configFile), "records.ndjson");
    await writeFile(file, "");
    await makeTable(postgres);
    await local.startWorkers();
    for (const slug of LINKED) {
      const port = Number(new URL(local.organisation(slug).meshUrl).port);
      proxies.set(slug, await startTcpProxy({ port }));
    }
    await configure(local, { file, postgres, proxies });
    for (const slug of SLUGS) {
      origins.set(slug, await watch(local.organisation(slug), incidents));
    }
    return {
      local,
      domain: compiled.value,
      directory,
      file,
      postgres,
      proxies,
      origins,
      stopOrigins,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function watch(
  { slug, configFile }: LocalOrganisation,
  incidents: Incidents,
): Promise<WatchedOrigin> {
  return startWatchedOrigin(
    configFile,
    (line) => {
      if (typeof line === "string") incidents.unexplained(`stderr of ${slug}`, line);
      else if (line.level === "error") {
        incidents.unexplained(`log of ${slug}: ${line.event}`, JSON.stringify(line));
      } else if (line.level === "warn") {
        incidents.judge(`log of ${slug}: ${line.event}`, {
          causes: [
            ["link", slug],
            ["worker", slug],
          ],
          since: Date.now(),
          detail: JSON.stringify(line),
        });
      }
    },
    (how) => incidents.unexplained(`process of ${slug}`, how),
  );
}

async function makeTable(postgres: TestPostgres): Promise<void> {
  await postgres.sql(`
    CREATE TABLE outcomes (id text PRIMARY KEY, age int, site text, signs text[], given text,
      better boolean, gone boolean DEFAULT false, changed_at timestamptz DEFAULT clock_timestamp());
    CREATE INDEX ON outcomes (changed_at)`);
}

async function configure(
  local: LocalMesh,
  { file, postgres, proxies }: Pick<SoakMesh, "file" | "postgres" | "proxies">,
): Promise<void> {
  const table = local.organisation(TABLE);
  const beside = (name: string): string => join(dirname(table.configFile), name);
  await writeFile(beside("postgres.password"), postgres.password);
  const columns = {
    id: { to: "id" },
    age: { to: "profile.age", type: "number" },
    site: { to: "profile.site" },
    signs: { to: "profile.signs", type: "list" },
    given: { to: "intervention.treatment" },
    better: { to: "result.recovered", type: "boolean" },
  };
  await writeFile(beside("columns.json"), JSON.stringify({ columns }));
  const common = { name: "registry", domain: "soak", everySeconds: 1 };
  const sources: Record<string, object> = {
    [FILE]: { ...common, kind: "file", path: file },
    [TABLE]: {
      ...common,
      kind: "postgresql",
      url: postgres.url(),
      passwordFile: "postgres.password",
      tls: "off",
      query: "SELECT * FROM outcomes",
      mapping: "columns.json",
      cursor: "changed_at",
      deleted: "gone",
      overlapSeconds: 2,
    },
  };
  for (const { slug, configFile } of local.organisations) {
    const config = configSchema.parse(JSON.parse(await readFile(configFile, "utf8")));
    const proxy = proxies.get(slug);
    const source = sources[slug];
    const guarded = {
      ...config.policy,
      minimumGroupSize: 20,
      allowExclusion: false,
      queriesPerDay: GUARDED_QUERIES_PER_DAY,
    };
    const changed = {
      ...config,
      logLevel: "warn",
      ...(proxy && { meshUrl: `http://127.0.0.1:${proxy.port}` }),
      ...(source && { sources: [source] }),
      ...(slug === GUARDED && { policy: guarded }),
    };
    await writeFile(configFile, JSON.stringify(changed));
  }
}
