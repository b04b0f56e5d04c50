/** Meshes for end-to-end tests: real workerd, real origins, in a directory that is removed afterwards. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  startExample,
  stopExample,
  type RunningExample,
  type StartOptions,
} from "../../client/cli/up/start-example.ts";
import type { Example } from "../../examples/example.ts";
import { startRecordingProxy, type RecordingProxy } from "./recording-proxy.ts";

export interface TestMesh extends RunningExample {
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startTestMesh(
  example: Example,
  settings: StartOptions["mesh"] = {},
): Promise<TestMesh> {
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-test-"));
  try {
    const running = await startExample(example, {
      directory,
      mesh: settings,
      onProgress: () => undefined,
    });
    return { ...running, directory, stop: () => stopExample(running, directory) };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A proxy before every Worker and every origin: what organisations say to each other goes through these. */
export class Recorder {
  readonly #proxies = new Map<string, RecordingProxy>();

  readonly interpose = async (
    kind: "mesh" | "origin",
    slug: string,
    url: string,
  ): Promise<string> => {
    const proxy = await startRecordingProxy(url);
    this.#proxies.set(`${kind}/${slug}`, proxy);
    return proxy.url;
  };

  of(kind: "mesh" | "origin", slug: string): RecordingProxy {
    const proxy = this.#proxies.get(`${kind}/${slug}`);
    if (!proxy) throw new Error(`nothing is before ${kind} of ${slug}`);
    return proxy;
  }

  all(kind: "mesh" | "origin"): RecordingProxy[] {
    return [...this.#proxies].filter(([name]) => name.startsWith(kind)).map(([, proxy]) => proxy);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }
}

/** Every byte of every file below `directory`. */
export async function allBytes(directory: string): Promise<Buffer> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  return Buffer.concat(
    await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))),
  );
}

export async function postJson(
  url: string,
  token: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Asks an organisation's gateway, as one of its requesters. */
export function askGateway(
  organisation: LocalOrganisation,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  return postJson(`${organisation.meshUrl}/v1/query`, organisation.requesterToken, body);
}
