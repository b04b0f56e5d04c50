/** Organisations as their operators run them: a key, an address, and nothing but the command line. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  startOriginProcess,
  type OriginProcess,
} from "../../client/cli/local-mesh/origin-process.ts";
import { freePorts } from "../../client/cli/local-mesh/state.ts";
import { RunningWorkers } from "../../client/cli/local-mesh/workerd.ts";
import { openIdentity, secretKeySchema, type Identity, type MeshId } from "../../protocol/index.ts";
import { runCli } from "./run-cli.ts";
import { smallDomain, smallRecord } from "./small-example.ts";

export interface Organisation {
  readonly name: string;
  readonly keyFile: string;
  readonly publicKey: string;
  readonly identity: Identity;
  readonly meshUrl: string;
  readonly originUrl: string;
  readonly originPort: number;
  readonly token: string;
}

/** The words of a command, some in lists. */
type Words = readonly (string | readonly string[])[];

const RECORDS_EACH = 12;

/** Runs a command with --json. Throws with what it wrote if it does not end with `code`. */
export async function ended(code: number, ...words: Words): Promise<Record<string, unknown>> {
  const args = words.flat();
  const run = await runCli(...args, "--json");
  if (run.code !== code) {
    throw new Error(`${args.join(" ")} ended with ${run.code}:\n${run.stdout}${run.stderr}`);
  }
  return z.record(z.string(), z.unknown()).parse(JSON.parse(run.stdout));
}

export function done(...words: Words): Promise<Record<string, unknown>> {
  return ended(0, ...words);
}

export class Operators {
  readonly directory: string;
  readonly #organisations: ReadonlyMap<string, Organisation>;
  readonly #linked: readonly string[];
  readonly #workers: RunningWorkers[] = [];
  readonly #origins: OriginProcess[] = [];

  /**
   * Makes each a key, and chooses where its Worker and origin will listen; starts nothing. The origins of `linked` have
   * no address of their own.
   */
  static async prepare(
    names: readonly string[],
    directory: string,
    linked: readonly string[] = [],
  ): Promise<Operators> {
    const ports = await freePorts(2 * names.length);
    const organisations = new Map<string, Organisation>();
    for (const [i, name] of names.entries()) {
      const keyFile = join(directory, `${name}.key`);
      await done("key", "new", "--out", keyFile);
      const key = secretKeySchema.parse((await readFile(keyFile, "utf8")).trim());
      const identity = await openIdentity(key);
      const [workerPort = 0, originPort = 0] = ports.slice(2 * i);
      organisations.set(name, {
        name,
        keyFile,
        publicKey: identity.publicKey,
        identity,
        meshUrl: `http://127.0.0.1:${workerPort}`,
        originUrl: `http://127.0.0.1:${originPort}`,
        originPort,
        token: randomBytes(24).toString("base64url"),
      });
    }
    return new Operators(directory, organisations, linked);
  }

  private constructor(
    directory: string,
    organisations: ReadonlyMap<string, Organisation>,
    linked: readonly string[],
  ) {
    this.directory = directory;
    this.#linked = linked;
    this.#organisations = organisations;
  }

  the(name: string): Organisation {
    const found = this.#organisations.get(name);
    if (!found) throw new Error(`there is no organisation ${name}`);
    return found;
  }

  /** The options that name an organisation's own node. */
  own(name: string): string[] {
    const { meshUrl, keyFile } = this.the(name);
    return ["--url", meshUrl, "--key", keyFile];
  }

  /** What `wrangler deploy` would do: starts their Workers, which know their mesh's id and nothing of it. */
  async startNodes(mesh: MeshId, ...names: string[]): Promise<void> {
    const workers = names.map(async (name) => {
      const { meshUrl, originUrl, keyFile, token } = this.the(name);
      return {
        slug: name,
        port: Number(new URL(meshUrl).port),
        environment: {
          MESH_ID: mesh,
          NODE_KEY: (await readFile(keyFile, "utf8")).trim(),
          REQUESTER_TOKEN: token,
          SHARDS: "2",
          NODE_NAME: name,
          MESH_URL: meshUrl,
          ...(!this.#linked.includes(name) && { ORIGIN_URL: originUrl }),
          ALLOWED_HOSTS: "127.0.0.1",
          GOSSIP_SECONDS: "0.5",
          REPAIR_SECONDS: "1",
        },
      };
    });
    const directory = join(this.directory, names.join("-"));
    this.#workers.push(await RunningWorkers.start(await Promise.all(workers), directory));
  }

  /** Loads some records into an origin and starts it. Returns its configuration file. */
  async startOrigin(mesh: MeshId, name: string): Promise<string> {
    const { keyFile, meshUrl, originPort } = this.the(name);
    const at = (file: string): string => join(this.directory, file);
    const records = Array.from({ length: RECORDS_EACH }, (_, i) => smallRecord(name, i));
    await writeFile(at("small.json"), JSON.stringify(smallDomain));
    await writeFile(at("operator.token"), randomBytes(24).toString("base64url"));
    await writeFile(at("records.ndjson"), records.map((row) => JSON.stringify(row)).join("\n"));
    const config = {
      meshId: mesh,
      meshUrl,
      listen: { host: "127.0.0.1", port: originPort },
      database: `${name}.sqlite`,
      keyFile,
      operatorTokenFile: "operator.token",
      domains: ["small.json"],
    };
    const configFile = at(`${name}.json`);
    await writeFile(configFile, JSON.stringify(config));
    await done(
      ["origin", "load", at("records.ndjson")],
      ["--config", configFile, "--domain", "small"],
    );
    this.#origins.push(await startOriginProcess([configFile]));
    return configFile;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#origins.map((origin) => origin.stop()));
    await Promise.all(this.#workers.map((workers) => workers.stop()));
  }
}
