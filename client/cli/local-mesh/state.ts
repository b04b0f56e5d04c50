/** What a local mesh is made of: keys, tokens and ports, kept in `mesh.json` so that a restart is the same mesh. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import {
  charterSchema,
  openIdentity,
  secretKeyFrom,
  secretKeySchema,
  signCharter,
  SLOTS,
} from "../../../protocol/index.ts";

const port = z.int().min(1).max(65_535);
const memberStateSchema = z.strictObject({
  slug: z.string(),
  name: z.string(),
  key: secretKeySchema,
  requesterToken: z.string(),
  operatorToken: z.string(),
  workerPort: port,
  originPort: port,
});
export type MemberState = z.infer<typeof memberStateSchema>;

const meshStateSchema = z.strictObject({
  version: z.literal(1),
  charter: charterSchema,
  members: z.array(memberStateSchema).min(1),
});
export type MeshState = z.infer<typeof meshStateSchema>;

export interface OrganisationName {
  readonly slug: string;
  readonly name: string;
}

/**
 * The state in `directory`; a new mesh of `organisations` where there is none, of which the first `founders` found
 * it. Refuses one of other organisations.
 */
export async function openState(
  directory: string,
  organisations: readonly OrganisationName[],
  replicas: number,
  founders = organisations.length,
): Promise<MeshState> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, "mesh.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text !== undefined) {
    const state = meshStateSchema.parse(JSON.parse(text));
    const held = state.members.map((member) => member.slug).join();
    const wanted = organisations.map((organisation) => organisation.slug).join();
    if (held === wanted) return state;
    throw new Error(`${directory} holds a mesh of other organisations: choose another directory`);
  }
  const state = await foundMesh(organisations, replicas, founders);
  await writeFile(file, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  return state;
}

async function foundMesh(
  organisations: readonly OrganisationName[],
  replicas: number,
  count: number,
): Promise<MeshState> {
  const ports = await freePorts(2 * organisations.length);
  const members = organisations.map(({ slug, name }, i) => ({
    slug,
    name,
    key: secretKeyFrom(randomBytes(32)),
    requesterToken: randomBytes(24).toString("base64url"),
    operatorToken: randomBytes(24).toString("base64url"),
    workerPort: ports[2 * i] ?? 0,
    originPort: ports[2 * i + 1] ?? 0,
  }));
  const founders = await Promise.all(
    members.slice(0, count).map((member) => openIdentity(member.key)),
  );
  const charter = await signCharter(
    {
      version: 1,
      name: "local mesh",
      founders: founders.map((identity) => identity.publicKey),
      admission: { rule: "founders", threshold: Math.min(2, founders.length) },
      replicas,
      slots: SLOTS,
    },
    founders,
  );
  return { version: 1, charter, members };
}

/** Below the ports that systems give to outgoing connections, so that none is taken before it is used. */
const PORTS_FROM = 10_240;
const PORTS_TO = 32_768;

/** Ports that no one listens on: all are held open at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  // From a random start on, so that meshes made at the same time do not meet.
  let next = randomInt(PORTS_FROM, PORTS_TO);
  while (ports.length < count) {
    const server = await tryListen(next);
    if (server) {
      servers.push(server);
      ports.push(next);
    }
    next = next + 1 < PORTS_TO ? next + 1 : PORTS_FROM;
  }
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function tryListen(candidate: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(candidate, "127.0.0.1", () => resolve(server));
  });
}
