/** A mesh whose organisations can be brought down one by one, with a network between them that can be cut. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalMesh, type WorkerEnvironment } from "../../../client/cli/local-mesh/local-mesh.ts";
import { canonicalBytes, compileDomain, type CompiledDomain } from "../../../protocol/index.ts";
import { FaultNetwork } from "../fault-network.ts";
import { smallDomain } from "../small-example.ts";

/** Twelve: with R = 3, most pairs of organisations share some slots and not others. */
export const SLUGS = [
  "ash",
  "birch",
  "cedar",
  "elm",
  "fir",
  "gorse",
  "hazel",
  "ivy",
  "juniper",
  "larch",
  "maple",
  "oak",
];
export const REPLICAS = 3;

/** A day: rounds of repair are those that a test asks for, so that they can be counted. */
const BY_HAND_S = 86_400;

export interface FaultMeshOptions {
  readonly slugs?: readonly string[];
  /** Processes that the origins share; as many as there are origins where each shall have its own. */
  readonly originProcesses: number;
  readonly environment?: WorkerEnvironment;
}

export interface FaultMesh {
  readonly local: LocalMesh;
  readonly network: FaultNetwork;
  readonly domain: CompiledDomain;
  readonly directory: string;
  /** Origins by the process that they share. */
  readonly originGroups: readonly (readonly string[])[];
  stop(): Promise<void>;
}

export async function startFaultMesh(options: FaultMeshOptions): Promise<FaultMesh> {
  const slugs = options.slugs ?? SLUGS;
  const compiled = compileDomain(smallDomain);
  if (!compiled.ok) throw new Error("the domain does not compile");
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-faults-"));
  const network = new FaultNetwork();
  const local = await LocalMesh.open({
    directory,
    organisations: slugs.map((slug) => ({ slug, name: `Organisation ${slug}` })),
    domains: [
      {
        compiled: compiled.value,
        document: new TextDecoder().decode(canonicalBytes(smallDomain)),
      },
    ],
    ontologies: [],
    replicas: REPLICAS,
    separateWorkers: true,
    environment: { REPAIR_SECONDS: String(BY_HAND_S), ...options.environment },
    interpose: network.interpose,
  });
  network.introduce(local.organisations);
  const originGroups = [
    ...Map.groupBy(slugs, (slug) => slugs.indexOf(slug) % options.originProcesses).values(),
  ];
  const stop = async (): Promise<void> => {
    await local.stop();
    await network.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all([
      local.startWorkers(),
      ...originGroups.map((group) => local.startOrigin(...group)),
    ]);
    return { local, network, domain: compiled.value, directory, originGroups, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
