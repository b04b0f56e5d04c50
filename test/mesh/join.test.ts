/** From nothing to a mesh, with the command line only: founding, joining, admitting, revoking, leaving. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { callerOf } from "../../client/cli/mesh/caller.ts";
import { readMembers } from "../../client/cli/mesh/membership.ts";
import { openOwnNode } from "../../client/cli/mesh/own-node.ts";
import {
  startOriginProcess,
  type OriginProcess,
} from "../../client/cli/local-mesh/origin-process.ts";
import { freePorts } from "../../client/cli/local-mesh/state.ts";
import { RunningWorkers } from "../../client/cli/local-mesh/workerd.ts";
import {
  callPeer,
  memberReportSchema,
  membersSchema,
  meshIdSchema,
  nodeStatusSchema,
  openIdentity,
  secretKeySchema,
  type Identity,
  type MemberReport,
  type MeshId,
} from "../../protocol/index.ts";
import { lendDirectory } from "../support/lend-directory.ts";
import { runCli } from "../support/run-cli.ts";
import { smallDomain, smallRecord } from "../support/small-example.ts";

interface Organisation {
  readonly name: string;
  readonly keyFile: string;
  readonly publicKey: string;
  readonly identity: Identity;
  readonly meshUrl: string;
  readonly originUrl: string;
  readonly originPort: number;
  readonly token: string;
}

const NAMES = ["ash", "birch", "cedar", "dogwood"] as const;
/** What the command line prints of a mesh's members. */
const membersReportSchema = z.object({ members: z.array(memberReportSchema) });
const doctorReportSchema = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.string(),
      message: z.string(),
      hint: z.string().optional(),
    }),
  ),
});

let directory: string;
let charter: string;
let mesh: MeshId;
const organisations = new Map<string, Organisation>();
const running: RunningWorkers[] = [];
const origins: OriginProcess[] = [];

beforeAll(async () => {
  directory = await lendDirectory("join");
  charter = join(directory, "charter.json");
  const ports = await freePorts(2 * NAMES.length);
  for (const [i, name] of NAMES.entries()) {
    const keyFile = join(directory, `${name}.key`);
    const { publicKey } = await done("key", "new", "--out", keyFile);
    const key = secretKeySchema.parse((await readFile(keyFile, "utf8")).trim());
    organisations.set(name, {
      name,
      keyFile,
      publicKey: z.string().parse(publicKey),
      identity: await openIdentity(key),
      meshUrl: `http://127.0.0.1:${ports[2 * i]}`,
      originUrl: `http://127.0.0.1:${ports[2 * i + 1]}`,
      originPort: ports[2 * i + 1] ?? 0,
      token: randomBytes(24).toString("base64url"),
    });
  }
});

afterAll(async () => {
  await Promise.all(origins.map((origin) => origin.stop()));
  await Promise.all(running.map((workers) => workers.stop()));
});

function the(name: string): Organisation {
  const found = organisations.get(name);
  if (!found) throw new Error(`there is no organisation ${name}`);
  return found;
}

/** Runs a command with --json to the exit code `code`; a list stands for its words. */
async function ended(
  code: number,
  ...words: readonly (string | readonly string[])[]
): Promise<Record<string, unknown>> {
  const args = words.flat();
  const run = await runCli(...args, "--json");
  expect(run.code, `${args.join(" ")}\n${run.stdout}${run.stderr}`).toBe(code);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(run.stdout));
}

function done(...words: readonly (string | readonly string[])[]): Promise<Record<string, unknown>> {
  return ended(0, ...words);
}

/** The options that name an organisation's own node. */
function own(name: string): string[] {
  const { meshUrl, keyFile } = the(name);
  return ["--url", meshUrl, "--key", keyFile];
}

async function startNodes(...names: string[]): Promise<void> {
  const workers = names.map(async (name) => {
    const { meshUrl, originUrl, keyFile, token } = the(name);
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
        ORIGIN_URL: originUrl,
        ALLOWED_HOSTS: "127.0.0.1",
        GOSSIP_SECONDS: "0.5",
        REPAIR_SECONDS: "1",
      },
    };
  });
  running.push(
    await RunningWorkers.start(await Promise.all(workers), join(directory, names.join("-"))),
  );
}

type States = Record<string, string>;

function statesOf(members: readonly MemberReport[]): States {
  return Object.fromEntries(
    members.map(({ described, key, state }) => [described?.name ?? key, state]),
  );
}

/** The states of all that the node of `name` knows, by name or public key, as the command line prints them. */
async function statesAt(name: string): Promise<States> {
  return statesOf(membersReportSchema.parse(await done(["mesh", "members"], own(name))).members);
}

/** Waits until the nodes know these states: without a process each time, as the command line would need. */
async function untilStates(names: readonly string[], expected: States): Promise<void> {
  for (const name of names) {
    const node = await openOwnNode(the(name).meshUrl, the(name).identity);
    await vi.waitFor(
      async () => expect(statesOf((await readMembers(node)).reports)).toEqual(expected),
      { timeout: 60_000, interval: 250 },
    );
  }
}

/** What a signed request of one organisation for another's members comes to. */
async function askMembers(from: string, to: string): Promise<string> {
  const { identity } = the(from);
  const target = the(to);
  const { result } = await callPeer(
    callerOf(identity, mesh),
    { node: target.identity.node, key: target.identity.publicKey, meshUrl: target.meshUrl },
    { method: "GET", path: "/v1/node/members", maxBytes: 1_000_000, timeoutMs: 10_000 },
    membersSchema,
  );
  return result.ok ? "answered" : result.error.code;
}

async function startOrigin(name: string): Promise<string> {
  const { keyFile, meshUrl, originPort } = the(name);
  const domain = join(directory, "small.json");
  await writeFile(domain, JSON.stringify(smallDomain));
  await writeFile(join(directory, "operator.token"), randomBytes(24).toString("base64url"));
  const config = join(directory, `${name}.json`);
  await writeFile(
    config,
    JSON.stringify({
      meshId: mesh,
      meshUrl,
      listen: { host: "127.0.0.1", port: originPort },
      database: `${name}.sqlite`,
      keyFile,
      operatorTokenFile: "operator.token",
      domains: [domain],
    }),
  );
  const records = join(directory, `${name}.ndjson`);
  const lines = Array.from({ length: 12 }, (_, i) => JSON.stringify(smallRecord(name, i)));
  await writeFile(records, lines.join("\n"));
  await done(["origin", "load", records, "--config", config, "--domain", "small"]);
  origins.push(await startOriginProcess([config]));
  return config;
}

test("three founders sign one charter, each with a key that no one else has", async () => {
  const drafted = await done(
    ["mesh", "found", "--name", "Trees", "--admission", "founders:2", "--replicas", "2"],
    ["--key", the("ash").keyFile, "--founder", the("birch").publicKey],
    ["--founder", the("cedar").publicKey, "--out", charter],
  );
  expect(drafted).toMatchObject({
    complete: false,
    missing: [the("birch").publicKey, the("cedar").publicKey],
  });
  await done("mesh", "sign", charter, "--key", the("birch").keyFile);
  const complete = await done("mesh", "sign", charter, "--key", the("cedar").keyFile);
  expect(complete).toMatchObject({ complete: true, missing: [], mesh: drafted["mesh"] });
  mesh = meshIdSchema.parse(complete["mesh"]);
});

test("before its Worker runs, an organisation is told what to deploy", async () => {
  const { keyFile, meshUrl } = the("ash");
  const told = await ended(3, [
    "mesh",
    "join",
    "--charter",
    charter,
    "--key",
    keyFile,
    "--mesh-url",
    meshUrl,
  ]);
  expect(told).toMatchObject({
    outcome: "not-deployed",
    variables: { MESH_ID: mesh, MESH_URL: meshUrl },
  });
  expect(JSON.stringify(told)).toContain("wrangler secret put NODE_KEY");
});

test("the founders' nodes find each other through one address", async () => {
  await startNodes("ash", "birch", "cedar");
  const joinWith = (name: string, ...more: string[]) =>
    done(
      ["mesh", "join", "--charter", charter, "--key", the(name).keyFile],
      ["--mesh-url", the(name).meshUrl, ...more],
    );
  expect(await joinWith("ash")).toMatchObject({ outcome: "first", live: 1 });
  const peer = ["--peer", the("ash").meshUrl];
  expect(await joinWith("birch", ...peer)).toMatchObject({ outcome: "joined" });
  expect(await joinWith("cedar", ...peer)).toMatchObject({ outcome: "joined" });
  const all = { ash: "live", birch: "live", cedar: "live" };
  await untilStates(["ash", "birch", "cedar"], all);
});

test("a stranger gets nothing, and is told whose votes it takes", async () => {
  await startNodes("dogwood");
  const { keyFile, meshUrl, publicKey } = the("dogwood");
  expect(await askMembers("dogwood", "ash")).toBe("forbidden");
  const args = ["mesh", "join", "--charter", charter, "--key", keyFile, "--mesh-url", meshUrl];
  const refused = await runCli(...args, "--peer", the("birch").meshUrl);
  expect(refused.code, refused.stderr).toBe(3);
  expect(refused.stdout).toContain(`outcome-mesh mesh vouch ${publicKey}`);
  expect(await askMembers("dogwood", "ash")).toBe("forbidden");
});

test("an invitation and a second vote make it a member that all know", async () => {
  const { keyFile, meshUrl, publicKey } = the("dogwood");
  const invitation = join(directory, "invitation.json");
  const invited = await done([
    "mesh",
    "invite",
    ...own("ash"),
    "--for",
    publicKey,
    "--out",
    invitation,
  ]);
  expect(invited).toMatchObject({ mesh, admits: false, peers: [the("ash").meshUrl] });
  const args = ["mesh", "join", "--invitation", invitation, "--key", keyFile];
  expect(await ended(3, ...args, "--mesh-url", meshUrl)).toMatchObject({
    outcome: "votes-missing",
  });
  const vouched = await done("mesh", "vouch", publicKey, ...own("birch"));
  expect(vouched).toMatchObject({ member: { admittedBy: [the("birch").publicKey] } });
  // Its vote is on its way to those that the newcomer asks.
  await vi.waitFor(
    async () => {
      expect(await done(...args, "--mesh-url", meshUrl)).toMatchObject({ outcome: "joined" });
    },
    { timeout: 60_000 },
  );
  const all = { ash: "live", birch: "live", cedar: "live", dogwood: "live" };
  await untilStates(NAMES, all);
  for (const name of NAMES) expect(await statesAt(name)).toEqual(all);
  expect(await askMembers("dogwood", "ash")).toBe("answered");
});

test("joining again changes nothing", async () => {
  const { keyFile, meshUrl } = the("dogwood");
  const invitation = join(directory, "invitation.json");
  const again = await done([
    "mesh",
    "join",
    "--invitation",
    invitation,
    "--key",
    keyFile,
    "--mesh-url",
    meshUrl,
  ]);
  expect(again).toMatchObject({ outcome: "joined", live: 4 });
});

test("what a node knows can be checked from a file, and a change of it shows", async () => {
  const file = join(directory, "members.json");
  await done("mesh", "members", ...own("cedar"), "--out", file);
  const { members } = membersReportSchema.parse(await done("mesh", "members", "--verify", file));
  expect(members.map(({ state }) => state)).toEqual(["live", "live", "live", "live"]);
  await writeFile(file, (await readFile(file, "utf8")).replace('"dogwood"', '"birdseye"'));
  const changed = await runCli("mesh", "members", "--verify", file);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toContain("bad-signature");
});

test("doctor finds nothing wrong with a node and its origin", async () => {
  const config = await startOrigin("dogwood");
  const args = ["doctor", "--config", config, "--token", the("dogwood").token];
  await vi.waitFor(
    async () => {
      const { ok, checks } = doctorReportSchema.parse(await done(args));
      expect(ok).toBe(true);
      expect(checks.filter(({ status }) => status !== "ok")).toEqual([]);
      expect(checks.map(({ check }) => check)).toEqual(
        expect.arrayContaining(["key", "clock", "descriptor", "accepted", "outbox", "lookup"]),
      );
    },
    { timeout: 60_000, interval: 1_000 },
  );
});

test("the status says who is who and how the peers answer, and is no one else's", async () => {
  const status = nodeStatusSchema.parse(await done("node", "status", ...own("dogwood")));
  expect(status.membership?.counts).toEqual({ live: 4 });
  expect(status.peers.some(({ gossip }) => gossip?.lastSuccessAt !== undefined)).toBe(true);
  const { meshUrl, token } = the("ash");
  const url = `${meshUrl}/v1/node/status`;
  expect((await fetch(url)).status).toBe(401);
  const wrong = { headers: { authorization: `Bearer ${the("dogwood").token}` } };
  expect((await fetch(url, wrong)).status).toBe(401);
  const right = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(right.status).toBe(200);
  const text = await right.text();
  const key = (await readFile(the("ash").keyFile, "utf8")).trim();
  for (const secret of [key, token]) expect(text).not.toContain(secret);
});

test("two votes revoke it: all others know, it is refused, and doctor says so", async () => {
  const { identity } = the("dogwood");
  await done("mesh", "revoke", identity.node, ...own("ash"));
  await untilStates(["cedar"], { ash: "live", birch: "live", cedar: "live", dogwood: "live" });
  await done("mesh", "revoke", identity.node, ...own("cedar"));
  const states = { ash: "live", birch: "live", cedar: "live", dogwood: "revoked" };
  await untilStates(["ash", "birch", "cedar"], states);
  expect(await askMembers("dogwood", "birch")).toBe("forbidden");
  const { checks } = doctorReportSchema.parse(await ended(1, "doctor", ...own("dogwood")));
  const failed = checks.filter(({ status }) => status === "fail");
  expect(failed.map(({ check }) => check)).toContain("accepted");
});

test("one that leaves is live nowhere, and can come back", async () => {
  expect(await done("mesh", "leave", ...own("cedar"), "--now")).toMatchObject({ left: true });
  const left = { ash: "live", birch: "live", cedar: "left", dogwood: "revoked" };
  await untilStates(["ash", "birch", "cedar"], left);
  const { keyFile, meshUrl } = the("cedar");
  const back = await done(
    ["mesh", "join", "--charter", charter, "--key", keyFile, "--mesh-url", meshUrl],
    ["--peer", the("birch").meshUrl],
  );
  expect(back).toMatchObject({ outcome: "joined" });
  await untilStates(["ash", "birch", "cedar"], { ...left, cedar: "live" });
});
