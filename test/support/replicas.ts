/** What single nodes hold, asked and changed behind their backs: for tests of repair. */
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  callPeer,
  decodeEntry,
  encodeProfile,
  fromBase64Url,
  lookupResponseSchema,
  nodeRepairSchema,
  signatureOf,
  toBase64Url,
  utf8Bytes,
  type CompiledDomain,
  type MeshId,
  type NodeId,
  type NodeRepair,
  type Profile,
} from "../../protocol/index.ts";
import { testCaller } from "./test-caller.ts";

/** A machine that runs all tests at once may take long. */
const TIMEOUT_MS = 60_000;
const MAX_BYTES = 4_194_304;

export interface ReplicaMesh {
  readonly mesh: MeshId;
  readonly organisations: readonly LocalOrganisation[];
  readonly compiled: CompiledDomain;
}

/** One round of repair of an organisation's node, now. */
export async function repairNode(
  { mesh }: Pick<ReplicaMesh, "mesh">,
  organisation: LocalOrganisation,
): Promise<NodeRepair> {
  const { identity, meshUrl } = organisation;
  const answer = await callPeer(
    testCaller(identity, mesh),
    { node: identity.node, key: identity.publicKey, meshUrl },
    { method: "POST", path: "/v1/node/repair", maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS },
    nodeRepairSchema,
  );
  if (!answer.result.ok) throw new Error(`no repair at ${meshUrl}: ${answer.result.error.code}`);
  return answer.result.value;
}

/** What a node says of one signature in one tree. */
export interface TreeAnswer {
  /** `held`: it answers in full. `pending`: with what it has. `not-held`: it is not its place. */
  readonly state: "held" | "pending" | "not-held";
  /** Whose entries of exactly this signature it has. */
  readonly nodes: ReadonlySet<NodeId>;
}

export function signatureOfProfile(compiled: CompiledDomain, profile: Profile): Uint8Array {
  const encoded = encodeProfile(compiled, profile);
  if (!encoded.ok) throw new Error("the profile does not encode");
  return signatureOf(compiled, encoded.value.values);
}

export async function askTree(
  { mesh, compiled, organisations }: ReplicaMesh,
  organisation: LocalOrganisation,
  signature: Uint8Array,
  tree: number,
): Promise<TreeAnswer> {
  const [asker] = organisations;
  if (!asker) throw new Error("nobody asks");
  const { result } = await callPeer(
    testCaller(asker.identity, mesh),
    {
      node: organisation.identity.node,
      key: organisation.identity.publicKey,
      meshUrl: organisation.meshUrl,
    },
    {
      method: "POST",
      path: "/v1/peer/lookup",
      body: utf8Bytes(
        JSON.stringify({
          domain: compiled.id,
          signature: toBase64Url(signature),
          trees: [tree],
          limit: 100,
          membership: "",
        }),
      ),
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
    lookupResponseSchema,
  );
  if (!result.ok) {
    if (result.error.code === "misdirected") return { state: "not-held", nodes: new Set() };
    throw new Error(`${organisation.slug} does not answer: ${result.error.code}`);
  }
  const wanted = toBase64Url(signature);
  const nodes = result.value.origins.flatMap(({ entries }) =>
    entries.flatMap((text) => {
      const entry = decodeEntry(fromBase64Url(text));
      const isExact = entry.ok && toBase64Url(entry.value.signature) === wanted;
      return isExact ? [entry.value.node] : [];
    }),
  );
  return {
    state: result.value.pending.includes(tree) ? "pending" : "held",
    nodes: new Set(nodes),
  };
}

/** The databases of an organisation's shards that have entries. Its Worker must be stopped while they are changed. */
export async function shardDatabases(directory: string, slug: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob("workers/**/*.sqlite", { cwd: directory })) {
    if (file.includes(slug) && /routing-?shard/i.test(file)) files.push(join(directory, file));
  }
  return files.filter((file) => {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const found = database
        .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'entries'")
        .get();
      return found !== undefined;
    } finally {
      database.close();
    }
  });
}

export function countRows(files: readonly string[]): number {
  return countWhere(files, "true");
}

/** Rows whose statement withdraws an entry: its count, four bytes at 77, is 0. */
export function tombstones(files: readonly string[]): number {
  return countWhere(files, "substr(statement, 78, 4) = x'00000000'");
}

function countWhere(files: readonly string[], condition: string): number {
  const query = `SELECT count(*) AS n FROM entries WHERE ${condition}`;
  return files.reduce((sum, file) => {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return sum + Number(database.prepare(query).get()?.["n"]);
    } finally {
      database.close();
    }
  }, 0);
}

export function deleteRows(files: readonly string[]): void {
  for (const file of files) {
    const database = new DatabaseSync(file);
    database.exec("DELETE FROM entries");
    database.close();
  }
}
