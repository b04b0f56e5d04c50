/** Brings an example's mesh up: loads each origin's database, starts everything, waits until all is published. */
import { rm } from "node:fs/promises";
import type { Example } from "../../../examples/example.ts";
import {
  loadRecords,
  openStore,
  statusReportSchema,
  type StatusReport,
} from "../../../origin/index.ts";
import {
  canonicalBytes,
  compileDomain,
  decodeOntology,
  nodeStatusSchema,
  type CompiledDomain,
} from "../../../protocol/index.ts";
import {
  LocalMesh,
  type LocalMeshOptions,
  type LocalOrganisation,
} from "../local-mesh/local-mesh.ts";

export interface StartOptions {
  readonly directory: string;
  /** How the mesh is made, where it is not as usual. */
  readonly mesh?: Partial<
    Pick<
      LocalMeshOptions,
      | "replicas"
      | "shards"
      | "environment"
      | "interpose"
      | "founders"
      | "sealing"
      | "separateWorkers"
      | "linked"
    >
  >;
  /** Called with what is being done, and how far it is. */
  readonly onProgress: (step: string, done: number, total: number) => void;
}

export interface RunningExample {
  readonly mesh: LocalMesh;
  readonly compiled: CompiledDomain;
  /** Over all origins. */
  readonly totals: { readonly records: number; readonly entries: number };
}

/** Origins have this long to have everything acknowledged by the mesh. */
const PUBLISH_TIMEOUT_MS = 600_000;
const POLL_MS = 250;

export async function startExample(
  example: Example,
  { directory, onProgress, mesh: settings }: StartOptions,
): Promise<RunningExample> {
  const ontologies = new Map(
    example.ontologies.map((bytes) => {
      const ontology = decodeOntology(bytes);
      return [ontology.id, ontology] as const;
    }),
  );
  const compiled = compileDomain(example.domain, ontologies);
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("; "));
  const document = new TextDecoder().decode(canonicalBytes(example.domain));
  const mesh = await LocalMesh.open({
    directory,
    organisations: example.organisations,
    domains: [{ compiled: compiled.value, document }],
    ontologies: example.ontologies,
    ...settings,
  });
  try {
    await loadAll(mesh, example, compiled.value, onProgress);
    onProgress("starting the Workers", 0, 1);
    await mesh.startWorkers();
    const totals = await startOrigins(mesh, onProgress);
    await waitUntilCompared(mesh, onProgress);
    return { mesh, compiled: compiled.value, totals };
  } catch (error) {
    await mesh.stop();
    throw error;
  }
}

async function loadAll(
  mesh: LocalMesh,
  example: Example,
  compiled: CompiledDomain,
  onProgress: StartOptions["onProgress"],
): Promise<void> {
  const total = example.organisations.reduce((sum, { records }) => sum + records.length, 0);
  let done = 0;
  for (const { slug, name, records } of example.organisations) {
    const store = openStore(mesh.organisation(slug).database, [compiled]);
    try {
      const rows = records.map((raw, i) => ({ line: i + 1, raw }));
      const report = await loadRecords(store, compiled, rows);
      const [bad] = report.rejected;
      if (bad) {
        const why = bad.issues.map(({ path, message }) => `${path} ${message}`).join("; ");
        throw new Error(`${name}: ${report.rejected.length} records were rejected, first: ${why}`);
      }
    } finally {
      store.close();
    }
    done += records.length;
    onProgress("loading records", done, total);
  }
}

/**
 * Starts the origins, and waits until the mesh has acknowledged all that they publish. Groups that share a
 * process go one after another: a mesh of many machines on this one would choke on all at once.
 */
async function startOrigins(
  mesh: LocalMesh,
  onProgress: StartOptions["onProgress"],
): Promise<{ records: number; entries: number }> {
  const founders = new Set(mesh.founders);
  // Those who have yet to join start when they are members.
  const groups = mesh.originGroups
    .map((group) => group.filter((organisation) => founders.has(organisation)))
    .filter((group) => group.length > 0);
  const isSmall = groups.every((group) => group.length === 1);
  let started: LocalOrganisation[] = [];
  let totals = { records: 0, entries: 0 };
  for (const group of isSmall ? [mesh.founders] : groups) {
    onProgress("starting the origins", started.length, founders.size);
    if (isSmall) await Promise.all(group.map(({ slug }) => mesh.startOrigin(slug)));
    else await mesh.startOrigin(...group.map(({ slug }) => slug));
    started = [...started, ...group];
    totals = await waitUntilPublished(started, onProgress);
  }
  return totals;
}

async function waitUntilPublished(
  organisations: readonly LocalOrganisation[],
  onProgress: StartOptions["onProgress"],
): Promise<{ records: number; entries: number }> {
  const deadline = Date.now() + PUBLISH_TIMEOUT_MS;
  for (;;) {
    const answers = await Promise.all(organisations.map(originStatus));
    const statuses = answers.filter((status) => status !== undefined);
    const domains = statuses.flatMap((status) => status.domains);
    const records = domains.reduce((sum, domain) => sum + domain.records, 0);
    const entries = domains.reduce((sum, domain) => sum + domain.entries - domain.withheld, 0);
    const waiting = statuses.reduce((sum, { outbox }) => sum + outbox.waiting, 0);
    onProgress("publishing entries", entries - waiting, entries);
    const isAll = statuses.length === organisations.length;
    if (isAll && waiting === 0) return { records, entries };
    if (Date.now() > deadline) throw new Error(`${waiting} entries are still not published`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Nodes that begin compare with each other what they hold before they say that a lookup has found all. */
async function waitUntilCompared(
  { organisations }: LocalMesh,
  onProgress: StartOptions["onProgress"],
): Promise<void> {
  const deadline = Date.now() + PUBLISH_TIMEOUT_MS;
  for (const [i, { meshUrl, requesterToken, name }] of organisations.entries()) {
    for (;;) {
      const response = await fetch(`${meshUrl}/v1/node/status`, {
        headers: { authorization: `Bearer ${requesterToken}` },
      });
      const { shards } = nodeStatusSchema.parse(await response.json());
      if (shards.every(({ slots }) => slots.pending === 0)) break;
      if (Date.now() > deadline) throw new Error(`${name} still compares what it holds`);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    onProgress("comparing replicas", i + 1, organisations.length);
  }
}

/** Reads an origin's status; undefined while it is too busy to answer. */
async function originStatus(organisation: LocalOrganisation): Promise<StatusReport | undefined> {
  const response = await fetch(`${organisation.originUrl}/v1/status`, {
    headers: { authorization: `Bearer ${organisation.operatorToken}` },
  }).catch(() => undefined);
  if (!response) return undefined;
  return statusReportSchema.parse(await response.json());
}

/** Stops what runs, and removes its directory if it was only lent. */
export async function stopExample(
  running: RunningExample | undefined,
  temporary?: string,
): Promise<void> {
  await running?.mesh.stop();
  if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
}
